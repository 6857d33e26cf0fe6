//! From pixels to working images: Pillow's answers, the geometry of crops and tiles, refusals, letterbox bars, and the
//! choice of the size.

use std::fs;

use specscan::dataset::{
    AutoResolution, DecodeOptions, Decoder, PreprocessConfig, PreprocessError, Preprocessor, ResolutionError, RgbImage,
    SkipReason, Transform, View, choose_resolution, is_letterboxed,
};
use specscan::spectral::{Named, Size};

use crate::{Folder, crc32, difference, gradient, jpeg, png, repository};

fn config(transform: Transform, size: Size) -> PreprocessConfig {
    PreprocessConfig { transform, size, allow_upscale: false, drop_letterbox: false }
}

fn preprocessor(transform: Transform, size: Size) -> Preprocessor {
    Preprocessor::new(config(transform, size)).unwrap()
}

fn bytes_of(view: &View<'_>) -> Vec<u8> {
    view.rows().flatten().copied().collect()
}

/// The single working image of `image`.
fn apply(preprocessor: &mut Preprocessor, size: Size, pixels: &[u8]) -> Result<Vec<u8>, SkipReason> {
    let mut views = preprocessor.apply(&RgbImage { size, pixels })?;
    assert_eq!(views.len(), 1);
    Ok(bytes_of(&views.next().unwrap()))
}

/// Size and pixels of a fixture photograph.
fn photo(name: &str) -> (Size, Vec<u8>) {
    let mut decoder = Decoder::new();
    decoder.read(&repository("fixtures/photos").join(name)).unwrap();
    let decoded = decoder.decode(&DecodeOptions::default()).unwrap();
    (decoded.image.size, decoded.image.pixels.to_vec())
}

#[test]
fn resized_crops_are_pillows_bit_for_bit() {
    let table = fs::read_to_string(repository("tests/reference/crops.csv")).unwrap();
    let mut n_crops = 0;
    for line in table.lines().skip(1) {
        let [name, transform, side, expected] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let (size, pixels) = match name.strip_prefix("gradient-") {
            Some(sides) => {
                let (width, height) = sides.split_once('x').unwrap();
                let (width, height) = (width.parse().unwrap(), height.parse().unwrap());
                (Size::new(height as usize, width as usize), gradient(width, height).into_bytes())
            }
            None => photo(name),
        };
        let mut preprocessor =
            preprocessor(Transform::from_name(transform).unwrap(), Size::square(side.parse().unwrap()));
        let crop = apply(&mut preprocessor, size, &pixels).unwrap();
        assert_eq!(format!("{:08x}", crc32(&crop)), expected, "{line}");
        n_crops += 1;
    }
    // Of the gradients two are tall enough for Pillow 13 to resample their columns first.
    assert_eq!(n_crops, (9 * 6 + 5 * 3) * 2);
}

#[test]
fn crops_of_every_photograph_are_close_to_pillows() {
    let mut n_photos = 0;
    for entry in fs::read_dir(repository("fixtures/photos")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".md") {
            continue;
        }
        let (size, pixels) = photo(name);
        for transform in [Transform::CenterCropDhariwal, Transform::CenterCrop] {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let reference = repository("tests/reference").join(format!("{stem}.{transform}.png"));
            let expected = image::open(reference).unwrap().into_rgb8();
            let crop = apply(&mut preprocessor(transform, Size::square(64)), size, &pixels).unwrap();

            let found = difference(&crop, &expected);
            assert_eq!(found, 0, "{name} {transform}");
        }
        n_photos += 1;
    }
    assert_eq!(n_photos, 12);
}

#[test]
fn buffers_do_not_carry_over_between_images() {
    let mut shared = preprocessor(Transform::CenterCropDhariwal, Size::square(20));
    let images: Vec<_> = [(200, 131), (20, 20), (21, 90), (41, 40), (333, 70)].map(|(w, h)| gradient(w, h)).into();
    for image in images.iter().chain(images.iter().rev()) {
        let size = Size::new(image.height() as usize, image.width() as usize);
        let alone = apply(&mut preprocessor(Transform::CenterCropDhariwal, Size::square(20)), size, image.as_bytes());
        assert_eq!(apply(&mut shared, size, image.as_bytes()), alone);
    }
}

#[test]
fn a_constant_image_stays_constant() {
    let pixels = [17u8, 200, 255].repeat(97 * 61);
    for transform in [Transform::CenterCropDhariwal, Transform::CenterCrop] {
        for side in [1, 2, 7, 30, 61] {
            let crop = apply(&mut preprocessor(transform, Size::square(side)), Size::new(61, 97), &pixels).unwrap();
            assert_eq!(crop, [17u8, 200, 255].repeat(side * side), "{transform} {side}");
        }
    }
}

#[test]
fn crops_and_tiles_are_windows_onto_the_image() {
    let image = gradient(13, 8);
    let (size, pixels) = (Size::new(8, 13), image.as_bytes());
    let window = |x: u32, y: u32, w: u32, h: u32| image.crop_imm(x, y, w, h).into_bytes();
    let mut crop = preprocessor(Transform::Crop, Size::new(3, 4));
    let view = crop.apply(&RgbImage { size, pixels }).unwrap().next().unwrap();
    assert_eq!((view.x_px, view.y_px, bytes_of(&view)), (4, 2, window(4, 2, 4, 3)));
    let mut tile = preprocessor(Transform::Tile, Size::new(3, 4));
    let tiles: Vec<_> = tile.apply(&RgbImage { size, pixels }).unwrap().collect();
    let origins: Vec<_> = tiles.iter().map(|view| (view.x_px, view.y_px)).collect();
    assert_eq!(origins, [(0, 0), (4, 0), (8, 0), (0, 3), (4, 3), (8, 3)]);
    for view in tiles {
        assert_eq!(view.size(), Size::new(3, 4));
        assert_eq!(bytes_of(&view), window(view.x_px as u32, view.y_px as u32, 4, 3));
        assert_eq!(view.row(1), view.rows().nth(1).unwrap());
    }
}

#[test]
fn an_image_of_the_working_size_is_not_copied() {
    let image = gradient(12, 12);
    let (size, pixels) = (Size::square(12), image.as_bytes());
    for transform in Transform::ALL {
        let mut preprocessor = preprocessor(transform, size);
        let view = preprocessor.apply(&RgbImage { size, pixels }).unwrap().next().unwrap();
        assert_eq!(view.row(0).as_ptr(), pixels.as_ptr(), "{transform}");
        assert_eq!(bytes_of(&view), pixels);
    }
}

#[test]
fn images_that_do_not_fit_are_skipped_with_both_sizes() {
    let image = gradient(30, 20);
    let (size, pixels) = (Size::new(20, 30), image.as_bytes());
    for (transform, option) in [
        (Transform::CenterCropDhariwal, "--allow-upscale"),
        (Transform::CenterCrop, "--allow-upscale"),
        (Transform::Crop, "--resolution"),
        (Transform::Tile, "--resolution"),
        (Transform::None, "--transform"),
    ] {
        let reason = apply(&mut preprocessor(transform, Size::square(21)), size, pixels).unwrap_err().to_string();
        for part in ["30×20", "21×21", option] {
            assert!(reason.contains(part), "{transform}: {reason}");
        }
    }
    assert!(apply(&mut preprocessor(Transform::None, size), size, pixels).is_ok());
    for transform in [Transform::CenterCropDhariwal, Transform::CenterCrop] {
        let config = PreprocessConfig { allow_upscale: true, ..config(transform, Size::square(45)) };
        let enlarged = apply(&mut Preprocessor::new(config).unwrap(), size, pixels).unwrap();
        assert_eq!(enlarged.len(), 45 * 45 * 3);
    }
}

#[test]
fn transforms_go_by_the_names_of_the_command_line() {
    for transform in Transform::ALL {
        assert_eq!(Transform::from_name(&transform.to_string()), Some(transform));
    }
    assert_eq!(Transform::from_name("adm"), Some(Transform::CenterCropDhariwal));
    assert_eq!(Transform::from_name("resize"), None);
    let oblong = config(Transform::CenterCrop, Size::new(4, 5)).validate();
    assert!(matches!(oblong, Err(PreprocessError::NotSquare { .. })));
    assert!(config(Transform::Tile, Size::new(4, 5)).validate().is_ok());
    assert!(matches!(config(Transform::Tile, Size::new(0, 5)).validate(), Err(PreprocessError::ZeroSize(_))));
}

/// A photograph of 60×64 pixels with bars of 10 rows (or columns) above and below (or left and right).
fn barred(color: [u8; 3], noise: i32, upright: bool) -> Vec<u8> {
    let picture = gradient(64, 64);
    let mut pixels = picture.into_bytes();
    for (i, pixel) in pixels.chunks_exact_mut(3).enumerate() {
        let (y, x) = (i / 64, i % 64);
        let across = if upright { x } else { y };
        if !(10..54).contains(&across) {
            let noise = (i as i32 * 7919) % (2 * noise + 1) - noise;
            pixel.copy_from_slice(&color.map(|c| (i32::from(c) + noise).clamp(0, 255) as u8));
        }
    }
    pixels
}

#[test]
fn bars_on_opposite_sides_are_found() {
    let size = Size::square(64);
    for upright in [false, true] {
        for color in [[0, 0, 0], [255, 255, 255], [40, 90, 20]] {
            let pixels = barred(color, 4, upright);
            assert!(is_letterboxed(&View::whole(&pixels, size)), "{color:?} {upright}");
            let config = PreprocessConfig { drop_letterbox: true, ..config(Transform::None, size) };
            let reason = apply(&mut Preprocessor::new(config).unwrap(), size, &pixels).unwrap_err();
            assert_eq!(reason, SkipReason::Letterboxed);
        }
    }
    // Noise is no bar, nor is one bar, nor are two of different colours, nor is a constant image, nor a disc on a plain
    // ground.
    assert!(!is_letterboxed(&View::whole(&barred([128; 3], 40, false), size)));
    let picture = gradient(64, 64).into_bytes();
    let mut one_bar = barred([0; 3], 0, false);
    one_bar[32 * 64 * 3..].copy_from_slice(&picture[32 * 64 * 3..]);
    assert!(!is_letterboxed(&View::whole(&one_bar, size)));
    let mut two_colors = barred([0; 3], 0, false);
    two_colors[54 * 64 * 3..].fill(255);
    assert!(!is_letterboxed(&View::whole(&two_colors, size)));
    assert!(!is_letterboxed(&View::whole(&[7; 64 * 64 * 3], size)));
    let disc: Vec<u8> = (0..64 * 64)
        .flat_map(|i: i32| if (i / 64 - 32).pow(2) + (i % 64 - 32).pow(2) < 400 { [200, 30, 90] } else { [255; 3] })
        .collect();
    assert!(!is_letterboxed(&View::whole(&disc, size)));
    assert!(!is_letterboxed(&View::whole(&[1, 2, 3], Size::square(1))));
}

#[test]
fn no_photograph_is_letterboxed() {
    for entry in fs::read_dir(repository("fixtures/photos")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".md") {
            continue;
        }
        let (size, pixels) = photo(name);
        assert!(!is_letterboxed(&View::whole(&pixels, size)), "{name}");
        for side in [256, 64] {
            let crop =
                apply(&mut preprocessor(Transform::CenterCropDhariwal, Size::square(side)), size, &pixels).unwrap();
            assert!(!is_letterboxed(&View::whole(&crop, Size::square(side))), "{name} {side}");
        }
    }
}

#[test]
fn the_size_is_what_the_headers_agree_on() {
    let options = DecodeOptions::default();
    let folder = Folder::create();
    for i in 0..100 {
        folder.write(&format!("{i:03}.png"), &png(30, 20));
    }
    folder.write("bad.png", b"no image");
    let choose = |folder: &Folder| choose_resolution(&folder.list().files, &options, 4).unwrap();
    let auto = choose(&folder);
    assert_eq!((auto.size, auto.sizes_agree, auto.headers.len()), (Size::new(20, 30), true, 100));
    assert_eq!(auto.describe(), "working size 30×20: that of all 100 images looked at, 1 without a readable header");
    // One of a hundred may be smaller.
    folder.write("099.png", &png(17, 40));
    assert_eq!((choose(&folder).size, choose(&folder).sizes_agree), (Size::square(20), false));
    folder.write("098.png", &png(16, 40));
    assert_eq!(choose(&folder).size, Size::square(17));
    let said = "99 of 100 reach it by their headers, 1 without a readable header; the smallest, 098.png, is 16×40";
    assert!(choose(&folder).describe().contains(said));

    let large = Folder::create();
    large.write("1.jpg", &jpeg(300, 280));
    for (name, side, expected) in [("2.jpg", 290, 256), ("3.jpg", 255, 192), ("4.jpg", 96, 96), ("5.jpg", 33, 32)] {
        large.write(name, &jpeg(300, side));
        assert_eq!(choose(&large).size, Size::square(expected));
    }
    assert!(
        choose(&large).describe().starts_with("working size 32×32: sizes differ, 5 of 5 reach it by their headers (")
    );

    // What is held down to less than half of most sides by a few, with the size that most have.
    let held_down = |side: usize, sides: &[(usize, usize)]| {
        let header = |(n, side): &(usize, usize)| vec![(String::new(), Size::new(*side, 2 * side)); *n];
        let headers = sides.iter().flat_map(header).collect();
        AutoResolution { size: Size::square(side), sizes_agree: false, headers, n_unreadable: 0 }.held_down()
    };
    let said = held_down(96, &[(111, 375), (2, 100)]).unwrap();
    for part in ["96×96", "375 px", "--resolution 256", "the 2 of 113 images"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(held_down(192, &[(111, 375), (2, 200)]), None, "not less than half");
    assert_eq!(held_down(1024, &[(5, 3000), (5, 4000)]), None, "no size in use is larger");
    assert_eq!(held_down(20, &[(5, 30), (5, 31)]), None);

    let bad = Folder::create();
    bad.write("bad.png", b"no image");
    let error = choose_resolution(&bad.list().files, &options, 1).unwrap_err();
    assert!(matches!(error, ResolutionError::NoHeader { n_tried: 1, .. }));
    assert!(error.to_string().contains("bad.png") && !error.to_string().contains("--resolution"), "{error}");
}
