//! The numbers of one image, one field for each detector.

use serde::Serialize;

/// What the detectors measured of one image; none where it cannot be told, as at small sizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Measured {
    /// Effective resolution of the working image, share of its longer side; 1 where nothing is missing.
    pub effective_resolution_share: Option<f64>,
    /// Of neighbouring lines, in beats of 2, 3 and 4: smallest to largest difference; 0 for repeated pixels.
    pub repeat_ratio: Option<f64>,
    /// Quality of the JPEG compression that the file's pixels went through last, 1 … 100.
    pub jpeg_quality: Option<f64>,
    /// Strength of the edges of JPEG blocks, dB over the lines between them.
    pub jpeg_grid_db: Option<f64>,
    /// Standard deviation of white noise in each channel of the file, codes of 0 … 255.
    pub noise_codes: Option<f64>,
    /// Largest peak at a multiple of 1/8 cycles per pixel, robust deviations of ln power above its neighbourhood.
    pub peak_deviations: Option<f64>,
    /// Share of the working image's height or width that uniform bars on opposite sides take; 0 without bars.
    pub bar_share: Option<f64>,
    /// Standard deviation of luma, codes of 0 … 255.
    pub contrast_codes: Option<f64>,
    /// 99 % quantile of luma, codes of 0 … 255.
    pub luma_q99_codes: Option<f64>,
    /// 5 % quantile of luma, codes of 0 … 255.
    pub luma_q05_codes: Option<f64>,
    /// Share of pixels that are black in all channels (2 or less).
    pub black_share: Option<f64>,
    /// Share of pixels that are white in all channels (253 or more).
    pub white_share: Option<f64>,
}

/// Numbers of one image.
const N: usize = 12;

impl Measured {
    /// Appends one number for each field, NaN where there is none.
    pub fn append_to(&self, numbers: &mut Vec<f64>) {
        numbers.extend(self.fields().map(|value| value.unwrap_or(f64::NAN)));
    }

    /// What [`Measured::append_to`] appended, and the numbers behind it; none if there are too few.
    pub fn from_numbers(numbers: &[f64]) -> Option<(Self, &[f64])> {
        let (own, rest) = numbers.split_first_chunk::<N>()?;
        let value = |at: usize| Some(own[at]).filter(|v| !v.is_nan());
        let measured = Self {
            effective_resolution_share: value(0),
            repeat_ratio: value(1),
            jpeg_quality: value(2),
            jpeg_grid_db: value(3),
            noise_codes: value(4),
            peak_deviations: value(5),
            bar_share: value(6),
            contrast_codes: value(7),
            luma_q99_codes: value(8),
            luma_q05_codes: value(9),
            black_share: value(10),
            white_share: value(11),
        };
        Some((measured, rest))
    }

    fn fields(&self) -> [Option<f64>; N] {
        [
            self.effective_resolution_share,
            self.repeat_ratio,
            self.jpeg_quality,
            self.jpeg_grid_db,
            self.noise_codes,
            self.peak_deviations,
            self.bar_share,
            self.contrast_codes,
            self.luma_q99_codes,
            self.luma_q05_codes,
            self.black_share,
            self.white_share,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_went() {
        let mut numbers: Vec<f64> = (0..N).map(|i| if i % 3 == 1 { f64::NAN } else { i as f64 }).collect();
        numbers.push(77.0);
        let (measured, rest) = Measured::from_numbers(&numbers).expect("enough");
        assert_eq!(rest, [77.0]);
        assert_eq!((measured.effective_resolution_share, measured.repeat_ratio), (Some(0.0), None));
        assert_eq!(measured.white_share, Some(11.0));
        let mut again = Vec::new();
        measured.append_to(&mut again);
        assert_eq!(Measured::from_numbers(&again).map(|(m, _)| m), Some(measured));
        assert_eq!(Measured::from_numbers(&numbers[..N - 1]), None);
    }
}
