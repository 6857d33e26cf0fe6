//! Images for tests: every one with something at every frequency, the same bytes in every run.

use std::fs;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// An image that has something at every frequency: gradients, an edge, a texture, all told by `seed`.
pub fn picture(width: u32, height: u32, seed: u32) -> RgbImage {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as f64 / 255.0 - 0.5
    };
    let s = f64::from(seed);
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let wave = (6.0 * u + s).sin() * (4.0 * v - 0.7 * s).cos();
        let edge = if u + 0.3 * v > 0.3 + 0.05 * (s % 9.0) { 35.0 } else { -35.0 };
        let base = 110.0 + 10.0 * (s * 1.7).sin() + 40.0 * wave + edge;
        let grain = noise();
        let channel =
            |tint: f64| (base + tint * 20.0 * (u - v) + 50.0 * grain + 12.0 * noise_of(x, y, seed, tint)) as u8;
        Rgb([channel(1.0), channel(-0.5), channel(0.3)])
    })
}

fn noise_of(x: u32, y: u32, seed: u32, tint: f64) -> f64 {
    let hash = (x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663) ^ seed.wrapping_mul(83_492_791))
        .wrapping_mul(2_246_822_519)
        .rotate_left((tint.abs() * 10.0) as u32);
    f64::from(hash >> 16) / 65_535.0 - 0.5
}

/// Writes `image` in the format its name says.
pub fn save(path: &Path, image: &DynamicImage) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
    let format = ImageFormat::from_path(path).expect("a format");
    image.save_with_format(path, format).expect("the image can be written");
}
