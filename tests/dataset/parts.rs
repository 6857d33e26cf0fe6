//! Parts of images: the pixels are those of the whole, what lies outside is never looked at, and damage is found
//! wherever it is.

use mozjpeg::{ColorSpace, Compress};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use specscan::dataset::{
    Damaged, DecodeOptions, Decoder, Part, PreprocessConfig, Preprocessor, RgbImage, SkipReason, Transform,
};
use specscan::spectral::Size;

use crate::{Folder, gradient};

/// How a JPEG is coded: pixels of a sample of colour (none for grey), and whether in scans of increasing detail.
pub type Coding = (Option<(u8, u8)>, bool);

/// A JPEG of a noisy picture.
pub fn jpeg(size: Size, (colour, is_progressive): Coding) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let space = if colour.is_some() { ColorSpace::JCS_RGB } else { ColorSpace::JCS_GRAYSCALE };
    let mut compress = Compress::new(space);
    if !is_progressive {
        // MozJPEG's own defaults are progressive.
        compress.set_fastest_defaults();
    }
    compress.set_size(size.width, size.height);
    compress.set_quality(80.0);
    if let Some(pixels) = colour {
        compress.set_color_space(ColorSpace::JCS_YCbCr);
        compress.set_chroma_sampling_pixel_sizes(pixels, pixels);
    }
    if is_progressive {
        compress.set_progressive_mode();
    }
    let picture = gradient(size.width as u32, size.height as u32).into_rgb8();
    let n_channels = if colour.is_some() { 3 } else { 1 };
    let mut samples: Vec<u8> = picture.pixels().flat_map(|pixel| pixel.0[..n_channels].to_vec()).collect();
    samples.iter_mut().for_each(|sample| *sample = sample.wrapping_add(random.random_range(0..60)));
    let mut started = compress.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&samples).unwrap();
    let bytes = started.finish().unwrap();
    assert_eq!(bytes.windows(2).any(|pair| pair == [0xFF, 0xC2]), is_progressive, "the frame's marker");
    bytes
}

/// The pixels of `part` of an image.
fn pixels_of(image: &RgbImage<'_>, part: &Part) -> Vec<u8> {
    let row = |y: usize| &image.pixels[y * image.size.width * 3..][part.columns.start * 3..part.columns.end * 3];
    part.rows.clone().flat_map(row).copied().collect()
}

/// Decodes random parts of a file and compares every pixel with those of the whole.
pub fn assert_parts_are_those_of_the_whole(bytes: &[u8], options: &DecodeOptions, what: &str) {
    let folder = Folder::create();
    let path = folder.write("a.jpg", bytes);
    let mut whole = Decoder::new();
    whole.read(&path).unwrap();
    let whole = whole.decode(options).unwrap();
    let Size { height, width } = whole.image.size;
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for i in 0..60 {
        let mut range = |n: usize| {
            let (a, b) = (random.random_range(0..n), random.random_range(0..n));
            a.min(b)..a.max(b) + 1
        };
        let part = match i {
            0 => Part { columns: 0..1, rows: 0..height },
            1 => Part { columns: width - 1..width, rows: height - 1..height },
            2 => Part { columns: width / 2..width / 2 + 1, rows: 0..1 },
            _ => Part { columns: range(width), rows: range(height) },
        };
        // A decoder of its own: nothing is left in it from the part before.
        let mut decoder = Decoder::new();
        decoder.read(&path).unwrap();
        let found = decoder.decode_when(options, |_| Ok(part.clone())).unwrap();
        assert_eq!((found.image.size, found.warned), (whole.image.size, whole.warned), "{what}");
        let is_same = pixels_of(&found.image, &part) == pixels_of(&whole.image, &part);
        assert!(is_same, "{what}, {width}x{height}: {part:?}");
    }
}

#[test]
fn a_part_of_a_jpeg_has_the_pixels_of_the_whole() {
    let sizes = [(97, 131), (64, 96), (35, 200), (200, 9), (1, 77), (50, 1), (17, 3)];
    let colours = [Some((1, 1)), Some((2, 1)), Some((2, 2)), Some((4, 1)), Some((1, 2)), Some((4, 2)), None];
    for (height, width) in sizes {
        for colour in colours {
            for is_progressive in [false, true] {
                let bytes = jpeg(Size::new(height, width), (colour, is_progressive));
                let what = format!("{colour:?}, progressive {is_progressive}");
                assert_parts_are_those_of_the_whole(&bytes, &DecodeOptions::default(), &what);
            }
        }
    }
}

/// Where the `n`-th start of a scan is.
fn scan(bytes: &[u8], n: usize) -> usize {
    bytes.windows(2).enumerate().filter(|(_, pair)| *pair == [0xFF, 0xDA]).nth(n).unwrap().0
}

/// What scans leave open the decoder guesses from blocks around.
#[test]
fn a_part_of_an_unfinished_progressive_jpeg_has_the_pixels_of_the_whole() {
    for colour in [Some((1, 1)), Some((2, 2)), Some((4, 1)), None] {
        let whole = jpeg(Size::new(140, 230), (colour, true));
        let mut unfinished = whole[..scan(&whole, 2)].to_vec();
        unfinished.extend([0xFF, 0xD9]);
        for scaled_for_px in [None, Some(30), Some(10), Some(3)] {
            let options = DecodeOptions { scaled_for_px, ..DecodeOptions::default() };
            assert_parts_are_those_of_the_whole(&unfinished, &options, &format!("{colour:?}, unfinished"));
        }
    }
}

#[test]
fn damage_is_found_outside_the_part() {
    for (colour, is_progressive) in [(Some((2, 2)), false), (Some((1, 1)), false), (None, false), (Some((2, 2)), true)]
    {
        // Its last blocks show one row.
        let whole = jpeg(Size::new(129, 96), (colour, is_progressive));
        // The data of the last scan end three quarters down, or in its last blocks.
        let start = whole.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
        for end in [start + (whole.len() - start) * 3 / 4, whole.len() - 8] {
            let mut cut = whole[..end].to_vec();
            while cut.last() == Some(&0xFF) {
                cut.pop();
            }
            cut.extend([0xFF, 0xD9]);
            assert_damage_is_found(&cut);
        }
    }
}

/// Decodes parts of a damaged file of 129×96 pixels.
fn assert_damage_is_found(bytes: &[u8]) {
    let folder = Folder::create();
    let path = folder.write("a.jpg", bytes);
    let mut decoder = Decoder::new();
    for rows in [0..8, 0..32, 5..60, 5..112, 0..127, 120..129] {
        let part = Part { columns: 40..60, rows };
        decoder.read(&path).unwrap();
        let skipped = decoder.decode_when(&DecodeOptions::default(), |_| Ok(part.clone()));
        assert!(matches!(skipped, Err(SkipReason::Damaged { .. })), "{part:?}: {skipped:?}");
        decoder.read(&path).unwrap();
        let keep = DecodeOptions { damaged: Damaged::Keep, ..DecodeOptions::default() };
        assert!(decoder.decode_when(&keep, |_| Ok(part.clone())).unwrap().warned, "{part:?}");
    }
}

/// The working images of `image`, one after the other.
fn views(config: PreprocessConfig, image: &RgbImage<'_>) -> Result<Vec<u8>, SkipReason> {
    let mut preprocessor = Preprocessor::new(config).unwrap();
    Ok(preprocessor.apply(image)?.flat_map(|view| view.rows().flatten().copied().collect::<Vec<u8>>()).collect())
}

#[test]
fn what_lies_outside_the_part_is_never_looked_at() {
    let transforms =
        [Transform::CenterCropDhariwal, Transform::CenterCrop, Transform::Crop, Transform::Tile, Transform::None];
    let (mut n_smaller, mut n_accepted) = (0, 0);
    for (height, width) in [(60, 97), (97, 60), (31, 31), (16, 300), (300, 17), (131, 260), (40, 45), (16, 16), (9, 20)]
    {
        let size = Size::new(height, width);
        let pixels = gradient(width as u32, height as u32).into_bytes();
        for transform in transforms {
            for (allow_upscale, drop_letterbox) in [(false, false), (true, true)] {
                let config = PreprocessConfig { transform, size: Size::square(16), allow_upscale, drop_letterbox };
                let part = config.part(size);
                assert!(part.columns.end <= width && part.rows.end <= height, "{transform} {size}: {part:?}");
                let mut poisoned: Vec<u8> = pixels.iter().map(|sample| !sample).collect();
                for y in part.rows.clone() {
                    let row = (y * width + part.columns.start) * 3..(y * width + part.columns.end) * 3;
                    poisoned[row.clone()].copy_from_slice(&pixels[row]);
                }
                let expected = views(config, &RgbImage { size, pixels: &pixels });
                n_smaller += usize::from(part != Part::whole(size));
                n_accepted += usize::from(expected.is_ok());
                assert_eq!(views(config, &RgbImage { size, pixels: &poisoned }), expected, "{transform} {size}");
            }
        }
    }
    assert!(n_smaller > n_accepted / 2, "{n_smaller} of {n_accepted}");
}

#[test]
fn a_photograph_loses_the_columns_that_the_crop_does_not_take() {
    let config = |transform| PreprocessConfig {
        transform,
        size: Size::square(128),
        allow_upscale: false,
        drop_letterbox: false,
    };
    let photograph = Size::new(375, 500);
    // Halved to 250×187 and resampled to 171×128, whose columns 21 … 148 come from 29 … 219 of the half.
    let part = config(Transform::CenterCropDhariwal).part(photograph);
    assert_eq!(part, Part { columns: 58..440, rows: 0..375 });
    assert_eq!(config(Transform::CenterCrop).part(photograph), Part { columns: 62..437, rows: 0..375 });
    assert_eq!(config(Transform::Crop).part(photograph), Part { columns: 186..314, rows: 123..251 });
    assert_eq!(config(Transform::Tile).part(photograph), Part { columns: 0..384, rows: 0..256 });
    // Bars are looked for in the whole image.
    let judged = PreprocessConfig { drop_letterbox: true, ..config(Transform::Tile) };
    assert_eq!(judged.part(photograph), Part::whole(photograph));
}
