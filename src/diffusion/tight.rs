//! Tight schedules: a noise schedule of an image's own, that spends its steps between the image's bounds.
//!
//! # Definition
//!
//! `t` runs from 0 (clean) to 1 (noise), `κ(t) = κ_min^{1−t} κ_max^t`, and `R̃` is the RAPSD made non-increasing in `f`
//! (the running maximum from high to low frequencies), interpolated linearly in `(ln f, ln R̃)`:
//!
//! ```text
//! λ(t) = −ln κ(t) − ln R̃(f(t))
//! frequency-focused   f(t) falls linearly from f_max (t = 0) to f_min (t = 1)
//! power-focused       f(t) = F⁻¹(1−t), F the distribution of the density R̃ on [f_min, f_max]
//! mixed               the mean of the two λ
//! ```
//!
//! with `f_min = 1/L`, `f_max = ⌊L/2⌋/L`. Last, λ is mapped affinely so that its ends are the bounds of the image,
//! floor included.
//!
//! # How F is inverted
//!
//! In closed form. Between two annuli `R̃ = R_j (f/f_j)^b`, so with `x = ln(f/f_j)` and `c = b + 1` the integral from
//! `f_j` is `R_j f_j · (e^{cx} − 1)/c` (`R_j f_j x` for `c = 0`), and its inverse is a logarithm: no grid, no
//! tolerance.
//!
//! # Invariants
//!
//! - `λ(0) = −2 ln σ_min` and `λ(1) = −2 ln σ_max`, bit for bit.
//! - λ is strictly decreasing: `ln κ(t)` rises strictly with t, and `ln R̃(f(t))` never falls, because `f(t)` never
//!   rises and R̃ never rises with f. Rounding cannot undo the latter, because its running maximum is kept. (With κ_min
//!   = κ_max the first reason is gone, and λ may rest where the spectrum is flat.)
//! - Bands without power count as 2⁻²² of the rounding power, far below what an 8-bit image resolves; so every value is
//!   finite.
//!
//! # References
//!
//! Spectrally-Guided Noise Schedules (arXiv 2603.19222).

use super::bounds::{ImageBounds, Kappa, NoiseRange, compute_bounds};
use super::convert::NoiseLevel;
use crate::spectral::named;

/// Where R̃ ends, as a share of the rounding power: 1.2e-12 for pixels in `[-1, 1]`.
const POWER_FLOOR: f64 = 1.0 / (1 << 22) as f64;

/// Most points of a schedule; beyond, neighbours could round to the same number.
pub const MAX_SCHEDULE_STEPS: usize = 100_000;

/// Where a tight schedule spends its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum ScheduleKind {
    /// Evenly over radial frequencies.
    Frequency,
    /// Evenly over power.
    Power,
    /// The mean logSNR of both.
    #[default]
    Mixed,
}

named!(ScheduleKind { Frequency = "frequency", Power = "power", Mixed = "mixed" });

/// What can be wrong with a request for tight schedules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TightError {
    /// Too few or too many points.
    #[error("a schedule has 2 to {MAX_SCHEDULE_STEPS} steps, not {0}")]
    Steps(usize),
    /// An image without any band.
    #[error("images of {0} pixel have no frequency but zero; a schedule needs 2 pixels or more")]
    TooSmall(usize),
}

/// What all schedules of one working size share.
#[derive(Debug, Clone)]
pub struct TightPlan {
    kappa: Kappa,
    rounding_power: f64,
    /// `f_j` and `ln f_j` of the annuli `1 … ⌊L/2⌋`.
    frequency: Vec<f64>,
    ln_frequency: Vec<f64>,
    t: Vec<f64>,
}

/// Scratch of one worker.
#[derive(Debug, Clone)]
pub struct TightWorkspace {
    /// ln R̃ of the annuli `1 … ⌊L/2⌋`.
    ln_power: Vec<f64>,
    /// ∫R̃ df from f_min to each annulus, over the largest R̃.
    cumulative: Vec<f64>,
}

/// The schedule of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct TightSchedule {
    /// Times from 0 (clean) to 1 (noise), evenly spaced.
    pub t: Vec<f64>,
    /// `λ(t)`, natural, strictly decreasing.
    pub logsnr: Vec<f64>,
}

impl TightPlan {
    /// Plans schedules of `n_steps` points for images whose longer side has `longer_side` pixels; `rounding_power` as
    /// in [`compute_bounds`].
    ///
    /// # Errors
    ///
    /// If there are fewer than 2 or too many points, or the images have one pixel.
    pub fn new(longer_side: usize, kappa: Kappa, rounding_power: f64, n_steps: usize) -> Result<Self, TightError> {
        if longer_side < 2 {
            return Err(TightError::TooSmall(longer_side));
        }
        if !(2..=MAX_SCHEDULE_STEPS).contains(&n_steps) {
            return Err(TightError::Steps(n_steps));
        }
        let frequency: Vec<f64> = (1..=longer_side / 2).map(|j| j as f64 / longer_side as f64).collect();
        let ln_frequency = frequency.iter().map(|f| f.ln()).collect();
        let t = (0..n_steps).map(|i| i as f64 / (n_steps - 1) as f64).collect();
        Ok(Self { kappa, rounding_power, frequency, ln_frequency, t })
    }

    /// The times of the points: from 0 to 1, evenly spaced.
    pub fn times(&self) -> &[f64] {
        &self.t
    }

    /// Scratch for one worker.
    pub fn workspace(&self) -> TightWorkspace {
        let n = self.frequency.len();
        TightWorkspace { ln_power: vec![0.0; n], cumulative: vec![0.0; n] }
    }

    /// The schedule of the image with this RAPSD (annuli `0 … ⌊L/2⌋`, value² per mode) into `logsnr`, and the image's
    /// bounds. A flat image leaves `logsnr` as it is. No allocation.
    ///
    /// # Panics
    ///
    /// If a slice or the workspace does not fit the plan, or as [`compute_bounds`].
    pub fn fill(
        &self,
        rapsd: &[f64],
        kind: ScheduleKind,
        workspace: &mut TightWorkspace,
        logsnr: &mut [f64],
    ) -> ImageBounds {
        assert_eq!(rapsd.len(), self.frequency.len() + 1, "one power per annulus of the plan");
        assert_eq!(logsnr.len(), self.t.len(), "one value per point of the plan");
        let bounds = compute_bounds(rapsd, self.kappa, self.rounding_power);
        if let ImageBounds::Range(range) = &bounds {
            self.prepare(&rapsd[1..], workspace);
            logsnr.fill(0.0);
            if kind != ScheduleKind::Power {
                self.add_frequency_focused(&workspace.ln_power, logsnr);
            }
            if kind != ScheduleKind::Frequency {
                self.add_power_focused(workspace, logsnr);
            }
            let weight = if kind == ScheduleKind::Mixed { 0.5 } else { 1.0 };
            for (l, &t) in logsnr.iter_mut().zip(&self.t) {
                *l = -self.kappa.ln_at(t) - weight * *l;
            }
            map_to_bounds(logsnr, &self.t, range);
        }
        bounds
    }

    /// The schedule of one image; `None` for a flat one. Allocates; for many images use [`TightPlan::fill`].
    ///
    /// # Panics
    ///
    /// As [`TightPlan::fill`].
    pub fn schedule(&self, rapsd: &[f64], kind: ScheduleKind) -> Option<TightSchedule> {
        let mut logsnr = vec![0.0; self.t.len()];
        match self.fill(rapsd, kind, &mut self.workspace(), &mut logsnr) {
            ImageBounds::Flat => None,
            ImageBounds::Range(_) => Some(TightSchedule { t: self.t.clone(), logsnr }),
        }
    }

    /// ln R̃ and its integral.
    fn prepare(&self, bands: &[f64], workspace: &mut TightWorkspace) {
        let mut highest = self.rounding_power * POWER_FLOOR;
        for (ln_power, &power) in workspace.ln_power.iter_mut().zip(bands).rev() {
            highest = power.max(highest);
            *ln_power = highest.ln();
        }
        // Relative to the strongest band, so that no power is too large or too small to add up.
        let strongest = workspace.ln_power[0];
        let mut total = 0.0;
        workspace.cumulative[0] = 0.0;
        for j in 0..bands.len() - 1 {
            let (c, width) = self.segment(j, &workspace.ln_power);
            total += (workspace.ln_power[j] - strongest).exp() * self.frequency[j] * growth(c, width);
            workspace.cumulative[j + 1] = total;
        }
    }

    /// Of the piece of R̃ from annulus index `j` to the next: `c = b + 1` with its exponent `b`, and its width in ln f.
    fn segment(&self, j: usize, ln_power: &[f64]) -> (f64, f64) {
        let width = self.ln_frequency[j + 1] - self.ln_frequency[j];
        (1.0 + (ln_power[j + 1] - ln_power[j]) / width, width)
    }

    /// Adds ln R̃(f(t)) of the frequency-focused schedule.
    fn add_frequency_focused(&self, ln_power: &[f64], out: &mut [f64]) {
        let (low, high) = (self.frequency[0], self.frequency[self.frequency.len() - 1]);
        let mut rising = RunningMaximum::default();
        let mut j = ln_power.len() - 1;
        for (value, &t) in out.iter_mut().zip(&self.t) {
            let f = high + (low - high) * t;
            while j > 0 && self.frequency[j] > f {
                j -= 1;
            }
            *value += rising.next(self.interpolate(j, f.ln() - self.ln_frequency[j], ln_power));
        }
    }

    /// Adds ln R̃(f(t)) of the power-focused schedule.
    fn add_power_focused(&self, workspace: &TightWorkspace, out: &mut [f64]) {
        let (ln_power, cumulative) = (&workspace.ln_power, &workspace.cumulative);
        let total = cumulative[cumulative.len() - 1];
        let mut rising = RunningMaximum::default();
        let mut j = ln_power.len() - 1;
        for (value, &t) in out.iter_mut().zip(&self.t) {
            let target = (1.0 - t) * total;
            while j > 0 && cumulative[j] > target {
                j -= 1;
            }
            let x = if j + 1 < ln_power.len() {
                let density = (ln_power[j] - ln_power[0]).exp() * self.frequency[j];
                inverse_growth(self.segment(j, ln_power).0, (target - cumulative[j]) / density)
            } else {
                0.0
            };
            *value += rising.next(self.interpolate(j, x, ln_power));
        }
    }

    /// ln R̃ at `x = ln(f/f_j)` beyond annulus index `j`.
    fn interpolate(&self, j: usize, x: f64, ln_power: &[f64]) -> f64 {
        if j + 1 >= ln_power.len() {
            return ln_power[j];
        }
        let (c, width) = self.segment(j, ln_power);
        // A quotient beyond the piece, or 0/0 in a piece of no weight, is rounding: the piece ends there.
        let x = if x.is_nan() { width } else { x.clamp(0.0, width) };
        ln_power[j] + (c - 1.0) * x
    }
}

/// Keeps rounding from lowering a sequence that cannot fall.
struct RunningMaximum(f64);

impl Default for RunningMaximum {
    fn default() -> Self {
        Self(f64::NEG_INFINITY)
    }
}

impl RunningMaximum {
    fn next(&mut self, value: f64) -> f64 {
        self.0 = self.0.max(value);
        self.0
    }
}

/// `(e^{cx} − 1)/c`, the integral of `e^{cx}` from 0.
fn growth(c: f64, x: f64) -> f64 {
    if c == 0.0 { x } else { (c * x).exp_m1() / c }
}

/// The `x` at which [`growth`] is `y`; beyond what a falling integrand can reach, infinite or NaN.
fn inverse_growth(c: f64, y: f64) -> f64 {
    if c == 0.0 { y } else { (c * y).ln_1p() / c }
}

/// Maps a decreasing λ so that its ends are those of `range`; a constant one (κ_min = κ_max on a flat spectrum) becomes
/// a straight line in t.
fn map_to_bounds(logsnr: &mut [f64], t: &[f64], range: &NoiseRange) {
    let (first, last) = (logsnr[0], logsnr[logsnr.len() - 1]);
    let (clean, noisy) = (range.logsnr_max(), range.logsnr_min());
    let span = last - first;
    for (l, &t) in logsnr.iter_mut().zip(t) {
        let share = if span < 0.0 { (*l - first) / span } else { t };
        *l = clean + share * (noisy - clean);
    }
    logsnr[0] = clean;
    if let Some(end) = logsnr.last_mut() {
        *end = noisy;
    }
}

impl TightSchedule {
    /// The same schedule at `n_steps` evenly spaced times (2 or more), linear in between; it stays strictly decreasing.
    pub fn resampled(&self, n_steps: usize) -> Self {
        let last = self.logsnr.len() - 1;
        let t: Vec<f64> = (0..n_steps).map(|i| i as f64 / (n_steps - 1) as f64).collect();
        let value = |t: &f64| {
            let at = t * last as f64;
            let i = (at as usize).min(last - 1);
            let share = at - i as f64;
            if share == 1.0 {
                self.logsnr[i + 1]
            } else {
                self.logsnr[i] + share * (self.logsnr[i + 1] - self.logsnr[i])
            }
        };
        let logsnr = t.iter().map(value).collect();
        Self { t, logsnr }
    }

    /// The noise levels, in order of t (ascending).
    pub fn levels(&self) -> impl ExactSizeIterator<Item = NoiseLevel> {
        // A schedule's logSNRs are numbers, never NaN.
        self.logsnr.iter().map(|&l| NoiseLevel::of_finite_logsnr(l))
    }

    /// EDM's sigmas, value, ascending.
    pub fn sigma(&self) -> Vec<f64> {
        self.levels().map(NoiseLevel::sigma).collect()
    }

    /// ᾱ of a variance-preserving schedule, descending.
    pub fn alpha_bar(&self) -> Vec<f64> {
        self.levels().map(NoiseLevel::alpha_bar).collect()
    }

    /// `(α, σ)` of a variance-preserving schedule.
    pub fn variance_preserving(&self) -> Vec<(f64, f64)> {
        self.levels().map(NoiseLevel::variance_preserving).collect()
    }

    /// Flow-matching times, ascending.
    pub fn flow_time(&self) -> Vec<f64> {
        self.levels().map(NoiseLevel::flow_time).collect()
    }
}

#[cfg(test)]
mod tests;
