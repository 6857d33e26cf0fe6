//! Noise bounds of one image: the smallest and largest noise level at which a model can still learn something from it.
//!
//! # Definition
//!
//! At the relative noise level `s` band `f` has the signal-to-noise ratio `r = R(f)/s²`, with `R` the image's RAPSD
//! over the annuli `j = 1 … ⌊L/2⌋`. With two thresholds `κ_min < κ_max`:
//!
//! ```text
//! σ_max² = κ_max · max R      at σ_max and above no band has more than r = 1/κ_max: all is hidden
//! σ_min² = κ_min · min R      at σ_min and below no band has less than r = 1/κ_min: nothing is harmed
//! σ_min  ← max(σ_min, √q)     q = (range/255)²/12, the power of 8-bit rounding: finer noise only shows the rounding
//! ```
//!
//! What κ means: a Gaussian band at ratio `r` keeps `½ log₂(1+r)` bits per mode, and the best denoiser leaves the share
//! `1/(1+r)` of its power as error.
//!
//! # Invariants
//!
//! `0 < σ_min ≤ σ_max`, both finite. An image is *flat* if even its strongest band lies hidden at the rounding floor,
//! `σ_max² ≤ q`: every level that could serve it would be finer than rounding. That is so for images of one colour, and
//! for faint ones whose contrast is a level or two in a few pixels; they have no bounds. It also keeps single-precision
//! noise of a constant image from being taken for a spectrum, and it is why the floor never lifts σ_min above σ_max.
//!
//! # References
//!
//! Spectrally-Guided Noise Schedules (arXiv 2603.19222) for the bounds; the floor, the two readings of κ and the
//! treatment of flat images are this crate's choice.

/// How far above the rounding power σ_max² must lie, relative, so that the two bounds are different numbers.
const FLAT_MARGIN: f64 = 1e-6;

/// The thresholds of the two bounds, both positive: noise-to-signal ratios `s²/R`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Kappa {
    min: f64,
    max: f64,
}

/// Thresholds that bound nothing.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum KappaError {
    /// A κ that is no positive number.
    #[error("{name} is {value}; it must be a positive number, e.g. {example}")]
    NotPositive {
        /// Which one.
        name: &'static str,
        /// The value given.
        value: f64,
        /// A usual value.
        example: f64,
    },
    /// A reading outside its scale.
    #[error("{name} is {value}; it must lie {allowed}")]
    Reading {
        /// Which one.
        name: &'static str,
        /// The value given.
        value: f64,
        /// The values it can have.
        allowed: &'static str,
    },
    /// The thresholds are the wrong way round.
    #[error("kappa-min {min} is larger than kappa-max {max}; lower kappa-min or raise kappa-max")]
    Swapped {
        /// The lower threshold.
        min: f64,
        /// The upper threshold.
        max: f64,
    },
}

impl Default for Kappa {
    /// κ_min = 0.1 (at most 9 % error in any band), κ_max = 10 (at most 0.07 bits a mode left).
    fn default() -> Self {
        Self { min: 0.1, max: 10.0 }
    }
}

impl Kappa {
    /// Both thresholds. Equal ones are allowed: κ = 1 asks where signal equals noise.
    ///
    /// # Errors
    ///
    /// If one is not positive and finite, or `min > max`.
    pub fn new(min: f64, max: f64) -> Result<Self, KappaError> {
        for (name, value, example) in [("kappa-min", min, 0.1), ("kappa-max", max, 10.0)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(KappaError::NotPositive { name, value, example });
            }
        }
        if min > max { Err(KappaError::Swapped { min, max }) } else { Ok(Self { min, max }) }
    }

    /// κ_max at which a band keeps at most `bits` per mode: `r = 2^{2·bits} − 1`, `κ_max = 1/r`.
    ///
    /// # Errors
    ///
    /// If `bits` is not positive, or so large that κ vanishes (above 500).
    pub fn max_from_bits_left(bits: f64) -> Result<f64, KappaError> {
        if !(bits > 0.0 && bits <= 500.0) {
            return Err(KappaError::Reading { name: "max-bits-left", value: bits, allowed: "above 0 and at most 500" });
        }
        // expm1 keeps the digits of r where bits is small.
        Ok(1.0 / (2.0 * bits * std::f64::consts::LN_2).exp_m1())
    }

    /// κ_min at which a band is denoised with at most `error` of its power wrong: `r = 1/error − 1`, `κ_min = 1/r`.
    ///
    /// # Errors
    ///
    /// If `error` lies outside the open interval `(0, 1)`.
    pub fn min_from_relative_error(error: f64) -> Result<f64, KappaError> {
        if !(error > 0.0 && error < 1.0) {
            return Err(KappaError::Reading {
                name: "max-relative-error",
                value: error,
                allowed: "between 0 and 1, both excluded",
            });
        }
        Ok(error / (1.0 - error))
    }

    /// The lower threshold.
    pub fn min(self) -> f64 {
        self.min
    }

    /// The upper threshold.
    pub fn max(self) -> f64 {
        self.max
    }

    /// At σ_min: the least bits per mode that the weakest band keeps, and the largest error it is denoised with.
    pub fn reading_at_min(self) -> KappaReading {
        KappaReading::of(self.min)
    }

    /// At σ_max: the most bits per mode that the strongest band keeps, and the least error it is denoised with.
    pub fn reading_at_max(self) -> KappaReading {
        KappaReading::of(self.max)
    }

    /// `ln κ(t) = (1−t) ln κ_min + t ln κ_max`, t from 0 (clean) to 1 (noise).
    pub(super) fn ln_at(self, t: f64) -> f64 {
        (1.0 - t) * self.min.ln() + t * self.max.ln()
    }
}

/// What a threshold κ = 1/r says about a Gaussian band at signal-to-noise ratio `r`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct KappaReading {
    /// `½ log₂(1+r)`, bits per mode.
    pub bits_left: f64,
    /// `1/(1+r)`, share of the band's power.
    pub relative_error: f64,
}

impl KappaReading {
    /// Both readings of any positive κ.
    pub fn of(kappa: f64) -> Self {
        let ratio = 1.0 / kappa;
        Self { bits_left: 0.5 * ratio.ln_1p() / std::f64::consts::LN_2, relative_error: 1.0 / (1.0 + ratio) }
    }
}

/// Power of 8-bit rounding noise, value² per mode, for pixels between `low` and `high`: `((high−low)/255)²/12`.
pub fn rounding_power(low: f64, high: f64) -> f64 {
    let step = (high - low) / 255.0;
    step * step / 12.0
}

/// The noise levels worth using on one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseRange {
    /// Largest level that harms no band, value.
    pub sigma_min: f64,
    /// Smallest level that hides every band, value.
    pub sigma_max: f64,
    /// Annulus of the weakest band, `1 … ⌊L/2⌋`; the highest such, if several are equal.
    pub weakest_annulus: usize,
    /// Annulus of the strongest band; the lowest such, if several are equal.
    pub strongest_annulus: usize,
    /// Whether `sigma_min` is the rounding floor instead of what the weakest band asks for.
    pub floor: bool,
}

impl NoiseRange {
    /// `λ = −2 ln σ_max`, the noisy end.
    pub fn logsnr_min(&self) -> f64 {
        -2.0 * self.sigma_max.ln()
    }

    /// `λ = −2 ln σ_min`, the clean end.
    pub fn logsnr_max(&self) -> f64 {
        -2.0 * self.sigma_min.ln()
    }
}

/// The result for one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ImageBounds {
    /// No band rises above rounding: there is nothing to bound.
    Flat,
    /// The levels between which the image has something to teach.
    Range(NoiseRange),
}

impl ImageBounds {
    /// The range, unless the image is flat.
    pub fn range(&self) -> Option<&NoiseRange> {
        match self {
            ImageBounds::Flat => None,
            ImageBounds::Range(range) => Some(range),
        }
    }

    /// Whether there are no bounds.
    pub fn is_flat(&self) -> bool {
        matches!(self, ImageBounds::Flat)
    }
}

/// Bounds of an image with the given RAPSD (value² per mode, annuli `0 … ⌊L/2⌋`; the brightness, annulus 0, is left
/// out). `rounding_power` is [`rounding_power`] of the pixel range.
///
/// # Panics
///
/// If a power is negative, NaN or infinite, or `rounding_power` is not positive: a RAPSD of pixels never holds such.
pub fn compute_bounds(rapsd: &[f64], kappa: Kappa, rounding_power: f64) -> ImageBounds {
    assert!(rounding_power > 0.0, "a pixel range has some width");
    let (mut weakest, mut strongest) = ((0, f64::INFINITY), (0, 0.0));
    for (annulus, &power) in rapsd.iter().enumerate().skip(1) {
        assert!(power >= 0.0 && power.is_finite(), "powers are finite squares");
        if power <= weakest.1 {
            weakest = (annulus, power);
        }
        if power > strongest.1 {
            strongest = (annulus, power);
        }
    }
    let variance_max = kappa.max * strongest.1;
    if variance_max <= rounding_power * (1.0 + FLAT_MARGIN) {
        return ImageBounds::Flat;
    }
    let variance_min = kappa.min * weakest.1;
    ImageBounds::Range(NoiseRange {
        sigma_min: variance_min.max(rounding_power).sqrt(),
        sigma_max: variance_max.sqrt(),
        weakest_annulus: weakest.0,
        strongest_annulus: strongest.0,
        floor: variance_min < rounding_power,
    })
}

/// The level at which the brightness of a set is hidden: `√(κ_max · Γ[0])` from the power of its zero frequency, value²
/// per mode. A set's own bound: one image has one brightness, and no spread of it.
pub fn brightness_sigma_max(kappa: Kappa, mode_covariance_dc: f64) -> f64 {
    (kappa.max * mode_covariance_dc).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUNDING: f64 = 5.126233499935921e-6;

    fn range(rapsd: &[f64]) -> NoiseRange {
        *compute_bounds(rapsd, Kappa::default(), ROUNDING).range().expect("not flat")
    }

    #[test]
    fn bounds_of_three_bands_by_hand() {
        let r = range(&[1e9, 4.0, 0.9, 0.1]);
        assert!((r.sigma_max - 40f64.sqrt()).abs() <= 1e-15);
        assert!((r.sigma_min - 0.1).abs() <= 1e-16);
        assert_eq!((r.strongest_annulus, r.weakest_annulus, r.floor), (1, 3, false));
        assert!((r.logsnr_min() + 40f64.ln()).abs() <= 1e-15);
        assert!((r.logsnr_max() - 100f64.ln()).abs() <= 1e-14);
    }

    #[test]
    fn rounding_scales_with_the_range_squared() {
        assert!((rounding_power(-1.0, 1.0) - ROUNDING).abs() <= 1e-20);
        assert!((rounding_power(0.0, 255.0) - 1.0 / 12.0).abs() <= 1e-16);
        assert!((rounding_power(0.0, 1.0) - ROUNDING / 4.0).abs() <= 1e-20);
        // The same image in another unit: bounds scale, flags stay.
        let (one, half) = ([0.0, 4.0, 1e-6], [0.0, 1.0, 2.5e-7]);
        let a = range(&one);
        let b = *compute_bounds(&half, Kappa::default(), rounding_power(0.0, 1.0)).range().expect("not flat");
        assert!((a.sigma_max - 2.0 * b.sigma_max).abs() <= 1e-15);
        assert!((a.sigma_min - 2.0 * b.sigma_min).abs() <= 1e-15);
        assert!(a.floor && b.floor);
    }

    #[test]
    fn the_floor_lifts_the_minimum_and_says_so() {
        let r = range(&[0.0, 1.0, 0.0]);
        assert!(r.floor);
        assert!((r.sigma_min - ROUNDING.sqrt()).abs() <= 1e-18);
        assert_eq!(r.weakest_annulus, 2);
    }

    #[test]
    fn images_without_power_above_rounding_are_flat() {
        for rapsd in [&[][..], &[3.0], &[3.0, 0.0, 0.0], &[65536.0, 1e-9, 2e-10], &[1.0, ROUNDING / 10.0]] {
            assert_eq!(compute_bounds(rapsd, Kappa::default(), ROUNDING), ImageBounds::Flat);
        }
        // One pixel a level off in a 256×256 image, in one of three channels.
        let power = (2.0f64 / 255.0).powi(2) / 65536.0 / 3.0;
        assert!(compute_bounds(&[1.0, power, power], Kappa::default(), ROUNDING).is_flat());
        // Half of the pixels one level up, at random: fainter than rounding in no way, and so not flat.
        let power = (2.0f64 / 255.0).powi(2) / 4.0;
        assert!(range(&[1.0, power, power]).floor);
    }

    #[test]
    fn readings_invert_each_other() {
        let kappa = Kappa::default();
        assert!((kappa.reading_at_max().bits_left - 0.068_751_762).abs() <= 1e-9);
        assert!((kappa.reading_at_min().relative_error - 1.0 / 11.0).abs() <= 1e-15);
        for value in [1e-4, 0.1, 1.0, 10.0, 1e5] {
            let reading = KappaReading::of(value);
            let from_bits = Kappa::max_from_bits_left(reading.bits_left).expect("positive");
            let from_error = Kappa::min_from_relative_error(reading.relative_error).expect("a share");
            assert!((from_bits / value - 1.0).abs() <= 1e-10);
            assert!((from_error / value - 1.0).abs() <= 1e-10);
        }
        // At r = 3 a band keeps exactly one bit and a quarter of its power is wrong.
        assert!((Kappa::max_from_bits_left(1.0).expect("positive") - 1.0 / 3.0).abs() <= 1e-15);
        assert!((Kappa::min_from_relative_error(0.25).expect("a share") - 1.0 / 3.0).abs() <= 1e-15);
    }

    #[test]
    fn senseless_thresholds_are_refused() {
        for (min, max) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (0.1, f64::INFINITY), (2.0, 1.0)] {
            assert!(Kappa::new(min, max).is_err());
        }
        assert!(Kappa::new(1.0, 1.0).is_ok());
        for bad in [0.0, -0.1, f64::NAN, 501.0] {
            assert!(Kappa::max_from_bits_left(bad).is_err());
        }
        for bad in [0.0, 1.0, f64::NAN] {
            assert!(Kappa::min_from_relative_error(bad).is_err());
        }
        let message = Kappa::new(2.0, 1.0).expect_err("swapped").to_string();
        assert_eq!(message, "kappa-min 2 is larger than kappa-max 1; lower kappa-min or raise kappa-max");
    }

    proptest! {
        #[test]
        fn the_minimum_never_exceeds_the_maximum(
            ln_rapsd in prop::collection::vec(-40.0..15.0f64, 1..20),
            ln_min in -5.0..2.0f64,
            gap in 0.0..5.0f64,
        ) {
            let rapsd: Vec<f64> = ln_rapsd.iter().map(|l| l.exp()).collect();
            let kappa = Kappa::new(ln_min.exp(), (ln_min + gap).exp()).expect("ordered");
            if let ImageBounds::Range(r) = compute_bounds(&rapsd, kappa, ROUNDING) {
                prop_assert!(0.0 < r.sigma_min && r.sigma_min <= r.sigma_max && r.sigma_max.is_finite());
                prop_assert!(r.sigma_min >= ROUNDING.sqrt());
                for power in &rapsd[1..] {
                    let ratio = power / (r.sigma_max * r.sigma_max);
                    prop_assert!(ratio <= (1.0 + 1e-12) / kappa.max());
                    if !r.floor {
                        prop_assert!(power / (r.sigma_min * r.sigma_min) >= (1.0 - 1e-12) / kappa.min());
                    }
                }
            }
        }

        #[test]
        fn scaling_an_image_scales_its_bounds(scale in 1.0..50.0f64) {
            let rapsd = [9.0, 2.0, 0.5, 0.01];
            let scaled: Vec<f64> = rapsd.iter().map(|p| p * scale * scale).collect();
            let (a, b) = (range(&rapsd), range(&scaled));
            prop_assert!((b.sigma_min / a.sigma_min / scale - 1.0).abs() <= 1e-13);
            prop_assert!((b.sigma_max / a.sigma_max / scale - 1.0).abs() <= 1e-13);
        }
    }
}
