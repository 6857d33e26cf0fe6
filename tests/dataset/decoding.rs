//! From bytes to pixels: what is refused and why, and Pillow's `convert("RGB")` as the measure.

use std::fs;

use image::{DynamicImage, ImageBuffer, ImageFormat};
use specscan::dataset::{Conversions, DecodeOptions, Decoder, ExifPolicy, Header, Part, SkipReason};
use specscan::spectral::Size;

use crate::{Folder, crc32, decode, decode_error, difference, encode, gradient, jpeg, png, repository, truncated};

#[test]
fn truncated_files_of_every_format_are_refused() {
    let image = gradient(40, 30);
    let formats = [
        (ImageFormat::Jpeg, "JPEG"),
        (ImageFormat::Png, "PNG"),
        (ImageFormat::Bmp, "BMP"),
        (ImageFormat::Gif, "GIF"),
        (ImageFormat::Tiff, "TIFF"),
        (ImageFormat::Pnm, "PNM"),
        (ImageFormat::Qoi, "QOI"),
        (ImageFormat::WebP, "WebP"),
    ];
    for (format, name) in formats {
        let bytes = encode(&image, format);
        assert!(decode(&bytes, &DecodeOptions::default()).is_ok(), "{name}");
        for part in [2, 3] {
            let reason = decode_error(&bytes[..bytes.len() * (part - 1) / part]);
            assert_eq!(reason, truncated(name));
        }
    }
}

#[test]
fn a_jpeg_is_whole_if_its_end_marker_follows_the_scan() {
    let bytes = jpeg(64, 48);
    let whole = decode(&bytes, &DecodeOptions::default()).unwrap();
    for cut in [2, 3, 100] {
        assert_eq!(decode_error(&bytes[..bytes.len() - cut]), truncated("JPEG"));
    }
    // A thumbnail before the scan has an end marker of its own.
    let thumbnail = jpeg(8, 8);
    let mut with_thumbnail = vec![0xFF, 0xD8, 0xFF, 0xE1];
    with_thumbnail.extend_from_slice(&u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes());
    with_thumbnail.extend_from_slice(&thumbnail);
    with_thumbnail.extend_from_slice(&bytes[2..]);
    assert_eq!(decode(&with_thumbnail, &DecodeOptions::default()), Ok(whole.clone()));
    for cut in [2, 500, bytes.len() - 2] {
        assert_eq!(decode_error(&with_thumbnail[..with_thumbnail.len() - cut]), truncated("JPEG"));
    }
    // What follows the end does not matter.
    let mut with_tail = bytes.clone();
    with_tail.extend_from_slice(b"camera makers put things here");
    assert_eq!(decode(&with_tail, &DecodeOptions::default()), Ok(whole));
}

#[test]
fn the_frame_and_the_orientation_of_a_jpeg_are_found_behind_long_previews() {
    let image = jpeg(64, 48);
    let mut bytes = image[..2].to_vec();
    while bytes.len() < 1 << 20 {
        bytes.extend([0xFF, 0xE2, 0xFF, 0xFF]);
        bytes.resize(bytes.len() + 0xFFFD, 0xD9);
    }
    // Orientation 6, a quarter turn, in the only field of little-endian camera data.
    bytes.extend(b"\xFF\xE1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
    // Stray bytes and a fill byte.
    bytes.extend([1, 2, 3, 0xFF]);
    bytes.extend(&image[2..]);
    let folder = Folder::create();
    let path = folder.write("a.jpg", &bytes);
    for (exif, size) in [(ExifPolicy::Ignore, Size::new(48, 64)), (ExifPolicy::Apply, Size::new(64, 48))] {
        let options = DecodeOptions { exif, ..DecodeOptions::default() };
        let mut decoder = Decoder::with_reserve(0);
        assert_eq!(decoder.probe(&path, &options).map(|header| header.size), Ok(size));
        assert!(decoder.held_bytes() <= 256 << 10, "the previews were not read: {}", decoder.held_bytes());
        decoder.read(&path).unwrap();
        assert_eq!(decoder.decode(&options).map(|decoded| decoded.image.size), Ok(size));
    }
}

#[test]
fn files_that_are_no_images_are_refused_in_words() {
    assert_eq!(decode_error(b""), SkipReason::Empty);
    assert_eq!(decode_error(b"a text named .png"), SkipReason::NotAnImage);
    assert_eq!(decode_error(b"\0\0\0\x20ftypavif\0\0\0\0"), SkipReason::UnsupportedFormat { format: "AVIF" });
    assert_eq!(decode_error(&[0xFF, 0xD8, 0xFF]), truncated("JPEG"));
    assert!(matches!(
        decode_error(b"\x89PNG\r\n\x1a\n and no more"),
        SkipReason::Corrupt { format: "PNG", .. } | SkipReason::Truncated { .. }
    ));
    let folder = Folder::create();
    assert_eq!(Decoder::new().read(&folder.path()), Err(SkipReason::Folder));
    let gone = Decoder::new().read(&folder.path().join("gone.png")).unwrap_err();
    assert_eq!(
        gone.to_string(),
        "cannot be read: No such file or directory; check that the file exists and its permissions"
    );
}

#[test]
fn headers_that_promise_too_much_are_refused_before_memory_is_asked_for() {
    let mut bytes = png(2, 2);
    bytes[16..20].copy_from_slice(&100_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&100_000u32.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let expected = SkipReason::TooManyPixels { width: 100_000, height: 100_000, max_pixels: 1 << 28 };
    assert_eq!(decode_error(&bytes), expected);

    let mut bytes = jpeg(64, 48);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    let expected = SkipReason::TooManyPixels { width: 65_535, height: 65_535, max_pixels: 1 << 28 };
    assert_eq!(decode_error(&bytes), expected);

    let options = DecodeOptions { max_pixels: 11, ..DecodeOptions::default() };
    assert!(matches!(decode(&png(4, 3), &options), Err(SkipReason::TooManyPixels { .. })));
    assert!(decode(&png(4, 3), &DecodeOptions { max_pixels: 12, ..options }).is_ok());
}

#[test]
fn sixteen_bit_samples_keep_their_upper_half() {
    let samples = [0u16, 255, 256, 0x7FFF, 0x8000, 0xFF7F, 0xFFFF];
    let upper: Vec<u8> = samples.iter().flat_map(|s| [(s >> 8) as u8; 3]).collect();
    let grey: DynamicImage = ImageBuffer::<image::Luma<u16>, _>::from_raw(7, 1, samples.to_vec()).unwrap().into();
    let (_, pixels, conversions) = decode(&encode(&grey, ImageFormat::Png), &DecodeOptions::default()).unwrap();
    assert_eq!(pixels, upper);
    assert_eq!(conversions, Conversions { grey: true, sixteen_bit: true, ..Conversions::default() });
    let triples: Vec<u16> = samples.iter().flat_map(|&s| [s; 3]).collect();
    let color: DynamicImage = ImageBuffer::<image::Rgb<u16>, _>::from_raw(7, 1, triples).unwrap().into();
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let (_, pixels, conversions) = decode(&encode(&color, format), &DecodeOptions::default()).unwrap();
        assert_eq!(pixels, upper);
        assert_eq!(conversions, Conversions { sixteen_bit: true, ..Conversions::default() });
    }
}

#[test]
fn float_samples_are_refused() {
    let image: DynamicImage = ImageBuffer::<image::Rgb<f32>, _>::from_raw(1, 1, vec![0.5; 3]).unwrap().into();
    let reason = decode_error(&encode(&image, ImageFormat::Tiff));
    assert!(matches!(reason, SkipReason::UnsupportedSamples { .. }), "{reason}");
}

#[test]
fn one_pixel_is_an_image() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::WebP] {
        let (size, pixels, _) = decode(&encode(&gradient(1, 1), format), &DecodeOptions::default()).unwrap();
        assert_eq!((size, pixels.len()), (Size::square(1), 3));
    }
}

#[test]
fn a_decoder_forgets_the_image_before() {
    let folder = Folder::create();
    let (large, small) = (folder.write("large", &jpeg(64, 64)), folder.write("small", &png(3, 2)));
    let bad = folder.write("bad", &png(64, 64)[..200]);
    let mut decoder = Decoder::new();
    let options = DecodeOptions::default();
    let alone = decode(&png(3, 2), &options).unwrap();
    for path in [&large, &small, &bad, &small] {
        decoder.read(path).unwrap();
        if let Ok(decoded) = decoder.decode(&options)
            && path == &small
        {
            assert_eq!((decoded.image.size, decoded.image.pixels), (alone.0, alone.1.as_slice()));
        }
    }
    assert_eq!(decoder.bytes(), fs::read(&small).unwrap());
}

/// A 3×2 JPEG whose EXIF says `orientation`.
fn oriented(orientation: u8) -> Vec<u8> {
    let plain = encode(&gradient(24, 16), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, u8::try_from(exif.len() + 2).unwrap()];
    bytes.extend_from_slice(&exif);
    bytes.extend_from_slice(&plain[2..]);
    bytes
}

#[test]
fn exif_orientation_is_obeyed_only_when_asked_for() {
    let ignore = DecodeOptions::default();
    let apply = DecodeOptions { exif: ExifPolicy::Apply, ..ignore };
    let (size, stored, _) = decode(&oriented(1), &ignore).unwrap();
    let image: DynamicImage = image::RgbImage::from_raw(24, 16, stored.clone()).unwrap().into();
    let expected = [
        (1, image.clone()),
        (2, image.fliph()),
        (3, image.rotate180()),
        (4, image.flipv()),
        (5, image.rotate90().fliph()),
        (6, image.rotate90()),
        (7, image.rotate270().fliph()),
        (8, image.rotate270()),
    ];
    let folder = Folder::create();
    for (orientation, expected) in expected {
        let bytes = oriented(orientation);
        assert_eq!(decode(&bytes, &ignore).unwrap().1, stored);
        let (turned, pixels, _) = decode(&bytes, &apply).unwrap();
        assert_eq!(turned, Size::new(expected.height() as usize, expected.width() as usize), "{orientation}");
        assert_eq!(pixels, expected.into_bytes(), "{orientation}");
        let path = folder.write("probe.jpg", &bytes);
        assert_eq!(Decoder::new().probe(&path, &apply).unwrap().size, turned);
        assert_eq!(Decoder::new().probe(&path, &ignore).unwrap().size, size);
    }
}

#[test]
fn every_format_becomes_pillows_rgb() {
    let mut n_files = 0;
    for entry in fs::read_dir(repository("tests/reference/formats")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".rgb.png") {
            continue;
        }
        let mut decoder = Decoder::new();
        decoder.read(&path).unwrap();
        let decoded = decoder.decode(&DecodeOptions::default()).unwrap_or_else(|reason| panic!("{name} {reason}"));
        let expected = image::open(path.with_file_name(format!("{name}.rgb.png"))).unwrap().into_rgb8();
        // JPEG leaves decoders some freedom, and CMYK goes through it.
        let tolerance = if name.ends_with(".jpg") { JPEG_TOLERANCE } else { 0 };
        let found = difference(decoded.image.pixels, &expected);
        assert!(found <= tolerance, "{name}: {found}");
        let expected = Conversions {
            grey: name.starts_with("grey") || name.starts_with("bilevel"),
            alpha_dropped: name.starts_with("rgba") || name.contains("grey_alpha") || name.contains("transparent"),
            palette: name.starts_with("palette") || name.ends_with(".gif"),
            cmyk: name.starts_with("cmyk"),
            sixteen_bit: false,
        };
        assert_eq!(decoded.conversions, expected, "{name}");
        n_files += 1;
    }
    assert!(n_files >= 18, "{n_files}");
}

/// Levels by which two JPEG decoders may differ.
const JPEG_TOLERANCE: u8 = 4;

#[test]
fn a_jpeg_of_hundreds_of_scans_is_refused() {
    let mut encoder = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    encoder.set_size(32, 32);
    encoder.set_progressive_mode();
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&gradient(32, 32).into_rgb8()).unwrap();
    let bytes = started.finish().unwrap();
    let scans = bytes.windows(2).filter(|pair| *pair == [0xFF, 0xDA]).count();
    assert!(scans > 1, "{scans}");
    // Scans of one coefficient, whose few bits are zeros, before the end of the image.
    let with_scans = |n: usize| {
        let mut long = bytes[..bytes.len() - 2].to_vec();
        (0..n).for_each(|_| long.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0]));
        long.extend([0xFF, 0xD9]);
        decode(&long, &DecodeOptions::default()).err()
    };
    let refused = Some(SkipReason::TooManyScans { limit: 500 });
    assert_eq!(with_scans(501 - scans), refused);
    assert_ne!(with_scans(500 - scans), refused);
}

#[test]
fn an_image_takes_no_more_than_its_share_of_the_memory() {
    let folder = Folder::create();
    for (name, bytes) in
        [("a.png", png(64, 48)), ("a.jpg", jpeg(64, 48)), ("a.webp", encode(&gradient(64, 48), ImageFormat::WebP))]
    {
        let path = folder.write(name, &bytes);
        let options = DecodeOptions::default();
        let needed = Decoder::new().probe(&path, &options).unwrap().n_bytes;
        assert!(needed > 64 * 48 * 3 + bytes.len() as u64, "{name}: {needed}");
        // Six sixteenths are for decoding.
        let sixteenths = needed.div_ceil(6) * 16;
        for (max_memory_bytes, fits) in [(sixteenths, true), (sixteenths - 16, false)] {
            let options = DecodeOptions { max_memory_bytes, ..options };
            let decoded = decode(&bytes, &options);
            assert_eq!(matches!(decoded, Err(SkipReason::TooLarge { .. })), !fits, "{name}: {decoded:?}");
            assert_eq!(decoded.is_ok(), fits, "{name}");
        }
    }
}

/// A decoder that may keep nothing looks into a file before it reads it; what it finds is the same.
#[test]
fn large_files_are_judged_before_they_are_read_and_decoded_as_others() {
    let options = DecodeOptions::default();
    let mut n_files = 0;
    for entry in fs::read_dir(repository("tests/reference/formats")).unwrap() {
        let path = entry.unwrap().path();
        let (mut at_once, mut late) = (Decoder::new(), Decoder::with_reserve(0));
        assert_eq!(at_once.read(&path), late.read(&path));
        assert_eq!((at_once.bytes().is_empty(), late.bytes().is_empty()), (false, true));
        let mut headers = Vec::new();
        let mut keep = |header: &Header| {
            headers.push(*header);
            Ok(Part::whole(header.size))
        };
        let expected = at_once.decode_when(&options, &mut keep).unwrap();
        let found = late.decode_when(&options, &mut keep).unwrap();
        assert_eq!((found.image.size, found.image.pixels), (expected.image.size, expected.image.pixels), "{path:?}");
        assert!(headers.len() == 2 && headers[0] == headers[1], "{path:?}: {headers:?}");
        let refusal = SkipReason::Stopped;
        late.read(&path).unwrap();
        assert_eq!(late.decode_when(&options, |_| Err(refusal.clone())).err(), Some(refusal));
        assert!(late.held_bytes() <= 3 * expected.image.pixels.len() + (256 << 10), "{path:?}");
        n_files += 1;
    }
    assert!(n_files >= 18, "{n_files}");
}

#[test]
fn the_header_of_a_tiff_is_found_behind_its_pixels() {
    let folder = Folder::create();
    let noise: Vec<u8> = (0..500 * 400 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let image: DynamicImage = image::RgbImage::from_raw(500, 400, noise).unwrap().into();
    let path = folder.write("a.tif", &encode(&image, ImageFormat::Tiff));
    let mut decoder = Decoder::new();
    assert_eq!(decoder.probe(&path, &DecodeOptions::default()).unwrap().size, Size::new(400, 500));
    // The pixels, 600 kB, were not read.
    assert!(decoder.held_bytes() <= 256 << 10, "{}", decoder.held_bytes());
}

#[cfg(unix)]
#[test]
fn what_took_a_files_place_is_told_after_it_was_opened() {
    let folder = Folder::create();
    let pipe = folder.path().join("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, reason) in [
        (pipe.as_path(), SkipReason::NotAFile { kind: "named pipe" }),
        ("/dev/zero".as_ref(), SkipReason::NotAFile { kind: "device" }),
        ("/proc/self/pagemap".as_ref(), SkipReason::Empty),
    ] {
        assert_eq!(Decoder::new().read(path), Err(reason.clone()));
        assert_eq!(Decoder::new().probe(path, &DecodeOptions::default()), Err(reason));
    }
}
