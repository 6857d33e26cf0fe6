//! What happens to images: kinds of damage that several tests plant.
//!
//! Images are scaled and blurred through `DynamicImage`, which is compiled with the library and not with the tests, and
//! so with all optimisation.

// Each test takes some of them.
#![allow(dead_code)]

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, Rgb, RgbImage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

pub type Damage = fn(&RgbImage) -> RgbImage;

pub fn jpeg(image: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).expect("encodes");
    image::load(Cursor::new(bytes), image::ImageFormat::Jpeg).expect("decodes").to_rgb8()
}

pub fn resized(image: &RgbImage, width: u32, height: u32, filter: FilterType) -> RgbImage {
    DynamicImage::from(image.clone()).resize_exact(width, height, filter).into_rgb8()
}

pub fn blurred(image: &RgbImage, sigma_px: f32) -> RgbImage {
    DynamicImage::from(image.clone()).blur(sigma_px).into_rgb8()
}

/// Reduced by a factor and enlarged again by the same, the sides rounded up in between.
pub fn enlarged(image: &RgbImage, factor: f64, filter: FilterType) -> RgbImage {
    let (width, height) = image.dimensions();
    let small = |side: u32| (f64::from(side) / factor).ceil() as u32;
    // Whole multiples, so that an enlargement by 2 is one.
    let (w, h) = (small(width), small(height));
    let large = |side: u32| (f64::from(side) * factor) as u32;
    let reduced = resized(image, w, h, FilterType::CatmullRom);
    resized(&reduced, large(w), large(h), filter)
}

/// Every pixel put through `of`, codes.
pub fn map(image: &RgbImage, mut of: impl FnMut([f64; 3]) -> [f64; 3]) -> RgbImage {
    let mut mapped = image.clone();
    for pixel in mapped.pixels_mut() {
        *pixel = Rgb(of(pixel.0.map(f64::from)).map(|v| v.round().clamp(0.0, 255.0) as u8));
    }
    mapped
}

/// White noise of that standard deviation, codes.
pub fn noisy(image: &RgbImage, deviation: f64) -> RgbImage {
    let mut random = ChaCha8Rng::seed_from_u64(u64::from(image.get_pixel(0, 0).0[0]));
    let normal = Normal::new(0.0, deviation).expect("a deviation");
    map(image, |p| p.map(|v| v + normal.sample(&mut random)))
}
