//! Reading the samples of arrays, one after the other with the same buffers. One reader for each worker.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Take};

use flate2::read::DeflateDecoder;

use super::element::Element;
use super::{Array, Storage};
use crate::dataset::decode::RgbImage;
use crate::dataset::open::open_regular;
use crate::dataset::skip::SkipReason;
use crate::dataset::source_file::SourceFile;
use crate::dataset::stamp::FileStamp;
use crate::dataset::values::Latent;
use crate::spectral::channels::MAX_LATENT;

/// A sample of an array.
#[derive(Debug, Clone, Copy)]
pub enum Sample<'a> {
    /// Of floating point: planes of values.
    Latent(Latent<'a>),
    /// Of bytes: pixels.
    Image(RgbImage<'a>),
}

/// Reads samples; see the top of the file.
#[derive(Debug, Default)]
pub struct ArrayReader {
    /// The file that was read last.
    open: Option<(SourceFile, Stream)>,
    /// The sample as it is stored.
    bytes: Vec<u8>,
    /// Its values, as stored and in planes.
    stored: Vec<f32>,
    values: Vec<f32>,
    /// Its pixels.
    rgb: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Plain(File),
    /// What a member unpacks to, and how much of it was read, bytes.
    Deflated(Box<DeflateDecoder<Take<BufReader<File>>>>, u64),
}

impl ArrayReader {
    /// The bytes of the sample read last, as stored but little-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of the buffers.
    pub fn held_bytes(&self) -> usize {
        let values = self.stored.capacity() + self.values.capacity();
        self.bytes.capacity() + self.rgb.capacity() + values * size_of::<f32>()
    }

    /// Gives all buffers back.
    pub fn release(&mut self) {
        *self = Self { open: self.open.take(), ..Self::default() };
    }

    /// Reads sample `index` of `array`, which is in `file`.
    ///
    /// # Errors
    ///
    /// If the file has changed since it was listed, cannot be read, or is damaged; if a value is not finite or beyond
    /// [`MAX_LATENT`].
    pub fn read(&mut self, file: &SourceFile, array: &Array, index: u32) -> Result<Sample<'_>, SkipReason> {
        self.read_bytes(file, array, index)?;
        if array.element == Element::U8 {
            self.fill_rgb(array);
            return Ok(Sample::Image(RgbImage { size: array.axes.size, pixels: &self.rgb }));
        }
        self.fill_values(array);
        let latent = Latent::new(&self.values, array.axes.channels, array.axes.size);
        match self.values.iter().position(|value| !is_usable(*value)) {
            None => Ok(Sample::Latent(latent)),
            Some(at) => Err(bad_value(self.values[at], at, array)),
        }
    }

    /// Fills `bytes`.
    fn read_bytes(&mut self, file: &SourceFile, array: &Array, index: u32) -> Result<(), SkipReason> {
        let format = array.format;
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => SkipReason::Truncated { format },
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                SkipReason::Corrupt { format, message: "it cannot be unpacked".to_owned() }
            }
            _ => SkipReason::from_io(&error),
        };
        let n_bytes = array.sample_bytes();
        let offset = u64::from(index) * n_bytes;
        let is_open = self.open.as_ref().is_some_and(|(open, stream)| {
            let is_behind = matches!(stream, Stream::Deflated(_, position) if *position > offset);
            open.is_in_the_file_of(file) && !is_behind
        });
        if !is_open {
            self.open = None;
            let (opened, _) = open_regular(file.path())?;
            self.open = Some((file.clone(), Stream::new(opened, array.storage).map_err(failed)?));
        }
        let Some((_, stream)) = &mut self.open else { return Err(SkipReason::Changed) };
        if stream.stamp().map_err(failed)? != array.stamp {
            return Err(SkipReason::Changed);
        }
        let n_bytes = n_bytes as usize;
        self.bytes.clear();
        self.bytes.try_reserve_exact(n_bytes).map_err(|_| SkipReason::OutOfMemory { n_bytes })?;
        self.bytes.resize(n_bytes, 0);
        if let Err(error) = stream.read_at(array.storage, offset, &mut self.bytes) {
            // Nobody knows where a stream that failed is.
            self.open = None;
            return Err(failed(error));
        }
        if array.is_big_endian {
            array.element.swap(&mut self.bytes);
        }
        Ok(())
    }

    /// Fills `values` with planes.
    fn fill_values(&mut self, array: &Array) {
        let n = array.axes.channels;
        if !array.axes.has_channels_last || n == 1 {
            array.element.to_singles(&self.bytes, &mut self.values);
            return;
        }
        array.element.to_singles(&self.bytes, &mut self.stored);
        self.values.clear();
        self.values.extend((0..n).flat_map(|c| self.stored.iter().skip(c).step_by(n)));
    }

    /// Fills `rgb`; grey becomes three equal channels, and alpha is dropped, as of image files.
    fn fill_rgb(&mut self, array: &Array) {
        let (n, n_pixels) = (array.axes.channels, array.axes.size.n_pixels());
        let (of_pixel, of_channel) = if array.axes.has_channels_last { (n, 1) } else { (1, n_pixels) };
        let channel = |c: usize| if n == 1 { 0 } else { c * of_channel };
        self.rgb.clear();
        self.rgb.extend((0..n_pixels).flat_map(|p| [0, 1, 2].map(|c| self.bytes[p * of_pixel + channel(c)])));
    }
}

impl Stream {
    fn new(mut file: File, storage: Storage) -> io::Result<Self> {
        match storage {
            Storage::Plain { .. } => Ok(Self::Plain(file)),
            Storage::Deflated { start, n_bytes, skip } => {
                file.seek(SeekFrom::Start(start))?;
                let mut unpacked = DeflateDecoder::new(BufReader::new(file).take(n_bytes));
                pass_over(&mut unpacked, skip)?;
                Ok(Self::Deflated(Box::new(unpacked), 0))
            }
        }
    }

    /// That of the open file as it is now.
    fn stamp(&self) -> io::Result<FileStamp> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Deflated(unpacked, _) => unpacked.get_ref().get_ref().get_ref(),
        };
        Ok(FileStamp::of(&file.metadata()?))
    }

    /// Fills `bytes` from byte `offset` of the elements on, which is not behind a stream.
    fn read_at(&mut self, storage: Storage, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        match (self, storage) {
            (Self::Plain(file), Storage::Plain { start }) => {
                file.seek(SeekFrom::Start(start + offset))?;
                file.read_exact(bytes)
            }
            (Self::Deflated(unpacked, position), Storage::Deflated { .. }) => {
                pass_over(unpacked, offset - *position)?;
                unpacked.read_exact(bytes)?;
                *position = offset + bytes.len() as u64;
                Ok(())
            }
            _ => Err(ErrorKind::Unsupported.into()),
        }
    }
}

/// Reads `n` bytes that nobody wants.
fn pass_over(reader: &mut impl Read, n: u64) -> io::Result<()> {
    let passed = io::copy(&mut reader.take(n), &mut io::sink())?;
    if passed == n { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Whether the sums can take a value; no for NaN.
fn is_usable(value: f32) -> bool {
    value.abs() <= MAX_LATENT
}

/// Why a latent with `value` at position `at` of its planes is not used.
fn bad_value(value: f32, at: usize, array: &Array) -> SkipReason {
    let size = array.axes.size;
    let (channel, pixel) = (at / size.n_pixels(), at % size.n_pixels());
    SkipReason::LatentValue {
        value: value.to_string(),
        channel,
        row: pixel / size.width,
        column: pixel % size.width,
        is_finite: value.is_finite(),
    }
}
