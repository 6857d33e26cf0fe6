//! The table of findings: which number of an image, on which side of which threshold, means what, and what to do.
//!
//! Thresholds were chosen on 400 photographs; how often each is right on 200 others is in docs/detectors.md.

use super::measured::Measured;

/// On which side of its threshold a number is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Numbers below it are.
    Below,
    /// Numbers above it are.
    Above,
}

/// One finding that an image's own numbers tell.
pub struct Finding {
    /// Its name in tables, and of its files.
    pub name: &'static str,
    /// The column of the number.
    pub column: &'static str,
    /// The number.
    pub value: fn(&Measured) -> Option<f64>,
    /// Which side of the threshold is meant.
    pub bound: Bound,
    /// The threshold, in the unit of the column.
    pub threshold: f64,
    /// What the number is, with `{}` in its place.
    pub reading: &'static str,
    /// What such an image is.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// One finding that takes the whole set.
pub struct SetFinding {
    /// Its name in tables, and of its files.
    pub name: &'static str,
    /// What such an image is.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Finding {
    /// Whether these numbers are a finding; numbers that are none are not.
    pub fn is_found(&self, measured: &Measured) -> bool {
        (self.value)(measured).is_some_and(|value| match self.bound {
            Bound::Below => value < self.threshold,
            Bound::Above => value > self.threshold,
        })
    }

    /// How far a number lies to the side of the threshold: larger is worse, whichever side it is.
    pub fn badness(&self, value: f64) -> f64 {
        match self.bound {
            Bound::Below => -value,
            Bound::Above => value,
        }
    }
}

/// Every finding of single images, in the order in which they are told.
pub const FINDINGS: &[Finding] = &[
    Finding {
        name: "soft",
        column: "effective_resolution_share",
        value: |m| m.effective_resolution_share,
        bound: Bound::Below,
        threshold: crate::diffusion::effective_resolution::SOFT_SHARE,
        reading: "real pixels: {} of the side",
        meaning: "enlarged or blurred",
        remedy: "use the sharp original, or a smaller --resolution, or leave it out",
    },
    Finding {
        name: "repeated",
        column: "repeat_ratio",
        value: |m| m.repeat_ratio,
        bound: Bound::Below,
        threshold: 0.8,
        reading: "difference within the beat {}",
        meaning: "enlarged by repeating pixels",
        remedy: "use the file before it was enlarged",
    },
    Finding {
        name: "jpeg",
        column: "jpeg_quality",
        value: |m| m.jpeg_quality,
        bound: Bound::Below,
        threshold: 40.0,
        reading: "JPEG quality {}",
        meaning: "JPEG blocks",
        remedy: "find a better copy, or leave it out: a model learns the blocks",
    },
    Finding {
        name: "noise",
        column: "noise_codes",
        value: |m| m.noise_codes,
        bound: Bound::Above,
        threshold: 2.0,
        reading: "noise σ = {} of 255",
        meaning: "white noise",
        remedy: "denoise it, scale it down, or leave it out",
    },
    Finding {
        name: "peaks",
        column: "peak_deviations",
        value: |m| m.peak_deviations,
        bound: Bound::Above,
        threshold: 4.0,
        reading: "peak of {} deviations",
        meaning: "a periodic pattern, as of networks that upsample",
        remedy: "check where it comes from; generated images leave such peaks",
    },
    Finding {
        name: "bars",
        column: "bar_share",
        value: |m| m.bar_share,
        bound: Bound::Above,
        threshold: 0.0,
        reading: "bars take {} of the side",
        meaning: "uniform bars on opposite sides",
        remedy: "crop the bars, or scan with --drop-letterbox",
    },
    Finding {
        name: "flat",
        column: "contrast_codes",
        value: |m| m.contrast_codes,
        bound: Bound::Below,
        threshold: 10.0,
        reading: "contrast {} of 255",
        meaning: "nearly one tone",
        remedy: "leave it out unless it is meant to be empty",
    },
    Finding {
        name: "dark",
        column: "luma_q99_codes",
        value: |m| m.luma_q99_codes,
        bound: Bound::Below,
        threshold: 100.0,
        reading: "99 % below {} of 255",
        meaning: "too dark",
        remedy: "correct the exposure, or leave it out",
    },
    Finding {
        name: "bright",
        column: "luma_q05_codes",
        value: |m| m.luma_q05_codes,
        bound: Bound::Above,
        threshold: 140.0,
        reading: "95 % above {} of 255",
        meaning: "too bright",
        remedy: "correct the exposure, or leave it out",
    },
    Finding {
        name: "black",
        column: "black_share",
        value: |m| m.black_share,
        bound: Bound::Above,
        threshold: 0.25,
        reading: "{} of the pixels are black",
        meaning: "clipped blacks, or a black background",
        remedy: "keep if the background is meant; else correct the exposure",
    },
    Finding {
        name: "white",
        column: "white_share",
        value: |m| m.white_share,
        bound: Bound::Above,
        threshold: 0.25,
        reading: "{} of the pixels are white",
        meaning: "clipped whites, or a white background",
        remedy: "keep if the background is meant; else correct the exposure",
    },
];

/// Repeats an earlier image.
pub const DUPLICATE: usize = 0;
/// Has too little power somewhere.
pub const SMOOTH: usize = 1;
/// Has too much power somewhere.
pub const ROUGH: usize = 2;
/// Differs in brightness alone.
pub const BRIGHTNESS: usize = 3;

/// Oddness (`noise::odd_images`) above which an image is an outlier of its set.
pub const LEAST_ODDNESS: f64 = 4.0;

/// Every finding that takes the whole set, at the places that the constants above name.
pub const SET_FINDINGS: &[SetFinding] = &[
    SetFinding {
        name: "duplicate",
        meaning: "the same pixels as an image before it",
        remedy: "remove it: it counts twice, and is learnt by heart",
    },
    SetFinding {
        name: "smooth",
        meaning: "less detail than the others of the set",
        remedy: "look at it: blurred, empty or drawn images differ like this",
    },
    SetFinding {
        name: "rough",
        meaning: "more detail than the others of the set",
        remedy: "look at it: text, noise or screens differ like this",
    },
    SetFinding {
        name: "brightness",
        meaning: "much darker or brighter than the others of the set",
        remedy: "look at it, and correct the exposure if that is wrong",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_readings_hold_a_number() {
        let mut names: Vec<&str> = FINDINGS.iter().map(|f| f.name).chain(SET_FINDINGS.iter().map(|f| f.name)).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        assert!(FINDINGS.iter().all(|f| f.reading.matches("{}").count() == 1));
        let set = [DUPLICATE, SMOOTH, ROUGH, BRIGHTNESS].map(|at| SET_FINDINGS[at].name);
        assert_eq!(set, ["duplicate", "smooth", "rough", "brightness"]);
    }

    #[test]
    fn a_number_is_found_beyond_its_threshold_only_and_none_is_not() {
        let noise = FINDINGS.iter().find(|f| f.name == "noise").expect("a finding");
        let with = |noise_codes| Measured { noise_codes, ..Measured::default() };
        let found = [None, Some(noise.threshold), Some(noise.threshold + 0.1), Some(f64::NAN)]
            .map(|n| noise.is_found(&with(n)));
        assert_eq!(found, [false, false, true, false]);
        let jpeg = FINDINGS.iter().find(|f| f.name == "jpeg").expect("a finding");
        assert!(jpeg.is_found(&Measured { jpeg_quality: Some(20.0), ..Measured::default() }));
        assert!(jpeg.badness(20.0) > jpeg.badness(30.0) && noise.badness(5.0) > noise.badness(4.0));
        assert!(FINDINGS.iter().all(|f| !f.is_found(&Measured::default())));
    }
}
