//! The reach: the highest frequency at which an image still has the power that its low frequencies promise.
//!
//! # Definition
//!
//! A power law is fitted to the windowed RAPSD on `4/L ≤ f ≤ 0.1` (least squares of ln R on ln f). The reach is the
//! highest annulus whose level above that law, averaged over a quarter octave, exceeds −18 dB, and whose power exceeds
//! four times that of rounding. With −12 dB this is the usual detector; photographs that are merely steep make it
//! alarm, and the JPEG floor silences it, so here it only takes the clear cases and leaves the rest to the
//! [knee](super::knee). Images with too few annuli for a law are judged by their power alone.

use super::windowed::FIRST_ANNULUS;

/// Level below the power law that counts as empty, dB.
const EMPTY_DB: f64 = -18.0;
/// Highest frequency of the fit, cycles per pixel.
const FIT_HIGH_CYCLES_PER_PX: f64 = 0.1;
/// Half the width of the moving average, octaves.
const HALF_WIDTH_OCTAVES: f64 = 0.125;
/// Annuli from which the law of the low frequencies can be trusted: images of 90 pixels have six. On fewer its slope is
/// mostly noise, and one photograph in ten of 64 pixels would be called soft.
const LEAST_LAW_ANNULI: usize = 6;
/// Power that counts as there, in units of the rounding power.
const LEAST_ROUNDINGS: f64 = 4.0;

/// What one longer side needs.
#[derive(Debug, Clone)]
pub struct ReachPlan {
    rounding_power: f64,
    /// Frequencies of the annuli from 1 upwards, and their logarithms.
    frequency: Vec<f64>,
    ln_frequency: Vec<f64>,
    /// Last annulus of the fit.
    fit_last: usize,
}

impl ReachPlan {
    /// Plans RAPSDs of images whose longer side has `longer_side_px` pixels; `rounding_power` is that of their pixel
    /// range.
    pub fn new(longer_side_px: usize, rounding_power: f64) -> Self {
        let l = longer_side_px as f64;
        let frequency: Vec<f64> = (1..=longer_side_px / 2).map(|j| j as f64 / l).collect();
        let ln_frequency = frequency.iter().map(|f| f.ln()).collect();
        let fit_last = frequency.partition_point(|f| *f <= FIT_HIGH_CYCLES_PER_PX);
        Self { rounding_power, frequency, ln_frequency, fit_last }
    }

    pub(super) fn rounding_power(&self) -> f64 {
        self.rounding_power
    }

    /// The reach of a RAPSD (annuli `0 … ⌊L/2⌋`, value² per mode; the same in dB), cycles per pixel; 0 if nothing is
    /// there. `None` if the fit has fewer than three annuli, or one without power.
    pub fn frequency(&self, rapsd: &[f64], power_db: &[f64]) -> Option<f64> {
        let fit = FIRST_ANNULUS..self.fit_last + 1;
        if fit.len() < 3 || !rapsd[fit.clone()].iter().all(|p| *p > 0.0) {
            return None;
        }
        let has_law = fit.len() >= LEAST_LAW_ANNULI;
        let (intercept, slope) = self.line(fit, power_db);
        let above = |j: usize| power_db[j] - intercept - slope * self.ln_frequency[j - 1];
        let reached = |j: &usize| {
            let half_width = HALF_WIDTH_OCTAVES.exp2();
            let centre = self.frequency[*j - 1];
            let low = self.frequency.partition_point(|f| *f <= centre / half_width) + 1;
            let high = self.frequency.partition_point(|f| *f <= centre * half_width);
            let mean = (low..=high).map(above).sum::<f64>() / (high + 1 - low) as f64;
            (mean > EMPTY_DB || !has_law) && rapsd[*j] > LEAST_ROUNDINGS * self.rounding_power
        };
        let highest = (1..=self.frequency.len()).rev().find(reached);
        highest.map(|j| self.frequency[j - 1])
    }

    /// The fitted law in dB: value at ln f = 0, and slope.
    fn line(&self, annuli: std::ops::Range<usize>, power_db: &[f64]) -> (f64, f64) {
        let n = annuli.len() as f64;
        let mean_x = annuli.clone().map(|j| self.ln_frequency[j - 1]).sum::<f64>() / n;
        let mean_y = annuli.clone().map(|j| power_db[j]).sum::<f64>() / n;
        let (mut xx, mut xy) = (0.0, 0.0);
        for j in annuli {
            let x = self.ln_frequency[j - 1] - mean_x;
            xx += x * x;
            xy += x * (power_db[j] - mean_y);
        }
        let slope = xy / xx;
        (mean_y - slope * mean_x, slope)
    }
}
