//! A photograph beside its spectrum, for contact sheets.

use rustfft::num_complex::Complex32;

use super::pixels::Pixels;
use super::style::{Colour, viridis};
use crate::spectral::fft2::Fft2Plan;
use crate::spectral::{Channels, Grid, Size, Window};

/// Longest side of either half, pixels: sheets show them smaller.
const LONGEST_PX: usize = 256;

/// White columns between the halves.
const GAP_PX: usize = 4;

/// Shares of the modes that are darker than the scale, and brighter.
const CLIPPED: (f64, f64) = (0.01, 0.001);

/// The image and, to its right, ln of the power of its Hann-windowed luma with the zero frequency in the middle. Both
/// are reduced to at most 256 pixels a side: means of pixels, and maxima of powers, so that no peak is lost.
///
/// # Panics
///
/// If the pixels do not hold the image.
pub fn beside_spectrum(image: &Pixels) -> Pixels {
    let size = Size::new(image.height, image.width);
    let levels = spectrum_levels(image, size);
    let by = size.longer_side().div_ceil(LONGEST_PX).max(1);
    let (height, width) = (size.height.div_ceil(by), size.width.div_ceil(by));
    let block = |x: usize, y: usize| {
        let columns = x * by..((x + 1) * by).min(size.width);
        (y * by..((y + 1) * by).min(size.height)).flat_map(move |y| columns.clone().map(move |x| y * size.width + x))
    };
    let mut rgb = Vec::with_capacity(3 * height * (2 * width + GAP_PX));
    for y in 0..height {
        for x in 0..width {
            let n = block(x, y).count();
            rgb.extend([0, 1, 2].map(|c| {
                let sum: usize = block(x, y).map(|i| usize::from(image.rgb[3 * i + c])).sum();
                ((sum + n / 2) / n) as u8
            }));
        }
        rgb.extend([255; 3 * GAP_PX]);
        for x in 0..width {
            let Colour(r, g, b) = viridis(block(x, y).map(|i| levels[i]).fold(0.0, f64::max));
            rgb.extend([r, g, b]);
        }
    }
    Pixels { width: 2 * width + GAP_PX, height, rgb }
}

/// Place on a scale of 0 … 1 of each mode's ln power, rows from the top, zero frequency in the middle.
fn spectrum_levels(image: &Pixels, size: Size) -> Vec<f64> {
    let mut plane = vec![0.0f32; size.n_pixels()];
    Channels::Luma.split(image.rgb.chunks_exact(3 * size.width), size.n_pixels(), &mut plane);
    let mean = (plane.iter().map(|v| f64::from(*v)).sum::<f64>() / plane.len() as f64) as f32;
    let weights = Window::Hann.weights(size);
    for (i, v) in plane.iter_mut().enumerate() {
        *v = (*v - mean) * weights.as_ref().map_or(1.0, |w| w[i]);
    }
    let plan = Fft2Plan::new(size);
    let mut spectrum = vec![Complex32::default(); plan.n_modes()];
    plan.forward(&plane, &mut spectrum, &mut plan.workspace());
    let half: Vec<f64> = spectrum.iter().map(|x| f64::from(x.norm_sqr()).max(1.0).ln()).collect();
    let full = Grid::new(size).to_full_plane(&half);
    let mut sorted = full.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64) as usize];
    let (low, high) = (at(CLIPPED.0), at(1.0 - CLIPPED.1));
    let width = (high - low).max(1e-9);
    let shifted = |i: usize| {
        let (y, x) = (i / size.width, i % size.width);
        let (ky, kx) = ((y + size.height.div_ceil(2)) % size.height, (x + size.width.div_ceil(2)) % size.width);
        ((full[ky * size.width + kx] - low) / width).clamp(0.0, 1.0)
    };
    (0..size.n_pixels()).map(shifted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_left_is_the_image_and_a_stripe_is_a_bright_point_on_the_right() {
        // A period of 4 columns has its modes a quarter of the width to either side of the middle.
        let value = |x: usize| [40u8, 120, 200, 120][x % 4];
        let rgb: Vec<u8> = (0..32 * 24).flat_map(|i| [value(i % 32); 3]).collect();
        let pair = beside_spectrum(&Pixels { width: 32, height: 24, rgb: rgb.clone() });
        assert_eq!((pair.width, pair.height), (68, 24));
        let row = |y: usize| &pair.rgb[3 * 68 * y..][..3 * 68];
        assert!((0..24).all(|y| row(y)[..96] == rgb[96 * y..][..96]));
        let colour = |x: usize| {
            let at = 3 * (36 + x);
            Colour(row(12)[at], row(12)[at + 1], row(12)[at + 2])
        };
        assert_eq!([8, 24, 4].map(colour), [viridis(1.0), viridis(1.0), viridis(0.0)]);
    }

    #[test]
    fn large_images_are_reduced_and_any_size_is_shown() {
        for (width, height, reduced) in [(1, 1, (6, 1)), (700, 300, (472, 100)), (257, 3, (262, 2))] {
            let pair = beside_spectrum(&Pixels { width, height, rgb: vec![90; 3 * width * height] });
            assert_eq!((pair.width, pair.height), reduced);
            assert_eq!(pair.rgb.len(), 3 * pair.width * pair.height);
        }
    }
}
