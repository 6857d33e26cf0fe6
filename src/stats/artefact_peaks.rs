//! Periodic artefacts of a whole set: modes of Γ that stand out of their surroundings at the frequencies where
//! upsampling networks (multiples of 1/2 and 1/4 cycles per pixel) and JPEG blocks (multiples of 1/8) leave their mark.
//!
//! # Definition
//!
//! At each mode whose frequencies are both multiples of 1/8, `e = (ln Γ[k] − m) / s`, where `m` is what the modes
//! around it lead to expect (a straight line in `ln f` through their `ln Γ`, by least squares, moved by the median of
//! what it misses) and `s` is 1.4826 times the median absolute deviation from that. Around it are the modes within a
//! radius of `L/16` wave numbers, and, as images have more power along the axes, on the same axis for modes on one and
//! off the axes for the others. A mode is a peak from `e = 6` on, if it also stands out by 1 dB.
//!
//! # References
//!
//! Checkerboards of upsampling networks: Odena et al. (2016), Durall et al. (2020).

use serde::Serialize;

use crate::spectral::Grid;

/// A mode that stands out by so many robust deviations is a peak.
pub const LEAST_DEVIATIONS: f64 = 6.0;
/// And by so many decibels.
const LEAST_DB: f64 = 1.0;
/// A surrounding of fewer modes says nothing.
const LEAST_SURROUNDING: usize = 8;
/// Frequencies are multiples of one over this.
const PERIOD: i64 = 8;
/// A median absolute deviation times this is a standard deviation of normal numbers.
const MAD_TO_STD: f64 = 1.4826;

/// A peak of Γ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ArtefactPeak {
    /// Vertical frequency, cycles per pixel.
    pub vertical_cycles_per_px: f64,
    /// Horizontal frequency, cycles per pixel.
    pub horizontal_cycles_per_px: f64,
    /// Γ over the median around it, dB.
    pub height_db: f64,
    /// Robust deviations above that median.
    pub deviations: f64,
}

/// The peaks of `power` (a half-spectrum), highest first; none where sides are no multiples of 8 pixels.
///
/// # Panics
///
/// If `power` does not hold one value per stored mode.
pub fn artefact_peaks(grid: &Grid, power: &[f64]) -> Vec<ArtefactPeak> {
    assert_eq!(power.len(), grid.n_modes(), "one power per stored mode");
    let size = grid.size();
    let (height, width) = (size.height as i64, size.width as i64);
    if height % PERIOD != 0 || width % PERIOD != 0 {
        return Vec::new();
    }
    let radius = (size.longer_side() as i64 / 16).max(2);
    let mut peaks = Vec::new();
    for kx in (0..=width / 2).step_by((width / PERIOD) as usize) {
        for ky in (-height / 2..height / 2).step_by((height / PERIOD) as usize) {
            // Of a mode and its conjugate in the same column one is enough.
            let is_repeated = (kx == 0 || 2 * kx == width) && ky > 0 && 2 * ky < height;
            if (ky, kx) == (0, 0) || is_repeated {
                continue;
            }
            peaks.extend(peak_at(grid, power, (ky, kx), radius));
        }
    }
    peaks.sort_by(|a: &ArtefactPeak, b| b.height_db.total_cmp(&a.height_db));
    peaks
}

fn peak_at(grid: &Grid, power: &[f64], (ky, kx): (i64, i64), radius: i64) -> Option<ArtefactPeak> {
    let (height, width) = (grid.size().height as i64, grid.size().width as i64);
    let value = power_at(grid, power, ky, kx);
    let frequency = |y: i64, x: i64| (folded(y, height)).hypot(folded(x, width));
    let mut around = Vec::new();
    for dy in -radius..=radius {
        for dx in -radius..=radius {
            let (y, x) = (ky + dy, kx + dx);
            let is_near = (dy, dx) != (0, 0) && dy * dy + dx * dx <= radius * radius;
            let same_axes = (y.rem_euclid(height) == 0) == (ky == 0) && (x.rem_euclid(width) == 0) == (kx == 0);
            let is_mark = y % (height / PERIOD) == 0 && x % (width / PERIOD) == 0;
            if is_near && same_axes && !is_mark {
                around.push((frequency(y, x), power_at(grid, power, y, x)));
            }
        }
    }
    around.retain(|(_, p)| *p > 0.0);
    if around.len() < LEAST_SURROUNDING || value.is_nan() || value <= 0.0 {
        return None;
    }
    let logarithms: Vec<(f64, f64)> = around.iter().map(|(f, p): &(f64, f64)| (f.ln(), p.ln())).collect();
    let slope = slope(&logarithms);
    let at = frequency(ky, kx).ln();
    // What each mode around leads to expect here.
    let mut expected: Vec<f64> = logarithms.iter().map(|(x, y)| y + slope * (at - x)).collect();
    let middle = median(&mut expected);
    let mut deviations: Vec<f64> = expected.iter().map(|value| (value - middle).abs()).collect();
    let spread = MAD_TO_STD * median(&mut deviations);
    let above = value.ln() - middle;
    let (height_db, deviations) = (10.0 * above / std::f64::consts::LN_10, above / spread);
    (deviations >= LEAST_DEVIATIONS && height_db >= LEAST_DB).then(|| ArtefactPeak {
        vertical_cycles_per_px: ky as f64 / height as f64,
        horizontal_cycles_per_px: kx as f64 / width as f64,
        height_db,
        deviations,
    })
}

/// Distance of a wave number from zero on an axis of `n` points, cycles per pixel.
fn folded(k: i64, n: i64) -> f64 {
    let k = k.rem_euclid(n);
    k.min(n - k) as f64 / n as f64
}

/// Slope of the line through points by least squares; zero where they lie above each other.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (xy, xx) = points.iter().fold((0.0, 0.0), |(xy, xx), p| (xy + (p.0 - x) * (p.1 - y), xx + (p.0 - x).powi(2)));
    if xx > 0.0 { xy / xx } else { 0.0 }
}

/// Power of a mode of the full plane, wave numbers modulo the size.
fn power_at(grid: &Grid, power: &[f64], ky: i64, kx: i64) -> f64 {
    let (height, width) = (grid.size().height as i64, grid.size().width as i64);
    let (mut y, mut x) = (ky.rem_euclid(height), kx.rem_euclid(width));
    if 2 * x > width {
        (y, x) = ((height - y) % height, width - x);
    }
    power[(x * height + y) as usize]
}

/// The median; sorts `values`, of which there is at least one.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    0.5 * (values[(n - 1) / 2] + values[n / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A power law with some noise.
    fn law(grid: &Grid) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let one = |f: &f64| f.max(0.01).powi(-2) * (0.2 * rng.random_range(-1.0..1.0_f64)).exp();
        grid.frequencies().iter().map(one).collect()
    }

    #[test]
    fn a_law_has_no_peaks_and_a_checkerboard_is_one() {
        let grid = Grid::new(Size::new(64, 128));
        let mut power = law(&grid);
        assert_eq!(artefact_peaks(&grid, &power), []);
        // Both Nyquist frequencies: column 64, row 32.
        power[64 * 64 + 32] *= 30.0;
        // A quarter of both, at negative vertical frequency: column 32, row 64 − 16.
        power[32 * 64 + 48] *= 10.0;
        let peaks = artefact_peaks(&grid, &power);
        let places: Vec<_> = peaks.iter().map(|p| (p.vertical_cycles_per_px, p.horizontal_cycles_per_px)).collect();
        assert_eq!(places, [(-0.5, 0.5), (-0.25, 0.25)]);
        assert!((peaks[0].height_db - 14.77).abs() <= 1.2 && peaks[0].deviations >= LEAST_DEVIATIONS, "{peaks:?}");
    }

    #[test]
    fn the_cross_along_the_axes_is_no_peak_and_a_jpeg_grid_on_it_is_one() {
        let grid = Grid::new(Size::square(128));
        let mut power = law(&grid);
        for (i, p) in power.iter_mut().enumerate() {
            let (ky, kx) = grid.wave_number(i);
            *p *= if ky == 0 || kx == 0 { 20.0 } else { 1.0 };
        }
        assert_eq!(artefact_peaks(&grid, &power), []);
        // One eighth on the horizontal axis: column 16, row 0.
        power[16 * 128] *= 8.0;
        let peaks = artefact_peaks(&grid, &power);
        assert_eq!(peaks.len(), 1, "{peaks:?}");
        assert_eq!((peaks[0].vertical_cycles_per_px, peaks[0].horizontal_cycles_per_px), (0.0, 0.125));
    }

    #[test]
    fn flat_odd_and_tiny_images_have_none() {
        for size in [Size::square(9), Size::new(16, 12), Size::square(1), Size::square(8)] {
            let grid = Grid::new(size);
            assert_eq!(artefact_peaks(&grid, &vec![0.0; grid.n_modes()]), []);
            assert_eq!(artefact_peaks(&grid, &vec![1.0; grid.n_modes()]), []);
        }
    }
}
