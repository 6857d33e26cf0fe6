//! The knee: where a spectrum drops away from its power law, as only resampling and blur make it drop.
//!
//! # Definition
//!
//! In decibels, over the annuli from 4 upwards, two models compete:
//!
//! ```text
//! plain   y(f) = a + b ln f
//! knee    y(f) = a + b ln f + 10 log₁₀( δ + (1−δ) · 2^{−(f/f_c)⁸} )
//! ```
//!
//! The second is a low-pass of half-power frequency `f_c`, over a floor δ that noise, rounding or JPEG put in
//! afterwards. Both are fitted by least squares with the weight 1/f (every octave counts the same) and a weak prior on
//! the slope, the one photographs have, so that a drop is not explained by a steeper law. With `r₀` and `r₁` their mean
//! squared residuals in dB², the score is `(r₀ − r₁)/√(r₁ + 0.01)`: the misfit that a knee takes away, in units of the
//! one it leaves. A score above [`LEAST_SCORE`] is a knee; the threshold leaves about 3 % of photographs, native or
//! scaled down, or compressed at JPEG quality 75 or 90, with one.
//!
//! # Cost
//!
//! Projections on 120 planned templates: no transcendental function per image.

use super::windowed::FIRST_ANNULUS;

/// Score from which a drop is a knee.
pub const LEAST_SCORE: f64 = 2.6;

/// Slope of photographs, dB per unit of ln f (power ~ f^−2.5), and the weight of that prior beside data of weight one.
const PRIOR_SLOPE_DB: f64 = -10.9;
const PRIOR_WEIGHT: f64 = 0.1;

const N_CUTOFFS: usize = 24;
const CUTOFFS_CYCLES_PER_PX: (f64, f64) = (0.08, 0.45);
const FLOORS: [f64; 5] = [1e-3, 1e-2, 3e-2, 0.1, 0.3];
const ORDER: i32 = 8;

/// Residual that measures nothing, dB².
const RESIDUAL_FLOOR: f64 = 0.01;

/// The templates of one longer side.
#[derive(Debug, Clone)]
pub struct KneePlan {
    weight: Vec<f64>,
    /// ln f around its weighted mean.
    x: Vec<f64>,
    slope_norm: f64,
    templates: Vec<Template>,
}

#[derive(Debug, Clone)]
struct Template {
    frequency_cycles_per_px: f64,
    /// Weight times residual of the template after its own best line.
    weighted: Vec<f64>,
    /// Slope of that line.
    slope: f64,
    /// Its mean squared residual, prior included, dB².
    square: f64,
}

/// A knee that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// Half-power frequency of the drop, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// How much better a spectrum with a knee fits.
    pub score: f64,
}

impl KneePlan {
    /// Plans RAPSDs of images whose longer side has `longer_side_px` pixels.
    ///
    /// # Panics
    ///
    /// If that leaves fewer than three annuli.
    pub fn new(longer_side_px: usize) -> Self {
        let last = longer_side_px / 2;
        assert!(last >= FIRST_ANNULUS + 2, "enough annuli for a line");
        let f: Vec<f64> = (FIRST_ANNULUS..=last).map(|j| j as f64 / longer_side_px as f64).collect();
        let total: f64 = f.iter().map(|f| 1.0 / f).sum();
        let weight: Vec<f64> = f.iter().map(|f| 1.0 / f / total).collect();
        let middle: f64 = f.iter().zip(&weight).map(|(f, w)| w * f.ln()).sum();
        let x: Vec<f64> = f.iter().map(|f| f.ln() - middle).collect();
        let slope_norm = x.iter().zip(&weight).map(|(x, w)| w * x * x).sum::<f64>() + PRIOR_WEIGHT;
        let mut plan = Self { weight, x, slope_norm, templates: Vec::new() };
        let (low, high) = CUTOFFS_CYCLES_PER_PX;
        for i in 0..N_CUTOFFS {
            let cutoff = low * (high / low).powf(i as f64 / (N_CUTOFFS - 1) as f64);
            for floor in FLOORS {
                let shape = f.iter().map(|f| {
                    let pass = (-(f / cutoff).powi(ORDER)).exp2();
                    10.0 * (floor + (1.0 - floor) * pass).log10()
                });
                let template = plan.template(cutoff, &shape.collect::<Vec<_>>());
                plan.templates.push(template);
            }
        }
        plan
    }

    fn template(&self, frequency_cycles_per_px: f64, shape: &[f64]) -> Template {
        let (mean, slope) = self.line(shape, 0.0);
        let residual = shape.iter().zip(&self.x).map(|(y, x)| y - mean - slope * x);
        let weighted: Vec<f64> = residual.clone().zip(&self.weight).map(|(r, w)| r * w).collect();
        let square = residual.zip(&weighted).map(|(r, wr)| r * wr).sum::<f64>() + PRIOR_WEIGHT * slope * slope;
        Template { frequency_cycles_per_px, weighted, slope, square }
    }

    /// Best mean and slope of `y`, where the prior wants `prior_slope`.
    fn line(&self, y: &[f64], prior_slope: f64) -> (f64, f64) {
        let (mut mean, mut product) = (0.0, PRIOR_WEIGHT * prior_slope);
        for ((y, x), w) in y.iter().zip(&self.x).zip(&self.weight) {
            mean += w * y;
            product += w * x * y;
        }
        (mean, product / self.slope_norm)
    }

    /// The knee of a RAPSD in decibels (annuli `0 … ⌊L/2⌋`), if it has one.
    ///
    /// # Panics
    ///
    /// If the RAPSD is shorter than planned.
    pub fn find(&self, power_db: &[f64]) -> Option<Knee> {
        self.best(power_db).filter(|knee| knee.score > LEAST_SCORE)
    }

    /// The best-fitting knee, whatever its score; `None` if no template lessens the misfit.
    ///
    /// # Panics
    ///
    /// As [`KneePlan::find`].
    pub fn best(&self, power_db: &[f64]) -> Option<Knee> {
        let y = &power_db[FIRST_ANNULUS..FIRST_ANNULUS + self.x.len()];
        let (mean, slope) = self.line(y, PRIOR_SLOPE_DB);
        let off_prior = PRIOR_SLOPE_DB - slope;
        let residual = |i: usize| y[i] - mean - slope * self.x[i];
        let plain = (0..y.len()).map(|i| self.weight[i] * residual(i).powi(2)).sum::<f64>()
            + PRIOR_WEIGHT * off_prior * off_prior;
        let mut best: Option<(f64, &Template)> = None;
        for template in &self.templates {
            // The template's residual is orthogonal to lines, up to the prior's term, so y itself may stand for its
            // residual.
            let product = template.weighted.iter().enumerate().map(|(i, wd)| wd * residual(i)).sum::<f64>()
                - PRIOR_WEIGHT * off_prior * template.slope;
            let gain = 2.0 * product - template.square;
            if gain > best.map_or(0.0, |b| b.0) {
                best = Some((gain, template));
            }
        }
        best.map(|(gain, template)| Knee {
            frequency_cycles_per_px: template.frequency_cycles_per_px,
            score: gain / ((plain - gain).max(0.0) + RESIDUAL_FLOOR).sqrt(),
        })
    }
}
