//! Pixels of JPEG files by libjpeg-turbo's code (through MozJPEG), and what it warns of on the way.
//!
//! # Definition
//!
//! libjpeg repairs what it can: it fills missing data with grey, goes on behind a bad code, and says so in a warning
//! that programs are free to ignore. Some warnings mean that pixels are not those that were stored, others that the
//! file is unusual:
//!
//! | warning | means | judged |
//! |---|---|---|
//! | `JWRN_HIT_MARKER` | a scan's data end before its pixels do: the rest is filled | damage |
//! | `JWRN_HUFF_BAD_CODE` | bits that are no code: this block and those after it are guesses | damage |
//! | `JWRN_MUST_RESYNC` | a restart marker is missing or out of order: blocks were lost | damage |
//! | `JWRN_JPEG_EOF` | the file ends before the image does | damage |
//! | `JWRN_BOGUS_PROGRESSION` | scans refine bits that no scan has sent | damage |
//! | `JWRN_ARITH_BAD_CODE` | as for Huffman codes (such files are not read at all) | damage |
//! | `JWRN_EXTRANEOUS_DATA` | stray bytes before a marker, which are stepped over | unusual |
//! | `JWRN_NOT_SEQUENTIAL` | a baseline scan that names other coefficients than all: it holds all | unusual |
//! | `JWRN_JFIF_MAJOR`, `JWRN_ADOBE_XFORM`, `JWRN_BOGUS_ICC` | metadata of an unknown version | unusual |
//! | `JWRN_TOO_MUCH_DATA` | the caller asks for more rows than there are | unusual |
//!
//! Bits that were changed into other codes give no warning: a JPEG has no checksum. Nor do bits that are no code in the
//! fast loop over baseline scans, which takes them for zeros; what is left of the data then is stray bytes.
//!
//! # Invariants
//!
//! - Where damaged files are skipped decoding ends at the first damage: what a broken file promises costs nothing.
//! - A part of an image has the pixels that it has in the whole, and the codes of all pixels are read: damage is found
//!   wherever it is. What is saved is the inverse transform, the enlarging of colour and its conversion.

use std::cell::Cell;
use std::ffi::{c_int, c_ulong};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mozjpeg_sys::{
    J_COLOR_SPACE, JWRN_BOGUS_PROGRESSION, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_JPEG_EOF, JWRN_MUST_RESYNC,
    jpeg_common_struct, jpeg_create_decompress, jpeg_crop_scanline, jpeg_decompress_struct, jpeg_destroy_decompress,
    jpeg_error_mgr, jpeg_finish_decompress, jpeg_has_multiple_scans, jpeg_mem_src, jpeg_read_header,
    jpeg_read_scanlines, jpeg_skip_scanlines, jpeg_start_decompress, jpeg_std_error,
};

use super::damage::Damaged;
use super::jpeg::Layout;
use super::part::{Part, reduced};
use super::skip::SkipReason;
use crate::spectral::Size;

/// Warnings that mean damage, and what each says. `JWRN_ARITH_BAD_CODE` is not among them: arithmetic coding is not
/// read.
const DAMAGE: [(c_int, &str); 5] = [
    (JWRN_HIT_MARKER, "its data end before its pixels do"),
    (JWRN_HUFF_BAD_CODE, "it holds bits that are no Huffman code"),
    (JWRN_MUST_RESYNC, "a restart marker is missing or out of order"),
    (JWRN_JPEG_EOF, "the file ends before the image does"),
    (JWRN_BOGUS_PROGRESSION, "its scans contradict each other"),
];

thread_local! {
    /// What is done at the first damage.
    static DAMAGED: Cell<Damaged> = const { Cell::new(Damaged::Skip) };
    /// Warnings of the file being decoded.
    static N_WARNINGS: Cell<u64> = const { Cell::new(0) };
}

/// Pixels beside a cut that are not those of the whole image: where colour is stored at half the width, it is
/// interpolated between two samples. More, for the vector code's sake.
const MARGIN: usize = 8;

/// Blocks of a component on each side of one that take part in guessing what a progressive file does not say of it.
const SMOOTHED_BLOCKS: usize = 2;

/// Samples of a block, across.
const BLOCK: usize = 8;

/// Decodes a grey or colour JPEG with both sides of the layout's size divided by `denominator`, and of that `part`,
/// into its place in `pixels`, interleaved RGB of all of it. What else is written there is not the image. Returns
/// whether libjpeg warned of something; the codes of all pixels are read, wanted or not.
///
/// # Errors
///
/// If libjpeg refuses the file, finds another size than the layout's, or damage that is not tolerated.
pub(super) fn decode_rgb(
    bytes: &[u8],
    layout: &Layout,
    damaged: Damaged,
    (part, denominator): (&Part, usize),
    pixels: &mut [u8],
) -> Result<bool, SkipReason> {
    let size = reduced(layout.size, denominator);
    warned(damaged, || {
        with_decoder(bytes, |decoder| {
            if decoder.size() != layout.size {
                return Err(corrupt("its headers contradict each other".to_owned()));
            }
            decoder.start(J_COLOR_SPACE::JCS_RGB, denominator);
            assert_eq!(decoder.output_size(), size, "what libjpeg makes of it");
            let columns = decoder.crop(&part.columns);
            let mut rows =
                pixels.chunks_exact_mut(size.width * 3).map(|row| &mut row[columns.start * 3..columns.end * 3]);
            decoder.skip(part.rows.start);
            rows.by_ref().skip(part.rows.start).take(part.rows.len()).for_each(|row| decoder.read_row(row));
            if let Some(last) = rows.next_back() {
                // Those below are skipped up to the last, whose codes come last.
                decoder.skip(size.height - 1 - part.rows.end);
                decoder.read_row(last);
            }
            decoder.finish();
            Ok(())
        })
    })
}

/// Decodes a CMYK file at an eighth of its size, only for what libjpeg warns of. Returns whether it did.
///
/// # Errors
///
/// As [`decode_rgb`].
pub(super) fn check_cmyk(bytes: &[u8], damaged: Damaged) -> Result<bool, SkipReason> {
    warned(damaged, || {
        with_decoder(bytes, |decoder| {
            decoder.start(J_COLOR_SPACE::JCS_CMYK, 8);
            let Size { height, width } = decoder.output_size();
            let mut row = vec![0; 4 * width];
            (0..height).for_each(|_| decoder.read_row(&mut row));
            decoder.finish();
            Ok(())
        })
    })
}

/// libjpeg's decoder of one file, whose header has been read. Its errors unwind.
struct Decoder<'a>(&'a mut jpeg_decompress_struct);

/// Runs `decode` with a decoder of `bytes`.
#[allow(unsafe_code)]
fn with_decoder<T>(bytes: &[u8], decode: impl FnOnce(&mut Decoder<'_>) -> T) -> T {
    let mut errors = error_manager();
    // SAFETY: plain data, as the error manager.
    let mut info: jpeg_decompress_struct = unsafe { std::mem::zeroed() };
    info.common.err = &raw mut errors;
    let mut decoder = Decoder(&mut info);
    // SAFETY: the error manager and the bytes outlive the decoder, and none of them moves. The memory source only reads
    // the bytes.
    unsafe {
        jpeg_create_decompress(decoder.0);
        jpeg_mem_src(decoder.0, bytes.as_ptr(), bytes.len() as c_ulong);
        jpeg_read_header(decoder.0, 1);
    }
    decode(&mut decoder)
}

#[allow(unsafe_code)]
impl Decoder<'_> {
    /// Height and width of the image, pixels.
    fn size(&self) -> Size {
        Size::new(self.0.image_height as usize, self.0.image_width as usize)
    }

    /// Height and width of what it makes of it.
    fn output_size(&self) -> Size {
        Size::new(self.0.output_height as usize, self.0.output_width as usize)
    }

    /// Begins to decode to pixels of `colour`, both sides divided by `denominator`.
    fn start(&mut self, colour: J_COLOR_SPACE, denominator: usize) {
        self.0.out_color_space = colour;
        (self.0.scale_num, self.0.scale_denom) = (1, denominator as u32);
        // SAFETY: the header has been read. A source in memory never makes the decoder wait.
        unsafe { jpeg_start_decompress(self.0) };
    }

    /// Limits rows to `wanted` and what else it takes to get that right; returns these columns.
    fn crop(&mut self, wanted: &Range<usize>) -> Range<usize> {
        // SAFETY: the header has been read.
        let may_be_smoothed = unsafe { jpeg_has_multiple_scans(self.0) } != 0;
        let smoothed = if may_be_smoothed { SMOOTHED_BLOCKS } else { 0 };
        let left = MARGIN + smoothed * BLOCK * self.0.max_h_samp_factor as usize;
        let end = (wanted.end + MARGIN).min(self.0.output_width as usize);
        let start = wanted.start.saturating_sub(left);
        let (mut x, mut width) = (start as u32, (end - start) as u32);
        // SAFETY: decoding has begun, and no row has been read. The columns lie within the image.
        unsafe { jpeg_crop_scanline(self.0, &mut x, &mut width) };
        x as usize..end
    }

    /// Steps over `n` rows, of which only the codes are read. Where rows follow they must not be the last.
    fn skip(&mut self, n: usize) {
        // SAFETY: decoding has begun.
        unsafe { jpeg_skip_scanlines(self.0, n as u32) };
    }

    /// Reads the next row.
    fn read_row(&mut self, row: &mut [u8]) {
        assert_eq!(row.len(), self.0.output_width as usize * self.0.output_components as usize, "a row");
        let mut start = row.as_mut_ptr();
        // SAFETY: decoding has begun, and the row has room for one.
        unsafe { jpeg_read_scanlines(self.0, &mut start, 1) };
    }

    /// Reads what follows the last row.
    fn finish(&mut self) {
        // SAFETY: all rows have been read.
        unsafe { jpeg_finish_decompress(self.0) };
    }
}

#[allow(unsafe_code)]
impl Drop for Decoder<'_> {
    fn drop(&mut self) {
        // SAFETY: zeros, or what `jpeg_create_decompress` left; both can be destroyed.
        unsafe { jpeg_destroy_decompress(self.0) };
    }
}

/// Runs a decoder with [`error_manager`]; whether it warned, or why it failed.
fn warned(damaged: Damaged, decode: impl FnOnce() -> Result<(), SkipReason>) -> Result<bool, SkipReason> {
    DAMAGED.set(damaged);
    N_WARNINGS.set(0);
    // The buffers hold plain bytes, and libjpeg's own memory is freed when its owner is dropped.
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => decoded.map(|()| N_WARNINGS.get() > 0),
        Err(payload) => Err(*payload.downcast::<SkipReason>().unwrap_or_else(|other| resume_unwind(other))),
    }
}

/// libjpeg's error manager, with our own answers to errors and messages.
#[allow(unsafe_code)]
fn error_manager() -> jpeg_error_mgr {
    // SAFETY: the structure is plain data (numbers, nullable pointers and optional functions), for which zeros are
    // valid; `jpeg_std_error` fills it in and keeps no pointer to it.
    let mut manager = unsafe {
        let mut manager = std::mem::zeroed();
        jpeg_std_error(&mut manager);
        manager
    };
    manager.error_exit = Some(fail);
    manager.emit_message = Some(note);
    manager
}

/// Takes a message of libjpeg: a negative level is a warning, others are traces. MozJPEG's C code is built to be
/// unwound through, and the crate ends decoding by unwinding itself; `resume_unwind` runs no panic hook.
#[cold]
extern "C-unwind" fn note(info: &mut jpeg_common_struct, level: c_int) {
    if level >= 0 {
        return;
    }
    N_WARNINGS.set(N_WARNINGS.get() + 1);
    if DAMAGED.get() == Damaged::Keep {
        return;
    }
    let code = code_of(info);
    if let Some((_, what)) = DAMAGE.iter().find(|(damage, _)| *damage == code) {
        resume_unwind(Box::new(SkipReason::Damaged { format: "JPEG", what }));
    }
}

/// Takes an error of libjpeg after which it cannot go on: this must not return.
#[cold]
extern "C-unwind" fn fail(info: &mut jpeg_common_struct) {
    resume_unwind(Box::new(corrupt(message_of(info))));
}

fn corrupt(message: String) -> SkipReason {
    SkipReason::Corrupt { format: "JPEG", message }
}

#[allow(unsafe_code)]
fn code_of(info: &jpeg_common_struct) -> c_int {
    // SAFETY: libjpeg calls us through this very pointer, which `Decompress` set to the manager that it owns.
    unsafe { (*info.err).msg_code }
}

/// libjpeg's words for the message at hand.
#[allow(unsafe_code)]
fn message_of(info: &mut jpeg_common_struct) -> String {
    type Format = unsafe extern "C-unwind" fn(info: &mut jpeg_common_struct, buffer: &mut [u8; 80]);
    let mut buffer = [0; 80];
    // SAFETY: as in `code_of`. The C function writes up to 80 bytes into the buffer, with a zero at the end; its
    // declaration lacks the `mut`, which changes nothing in how it is called.
    unsafe {
        if let Some(format) = (*info.err).format_message {
            let format: Format = std::mem::transmute(format as *const ());
            format(info, &mut buffer);
        }
    }
    let text = buffer.split(|b| *b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    /// The C code's own text for a code.
    #[allow(unsafe_code)]
    fn text_of(code: c_int) -> String {
        let manager = error_manager();
        assert!((0..=manager.last_jpeg_message).contains(&code));
        // SAFETY: the table holds `last_jpeg_message + 1` zero-ended texts, which live as long as the program.
        let text = unsafe { CStr::from_ptr(*manager.jpeg_message_table.add(code as usize)) };
        text.to_string_lossy().into_owned()
    }

    #[test]
    fn codes_are_those_of_the_library_that_is_linked() {
        let texts: Vec<String> = DAMAGE.iter().map(|(code, _)| text_of(*code)).collect();
        let expected = [
            "Corrupt JPEG data: premature end of data segment",
            "Corrupt JPEG data: bad Huffman code",
            "Corrupt JPEG data: found marker 0x%02x instead of RST%d",
            "Premature end of JPEG file",
            "Inconsistent progression sequence for component %d coefficient %d",
        ];
        assert_eq!(texts, expected);
        // Every other text that speaks of corruption is one that the table above calls unusual, or not read.
        let others = (0..=error_manager().last_jpeg_message).filter(|code| !DAMAGE.iter().any(|(d, _)| d == code));
        let corrupt: Vec<String> = others.map(text_of).filter(|text| text.starts_with("Corrupt")).collect();
        let (stray, icc) = ("Corrupt JPEG data: %u extraneous bytes before marker 0x%02x", "bad ICC marker");
        assert!(corrupt.iter().all(|text| text == stray || text.ends_with(icc)), "{corrupt:?}");
    }
}
