//! What the spectrum of a set would be at another size: reduced by area averages, or continued by its power law.
//!
//! # Definition
//!
//! At `M` pixels in place of `N` the same detail has the power `(M/N)²` of the orthonormal transform. Images of both
//! sizes are taken to be reduced from larger ones by area averages, which leave of the detail at `(u, v)` cycles per
//! pixel the share `sinc² u · sinc² v`, and of annulus `j` the mean of that over its modes, `T²_N(j)`: the low-pass
//! that every resampled image carries near its own Nyquist frequency. Latents are encoded at each size and have none:
//! `T² = 1`. The low-pass of the known size is undone, that of the other applied:
//! `R_M(j) = (M/N)² T²_M(j)/T²_N(j) R_N(j)`; detail beyond the lower Nyquist frequency is taken to be gone.
//!
//! Detail finer than the known follows the power law of `R_N/T²_N` (least squares of its logarithm, as
//! [`fit_radial`] has it): what larger photographs of the same kind would show. It is fitted up to a quarter of a cycle
//! per pixel, where `T²` is above 0.8 and other ways to reduce an image differ little from it.

use crate::spectral::{Channels, Grid, Size};
use crate::spectrum::RadialStatistics;
use crate::stats::power_law::{FitRange, PowerLawFit, fit_radial};

/// Frequency up to which the power law is fitted, cycles per pixel.
const HIGHEST_FITTED: f64 = 0.25;
/// Annuli that it is fitted to at the least.
const LEAST_FITTED: f64 = 3.0;

/// What becomes of detail near the Nyquist frequency when images of another size are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowPass {
    /// Images are reduced by area averages.
    AreaAverage,
    /// None: latents are encoded at each size.
    Absent,
}

impl LowPass {
    /// That of images, or latents, of such channels.
    pub fn of(channels: Channels) -> Self {
        if channels.are_latent() { Self::Absent } else { Self::AreaAverage }
    }

    /// `T²` of each annulus: the mean over its modes of what is left.
    fn transfer(self, side: usize) -> Vec<f64> {
        match self {
            Self::AreaAverage => area_average_transfer(side),
            Self::Absent => vec![1.0; side / 2 + 1],
        }
    }
}

/// The mean RAPSD (annuli `0 … ⌊N/2⌋`, value² per mode) of square images of `side` pixels as it would be at `new_side`:
/// the annuli that both sizes have.
pub fn resized_rapsd(rapsd: &[f64], low_pass: LowPass, side: usize, new_side: usize) -> Vec<f64> {
    let scale = (new_side as f64 / side as f64).powi(2);
    let [known, wanted] = [side, new_side].map(|side| low_pass.transfer(side));
    rapsd
        .iter()
        .zip(known.iter().zip(&wanted))
        .map(|(power, (known, wanted))| scale * power * (wanted / known))
        .collect()
}

/// As [`resized_rapsd`], of images on `grid` and with all annuli of the new size. None upwards where the power law
/// cannot be fitted.
pub fn continued_rapsd(grid: &Grid, rapsd: &[f64], low_pass: LowPass, new_side: usize) -> Option<Vec<f64>> {
    let side = grid.size().longer_side();
    let mut resized = resized_rapsd(rapsd, low_pass, side, new_side);
    if resized.len() <= new_side / 2 {
        let law = law_of_detail(grid, rapsd, low_pass)?;
        let scale = (law.amplitude * new_side as f64 / side as f64).powi(2);
        let finer = low_pass.transfer(new_side).into_iter().enumerate().skip(resized.len());
        resized.extend(finer.map(|(j, transfer)| scale * transfer * (j as f64 / side as f64).powf(-2.0 * law.delta)));
    }
    Some(resized)
}

/// The power law of a RAPSD without its low-pass.
fn law_of_detail(grid: &Grid, rapsd: &[f64], low_pass: LowPass) -> Option<PowerLawFit> {
    let side = grid.size().longer_side();
    let transfer = low_pass.transfer(side);
    let detail: Vec<f64> = rapsd.iter().zip(transfer).map(|(power, transfer)| power / transfer).collect();
    let whole = FitRange::for_size(grid.size());
    let range = match low_pass {
        LowPass::AreaAverage => FitRange { high_inclusive: HIGHEST_FITTED.max(LEAST_FITTED / side as f64), ..whole },
        LowPass::Absent => whole,
    };
    // Its interval would not be that of a prediction.
    let statistics = RadialStatistics::without_spread(detail.clone(), 0, 0);
    fit_radial(grid, &detail, &statistics, &range).ok()
}

/// `T²` of area averages.
fn area_average_transfer(side: usize) -> Vec<f64> {
    let grid = Grid::new(Size::square(side));
    let axis: Vec<f64> = (0..=side / 2).map(|k| sinc(k as f64 / side as f64).powi(2)).collect();
    let shares: Vec<f64> = (0..grid.n_modes())
        .map(|i| {
            let (ky, kx) = grid.wave_number(i);
            axis[ky.unsigned_abs() as usize] * axis[kx.unsigned_abs() as usize]
        })
        .collect();
    grid.radial_mean(&shares)
}

/// `sin(πx)/(πx)`.
fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle == 0.0 { 1.0 } else { angle.sin() / angle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::naive::{naive_dft, radial_mean};

    fn grid(side: usize) -> Grid {
        Grid::new(Size::square(side))
    }

    #[test]
    fn area_averages_have_the_predicted_power() {
        // Of a large plane with one wave of each low frequency: nothing beyond the lower Nyquist frequencies that could
        // fold.
        let (large, side, small) = (96, 24, 8);
        let rapsd = |side: usize, plane: &[f64]| {
            let power: Vec<f64> = naive_dft(Size::square(side), plane).iter().map(|x| x.norm_sqr()).collect();
            radial_mean(Size::square(side), &power)
        };
        for periods in 1..4 {
            let wave = |x: usize| (std::f64::consts::TAU * (periods * x) as f64 / large as f64 + 0.3).cos();
            let reduced = |side: usize| {
                let block = large / side;
                let mut plane = vec![0.0; side * side];
                for i in 0..large * large {
                    let value = wave(i % large) + wave(i / large);
                    plane[(i / large / block) * side + (i % large) / block] += value / (block * block) as f64;
                }
                plane
            };
            let (want, from) = (rapsd(small, &reduced(small)), rapsd(side, &reduced(side)));
            let got = resized_rapsd(&from, LowPass::AreaAverage, side, small);
            assert_eq!(got.len(), want.len());
            // The annulus holds other modes beside the waves', whose share differs a little.
            let ratio = got[periods] / want[periods];
            assert!((0.9..=1.1).contains(&ratio), "{periods}: {} and {}", got[periods], want[periods]);
            // And back: what both sizes have is the same again.
            let back = resized_rapsd(&got, LowPass::AreaAverage, small, side);
            assert!((back[periods] / from[periods] - 1.0).abs() <= 1e-12, "{periods}");
        }
    }

    #[test]
    fn a_power_law_seen_through_area_averages_stays_one_at_every_size() {
        // f^−2.4 through the low-pass of each size.
        let law = |side: usize| -> Vec<f64> {
            let grid = grid(side);
            let share = |k: i64| sinc(k as f64 / side as f64).powi(2);
            let power = |i: usize| {
                let ((ky, kx), f) = (grid.wave_number(i), grid.frequencies()[i]);
                0.01 * f.max(1e-9).powf(-2.4) * share(ky) * share(kx)
            };
            grid.radial_mean(&(0..grid.n_modes()).map(power).collect::<Vec<_>>())
        };
        let known = law(64);
        assert_eq!(continued_rapsd(&grid(64), &known, LowPass::AreaAverage, 64).expect("the same"), known);
        for side in [32, 65, 128, 256] {
            let got = continued_rapsd(&grid(64), &known, LowPass::AreaAverage, side).expect("a law");
            assert_eq!(got.len(), side / 2 + 1);
            // Power goes with the square of the side, and at the same detail the law with its 2.4th power.
            let gain = (side as f64 / 64.0).powf(2.0 - 2.4);
            for (j, (got, want)) in got.iter().zip(law(side)).enumerate().skip(1) {
                // Annulus means of a law are not quite the law at the middle of annuli.
                let ratio = got / want / gain;
                assert!((ratio - 1.0).abs() <= 0.03, "{side} px, {j}: {ratio}");
            }
        }
    }

    #[test]
    fn a_handful_of_annuli_is_enough_and_none_has_no_law() {
        let white = |side: usize| vec![1.0; side / 2 + 1];
        assert_eq!(continued_rapsd(&grid(8), &white(8), LowPass::AreaAverage, 16).map(|r| r.len()), Some(9));
        assert_eq!(continued_rapsd(&grid(4), &white(4), LowPass::AreaAverage, 8), None);
        assert_eq!(resized_rapsd(&white(4), LowPass::AreaAverage, 4, 8).len(), 3);
    }

    #[test]
    fn white_latents_are_white_at_every_size() {
        let white = vec![0.7; 17];
        for side in [16, 32, 64] {
            let got = continued_rapsd(&grid(32), &white, LowPass::Absent, side).expect("a law");
            let want = 0.7 * (side as f64 / 32.0).powi(2);
            assert_eq!(got.len(), side / 2 + 1);
            assert!(got.iter().skip(1).all(|power| (power / want - 1.0).abs() <= 1e-9), "{side}: {got:?}");
        }
    }
}
