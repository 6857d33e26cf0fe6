//! Damaged files: what gives them away, and what is kept.

use std::collections::BTreeSet;

use image::ImageFormat;
use mozjpeg::{ColorSpace, Compress};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use specscan::dataset::{Damaged, DecodeOptions, Decoder, SkipReason};
use specscan::spectral::Size;

use crate::{Folder, decode, decode_error, encode, gradient, jpeg, truncated};

const KEEP: DecodeOptions = DecodeOptions {
    max_pixels: 1 << 28,
    exif: specscan::dataset::ExifPolicy::Ignore,
    damaged: Damaged::Keep,
    scaled_for_px: None,
    max_memory_bytes: u64::MAX,
};

/// Size, pixels, and whether the decoder warned.
fn decode_warned(bytes: &[u8], options: &DecodeOptions) -> Result<(Size, Vec<u8>, bool), SkipReason> {
    let folder = Folder::create();
    let path = folder.write("file", bytes);
    let mut decoder = Decoder::new();
    decoder.read(&path)?;
    let decoded = decoder.decode(options)?;
    Ok((decoded.image.size, decoded.image.pixels.to_vec(), decoded.warned))
}

/// A JPEG of 96×64 pixels from interleaved samples.
fn compress(space: ColorSpace, n_channels: usize, is_progressive: bool) -> Vec<u8> {
    let mut compress = Compress::new(space);
    // MozJPEG's own defaults are progressive.
    if !is_progressive {
        compress.set_fastest_defaults();
    }
    compress.set_size(96, 64);
    let mut started = compress.start_compress(Vec::new()).unwrap();
    let samples: Vec<u8> = (0..96 * 64 * n_channels).map(|i| (i * i / 97 + i * 7) as u8).collect();
    started.write_scanlines(&samples).unwrap();
    started.finish().unwrap()
}

/// Where the entropy-coded data of the first scan begin.
fn scan_start(bytes: &[u8]) -> usize {
    let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]))
}

/// The start of a frame, of whatever kind.
fn frame(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0..=0xC2])).unwrap()
}

fn damage(bytes: &[u8]) -> &'static str {
    match decode_error(bytes) {
        SkipReason::Damaged { format: "JPEG", what } => what,
        other => panic!("{other}"),
    }
}

#[test]
fn a_jpeg_whose_data_end_early_is_damaged_though_its_end_marker_is_there() {
    let rgb = compress(ColorSpace::JCS_RGB, 3, false);
    for whole in
        [jpeg(64, 48), rgb, compress(ColorSpace::JCS_RGB, 3, true), compress(ColorSpace::JCS_GRAYSCALE, 1, false)]
    {
        assert!(decode_warned(&whole, &DecodeOptions::default()).is_ok_and(|(.., warned)| !warned));
        let start = scan_start(&whole);
        let mut cut = whole[..start + (whole.len() - start) / 2].to_vec();
        while cut.last() == Some(&0xFF) {
            cut.pop();
        }
        cut.extend_from_slice(&[0xFF, 0xD9]);
        assert_eq!(damage(&cut), "its data end before its pixels do");
        let (size, _, warned) = decode_warned(&cut, &KEEP).expect("kept");
        assert!(warned && size == decode(&whole, &KEEP).unwrap().0);
        let reason = decode_error(&cut).to_string();
        assert!(reason.contains("damaged JPEG") && reason.contains("--damaged keep"), "{reason}");
    }
}

#[test]
fn bits_that_are_no_code_and_missing_restarts_are_damage() {
    // A restart interval that the data do not keep.
    let mut restarts = jpeg(64, 48);
    let sos = restarts.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    restarts.splice(sos..sos, [0xFF, 0xDD, 0, 4, 0, 3]);
    assert_eq!(damage(&restarts), "a restart marker is missing or out of order");
    assert!(decode_warned(&restarts, &KEEP).is_ok_and(|(.., warned)| warned));
    // Random bytes in the data. (libjpeg's fast loop over a baseline scan takes bad codes for zeros and says nothing.)
    let whole = compress(ColorSpace::JCS_RGB, 3, true);
    let start = scan_start(&whole);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut reasons = BTreeSet::new();
    for _ in 0..300 {
        let mut mutant = whole.clone();
        let at = random.random_range(start..mutant.len() - 40);
        random.fill(&mut mutant[at..at + 32]);
        if let Err(SkipReason::Damaged { what, .. }) = decode(&mutant, &DecodeOptions::default()) {
            assert!(decode_warned(&mutant, &KEEP).map_or(true, |(.., warned)| warned), "{what}");
            reasons.insert(what);
        }
    }
    assert!(reasons.contains("it holds bits that are no Huffman code"), "{reasons:?}");
    assert!(reasons.contains("its data end before its pixels do"), "{reasons:?}");
}

#[test]
fn stray_bytes_between_segments_are_kept_and_told() {
    let whole = jpeg(64, 48);
    let (size, pixels, _) = decode_warned(&whole, &DecodeOptions::default()).unwrap();
    let table = whole.windows(2).position(|pair| pair == [0xFF, 0xC4]).unwrap();
    let mut stray = whole.clone();
    stray.splice(table..table, [0x11, 0x22, 0x33]);
    assert!(decode_warned(&stray, &DecodeOptions::default()) == Ok((size, pixels.clone(), true)));
    // Behind the data nobody looks for them.
    let mut tail = whole.clone();
    tail.splice(whole.len() - 2..whole.len() - 2, [0x11, 0x22, 0x33]);
    assert!(decode_warned(&tail, &DecodeOptions::default()).is_ok_and(|found| found.1 == pixels));
}

#[test]
fn a_jpeg_that_is_too_short_for_its_pixels_is_refused_before_memory_is_asked_for() {
    let mut bytes = jpeg(64, 48);
    let frame = frame(&bytes);
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
    assert!(bytes.len() < 4000);
    assert_eq!(decode_error(&bytes), truncated("JPEG"));
    // An image of one colour has few bits for each block, and is none the shorter for it.
    let grey = image::DynamicImage::new_rgb8(4096, 2048);
    assert!(decode(&encode(&grey, ImageFormat::Jpeg), &DecodeOptions::default()).is_ok());
    let mut mozjpeg = Compress::new(ColorSpace::JCS_GRAYSCALE);
    mozjpeg.set_size(4096, 4096);
    mozjpeg.set_progressive_mode();
    mozjpeg.set_optimize_scans(true);
    let mut started = mozjpeg.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&vec![200; 4096 * 4096]).unwrap();
    assert!(decode(&started.finish().unwrap(), &DecodeOptions::default()).is_ok());
}

#[test]
fn codings_that_nobody_here_reads_are_named() {
    let whole = jpeg(64, 48);
    let frame = frame(&whole);
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[frame + at] = byte;
        decode_error(&bytes)
    };
    for (reason, part) in [
        (changed(1, 0xC9), "arithmetic"),
        (changed(1, 0xCA), "arithmetic"),
        (changed(1, 0xC3), "lossless"),
        (changed(1, 0xC5), "hierarchical"),
        (changed(4, 12), "12 bits"),
        (changed(4, 7), "other than 8 bits"),
    ] {
        assert!(matches!(reason, SkipReason::UnsupportedFormat { format } if format.contains(part)), "{reason}");
    }
}

#[test]
fn damage_to_cmyk_is_seen_by_libjpeg_though_another_decoder_reads_it() {
    let whole = compress(ColorSpace::JCS_CMYK, 4, false);
    assert!(
        decode_warned(&whole, &DecodeOptions::default())
            .is_ok_and(|(size, _, warned)| { size == Size::new(64, 96) && !warned })
    );
    let start = scan_start(&whole);
    let mut cut = whole[..start + (whole.len() - start) / 2].to_vec();
    cut.extend_from_slice(&[0, 0xFF, 0xD9]);
    assert_eq!(damage(&cut), "its data end before its pixels do");
}

/// A GIF of 2×2 pixels whose data end after the first.
fn short_gif() -> Vec<u8> {
    let mut gif = b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    // Clear, colour 0, end: codes of three bits.
    gif.extend_from_slice(b",\0\0\0\0\x02\0\x02\0\0\x02\x02\x44\x01\0;");
    gif
}

/// A BMP of 4×2 pixels whose runs end after the first row.
fn short_bmp() -> Vec<u8> {
    let mut bmp = vec![0; 54 + 1024];
    bmp[..2].copy_from_slice(b"BM");
    let n_bytes = bmp.len() as u32;
    for (at, value) in [(10, n_bytes), (14, 40), (18, 4), (22, 2), (26, 1 + (8 << 16)), (30, 1), (46, 256)] {
        bmp[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    bmp.extend_from_slice(&[4, 7, 0, 0, 0, 1]);
    bmp
}

#[test]
fn other_formats_whose_data_end_early_are_refused() {
    let reason = decode_error(&short_bmp());
    assert!(matches!(reason, SkipReason::Damaged { format: "BMP", .. }), "{reason}");
    assert!(decode_warned(&short_bmp(), &KEEP).is_ok_and(|(size, _, warned)| warned && size == Size::new(2, 4)));
    let reason = decode_error(&short_gif());
    assert!(matches!(reason, SkipReason::Truncated { .. } | SkipReason::Corrupt { .. }), "{reason}");
    // The number of bytes of the only strip, a third of what its pixels need: the decoder goes by the pixels.
    let whole = encode(&gradient(40, 30), ImageFormat::Tiff);
    let mut tiff = whole.clone();
    let entry = tiff.windows(4).position(|tag| tag == [0x17, 0x01, 4, 0]).unwrap();
    tiff[entry + 8..entry + 12].copy_from_slice(&1200u32.to_le_bytes());
    let found = decode(&tiff, &DecodeOptions::default());
    assert!(found.is_err() || found == decode(&whole, &DecodeOptions::default()));
}
