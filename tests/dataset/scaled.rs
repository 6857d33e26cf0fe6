//! `--decode-scale`: which JPEGs the decoder makes smaller, what their pixels are, and what it does to the spectrum.

use image::ImageFormat;
use mozjpeg::{ColorSpace, Compress};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use specscan::dataset::{DecodeOptions, Decoder, ExifPolicy, PreprocessConfig, Preprocessor, SkipReason, Transform};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, NoRows, ScanConfig, scan};
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, RapsdOf, Spectrum};

use crate::parts::{assert_parts_are_those_of_the_whole, jpeg};
use crate::{Folder, encode, gradient};

fn scaled_for(side_px: usize) -> DecodeOptions {
    DecodeOptions { scaled_for_px: Some(side_px), ..DecodeOptions::default() }
}

/// Size and pixels.
fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<(Size, Vec<u8>), SkipReason> {
    let folder = Folder::create();
    let mut decoder = Decoder::new();
    decoder.read(&folder.write("a", bytes))?;
    let image = decoder.decode(options)?.image;
    Ok((image.size, image.pixels.to_vec()))
}

/// The file's size and that of its pixels, as the header is judged.
fn sizes(bytes: &[u8], options: &DecodeOptions) -> (Size, Size) {
    let folder = Folder::create();
    let header = Decoder::new().probe(&folder.write("a", bytes), options).unwrap();
    (header.size, header.decoded_size)
}

#[test]
fn more_than_four_times_the_working_size_is_decoded_smaller_and_twice_is_left() {
    // Sides in multiples of a working size of 16: over 4 a half, from 8 a quarter, from 16 an eighth.
    for (side, denominator) in [(40, 1), (64, 1), (65, 2), (127, 2), (128, 4), (255, 4), (256, 8), (300, 8), (600, 8)] {
        for (height, width) in [(side, side + 13), (side + 7, side)] {
            let size = Size::new(height, width);
            let bytes = jpeg(size, (Some((2, 2)), false));
            let smaller = Size::new(height.div_ceil(denominator), width.div_ceil(denominator));
            assert_eq!(sizes(&bytes, &scaled_for(16)), (size, smaller));
            let (found, pixels) = decode(&bytes, &scaled_for(16)).unwrap();
            assert_eq!((found, pixels.len()), (smaller, smaller.n_pixels() * 3));
            let whole = decode(&bytes, &DecodeOptions::default()).unwrap();
            assert_eq!(whole.0, size);
            assert_eq!(whole.1 == pixels, denominator == 1, "{size}");
        }
    }
}

/// libjpeg's smaller transforms give the averages of what the whole one gives. The codes of a picture of few extremes
/// are not cut off at black or white, where averages of rounded codes differ.
#[test]
fn pixels_of_a_smaller_image_are_averages_of_those_of_the_whole() {
    let size = Size::new(131, 150);
    for is_progressive in [false, true] {
        let bytes = grey(size, is_progressive);
        let (_, whole) = decode(&bytes, &DecodeOptions::default()).unwrap();
        for (denominator, side_px) in [(2, 32), (4, 16), (8, 8)] {
            let (smaller, pixels) = decode(&bytes, &scaled_for(side_px)).unwrap();
            assert_eq!(smaller, Size::new(131usize.div_ceil(denominator), 150usize.div_ceil(denominator)));
            let mut worst = 0.0f64;
            for y in 0..131 / denominator {
                for x in 0..150 / denominator {
                    let of_block = |i: usize| {
                        let (dy, dx) = (i / denominator, i % denominator);
                        f64::from(whole[((y * denominator + dy) * 150 + x * denominator + dx) * 3])
                    };
                    let n = denominator * denominator;
                    let average = (0..n).map(of_block).sum::<f64>() / n as f64;
                    worst = worst.max((average - f64::from(pixels[(y * smaller.width + x) * 3])).abs());
                }
            }
            assert!(worst <= 1.5, "1/{denominator}, progressive {is_progressive}: {worst} levels");
        }
    }
}

/// A grey JPEG between black and white, of noise over a slope.
fn grey(size: Size, is_progressive: bool) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut compress = Compress::new(ColorSpace::JCS_GRAYSCALE);
    if is_progressive {
        compress.set_progressive_mode();
    } else {
        compress.set_fastest_defaults();
    }
    compress.set_size(size.width, size.height);
    compress.set_quality(95.0);
    let sample = |i: usize| 80 + (i % size.width / 3) as u8;
    let samples: Vec<u8> = (0..size.n_pixels()).map(|i| sample(i) + random.random_range(0..40)).collect();
    let mut started = compress.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&samples).unwrap();
    started.finish().unwrap()
}

#[test]
fn a_part_of_a_smaller_image_has_the_pixels_of_all_of_it() {
    for (height, width) in [(97, 131), (64, 96), (70, 200), (200, 66)] {
        for colour in [Some((1, 1)), Some((2, 1)), Some((2, 2)), Some((4, 1)), Some((1, 2)), Some((4, 2)), None] {
            for is_progressive in [false, true] {
                let bytes = jpeg(Size::new(height, width), (colour, is_progressive));
                for side_px in [15, 8, 4] {
                    let (whole, smaller) = sizes(&bytes, &scaled_for(side_px));
                    assert_ne!(whole, smaller);
                    let what = format!("{colour:?}, progressive {is_progressive}, for {side_px}");
                    assert_parts_are_those_of_the_whole(&bytes, &scaled_for(side_px), &what);
                }
            }
        }
    }
}

#[test]
fn other_formats_are_decoded_whole() {
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp] {
        let bytes = encode(&gradient(200, 150), format);
        let (size, pixels) = decode(&bytes, &scaled_for(8)).unwrap();
        assert_eq!((size, pixels), decode(&bytes, &DecodeOptions::default()).unwrap(), "{format:?}");
    }
}

#[test]
fn a_turned_image_is_turned_after_it_was_made_smaller() {
    let (across, down) = (Size::new(130, 200), Size::new(200, 130));
    let bytes = jpeg(across, (Some((2, 2)), false));
    // Camera data that say it is to be turned by a quarter.
    let mut exif =
        b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.splice(0..0, [0xFF, 0xD8]);
    let turned: Vec<u8> = exif.iter().chain(&bytes[2..]).copied().collect();
    let options = DecodeOptions { exif: ExifPolicy::Apply, ..scaled_for(16) };
    assert_eq!(sizes(&turned, &options), (down, Size::new(50, 33)));
    let (size, pixels) = decode(&turned, &options).unwrap();
    let (_, upright) = decode(&bytes, &scaled_for(16)).unwrap();
    assert_eq!(size, Size::new(50, 33));
    // The first column from below is the first row.
    for i in 0..50 {
        let there = &pixels[(i * 33 + 32) * 3..][..3];
        assert_eq!(there, &upright[i * 3..][..3], "{i}");
    }
}

/// A large photograph takes less memory, so that more of them can be decoded in the same.
#[test]
fn a_smaller_image_takes_less_of_the_memory() {
    let folder = Folder::create();
    let bytes = jpeg(Size::new(640, 800), (Some((2, 2)), false));
    let path = folder.write("a.jpg", &bytes);
    let needed = |options: &DecodeOptions| Decoder::new().probe(&path, options).unwrap().n_bytes;
    let (whole, smaller) = (needed(&DecodeOptions::default()), needed(&scaled_for(32)));
    // An eighth of both sides.
    assert_eq!(whole - bytes.len() as u64, 64 * (smaller - bytes.len() as u64));
    let max_memory_bytes = whole.div_ceil(6) * 16 - 16;
    let limited = |options: DecodeOptions| decode(&bytes, &DecodeOptions { max_memory_bytes, ..options });
    assert!(matches!(limited(DecodeOptions::default()), Err(SkipReason::TooLarge { .. })));
    assert_eq!(limited(scaled_for(32)).unwrap().0, Size::new(80, 100));
}

/// A photograph's spectrum (power falls as 1/f²), as JPEGs of 4:2:0 and of grey.
fn photographs(folder: &Folder, size: Size, n: u64) {
    for i in 0..n {
        let mut random = ChaCha8Rng::seed_from_u64(i);
        let (height, width) = (size.height as f64, size.width as f64);
        let waves: Vec<[f64; 5]> = (0..400)
            .map(|_| {
                // As many waves in every octave: each of an amplitude, as ∫ f⁻² f df has it.
                let f = 0.35 * 2f64.powf(-8.0 * random.random::<f64>());
                let angle = std::f64::consts::TAU * random.random::<f64>();
                let phase = std::f64::consts::TAU * random.random::<f64>();
                [f * angle.cos(), f * angle.sin(), phase, 2.6, f64::from(random.random_range(0..3u8))]
            })
            .collect();
        let mut compress = Compress::new(ColorSpace::JCS_RGB);
        compress.set_fastest_defaults();
        compress.set_size(size.width, size.height);
        compress.set_quality(92.0);
        compress.set_color_space(ColorSpace::JCS_YCbCr);
        let pixels = if i % 2 == 0 { (2, 2) } else { (1, 1) };
        compress.set_chroma_sampling_pixel_sizes(pixels, pixels);
        let sample = |at: usize, c: usize| {
            let (x, y) = ((at % size.width) as f64, (at / size.width) as f64);
            let sum: f64 = waves
                .iter()
                .map(|[u, v, phase, amplitude, own]| {
                    let share = if *own == c as f64 { 1.0 } else { 0.8 };
                    share * amplitude * (std::f64::consts::TAU * (u * x + v * y) + phase).cos()
                })
                .sum();
            let slope = 20.0 * (x / width - y / height);
            (128.0 + slope + sum).clamp(0.0, 255.0) as u8
        };
        let samples: Vec<u8> = (0..size.n_pixels()).flat_map(|at| [0, 1, 2].map(|c| sample(at, c))).collect();
        let mut started = compress.start_compress(Vec::new()).unwrap();
        started.write_scanlines(&samples).unwrap();
        folder.write(&format!("{i}.jpg"), &started.finish().unwrap());
    }
}

fn spectrum(folder: &Folder, transform: Transform, side: usize, scaled: bool) -> Spectrum {
    let size = Size::square(side);
    let preprocess = PreprocessConfig { transform, size, allow_upscale: false, drop_letterbox: false };
    let config = ScanConfig {
        decode: DecodeOptions { scaled_for_px: scaled.then_some(side), ..DecodeOptions::default() },
        threads: 2,
        ..ScanConfig::new(preprocess, AnalysisConfig::new(size))
    };
    scan(&folder.list().files, &config, &mut NoRows, &Silent, &Cancel::new(false)).unwrap().spectrum
}

/// Differences in the mean power of octaves, dB, lowest octave first: from `2^k` to `2^(k+1)` cycles per image, the
/// last to the highest annulus.
fn octave_differences_db(exact: &Spectrum, scaled: &Spectrum, side: usize) -> Vec<f64> {
    let [a, b] = [exact, scaled].map(|s| s.radial_statistics(RapsdOf::ChannelMean).mean);
    let starts = (0..).map(|k| 1usize << k).take_while(|start| 2 * start <= side / 2);
    let power = |rapsd: &[f64], start: usize| {
        let end = if 4 * start > side / 2 { rapsd.len() } else { 2 * start };
        rapsd[start..end].iter().enumerate().map(|(i, p)| p * (start + i) as f64).sum::<f64>()
    };
    starts.map(|start| 10.0 * (power(&b, start) / power(&a, start)).log10()).collect()
}

/// What docs/speed.md says of it, as a bound for every octave.
#[test]
fn the_spectrum_of_smaller_images_differs_by_half_a_decibel_at_most() {
    let folder = Folder::create();
    photographs(&folder, Size::new(288, 352), 4);
    for (transform, bound_db) in [(Transform::CenterCropDhariwal, 0.1), (Transform::CenterCrop, 0.5)] {
        for side in [16, 32] {
            let exact = spectrum(&folder, transform, side, false);
            let scaled = spectrum(&folder, transform, side, true);
            let differences = octave_differences_db(&exact, &scaled, side);
            println!("{transform}, {side}: {differences:.3?} dB");
            assert!(differences.len() >= 3 && differences.iter().all(|d| d.abs() <= bound_db), "{differences:?}");
            assert!(differences.iter().any(|d| d.abs() > 1e-4), "other pixels: {differences:?}");
            assert!(scaled.preprocess().decode_scale && !exact.preprocess().decode_scale);
        }
    }
    // 288 is not over four times 72: the sums are the same to the last bit.
    let [mut exact, scaled] = [false, true].map(|scaled| spectrum(&folder, Transform::CenterCrop, 72, scaled));
    assert_eq!(exact.radial_statistics(RapsdOf::ChannelMean).mean, scaled.radial_statistics(RapsdOf::ChannelMean).mean);
    let refused = exact.merge(&scaled, true).unwrap_err().to_string();
    assert!(refused.contains("decode-scale is false in one and true in the other"), "{refused}");
}

/// Of a smaller image, too, the crop decodes only the columns that it takes.
#[test]
fn the_crop_of_a_smaller_image_is_that_of_all_of_it() {
    let bytes = jpeg(Size::new(260, 390), (Some((2, 2)), false));
    let folder = Folder::create();
    let path = folder.write("a.jpg", &bytes);
    let config = PreprocessConfig {
        transform: Transform::CenterCropDhariwal,
        size: Size::square(16),
        allow_upscale: false,
        drop_letterbox: false,
    };
    let working = |is_cropped: bool| {
        let mut decoder = Decoder::new();
        decoder.read(&path).unwrap();
        let decoded = decoder.decode_when(&scaled_for(16), |header| {
            let part = config.part(header.decoded_size);
            assert!(part.columns.len() < header.decoded_size.width);
            Ok(if is_cropped { part } else { specscan::dataset::Part::whole(header.decoded_size) })
        });
        let mut preprocessor = Preprocessor::new(config).unwrap();
        let mut views = preprocessor.apply(&decoded.unwrap().image).unwrap();
        views.next().unwrap().rows().flatten().copied().collect::<Vec<u8>>()
    };
    assert_eq!(working(true), working(false));
}
