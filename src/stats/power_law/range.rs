//! Which modes a power law is fitted to: a band of frequencies, and whether the central cross is left out.

use super::FitError;
use super::radial::MIN_BINS;
use super::retained::RetainedModes;
use crate::spectral::{Grid, Size};

/// Half width of the masked central cross, in wave numbers.
const CROSS_MASK: u32 = 3;

/// Modes retained for a fit: `low < f ≤ high` and, with a cross mask `a`, `|kx| > a` and `|ky| > a`.
///
/// The cross holds the axis-parallel edges of images (frames, buildings, the seam of the periodic continuation), which
/// follow another law. It is measured in wave numbers, so its width in frequency shrinks with the image size.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct FitRange {
    /// Frequencies above this, cycles per pixel; never below 0, so the zero frequency is always left out.
    pub low_exclusive: f64,
    /// Frequencies up to this, cycles per pixel.
    pub high_inclusive: f64,
    /// Half width `a` of the cross left out; `None` keeps it. Annuli cannot leave it out: the radial estimator and the
    /// per-image fit take no notice.
    pub cross_mask: Option<u32>,
}

impl FitRange {
    /// The default for images of `size`: from one period per longer side to the Nyquist frequency of the axes,
    /// without the cross of half width 3.
    pub fn for_size(size: Size) -> Self {
        let low = 0.5 / size.longer_side() as f64;
        Self { low_exclusive: low, high_inclusive: 0.5, cross_mask: Some(CROSS_MASK) }
    }

    /// The published choice of Cloud Diffusion: every mode outside the cross of half width 3, the corners included. No
    /// radial frequency exceeds √½, so the upper end of 1 is none.
    pub fn paper() -> Self {
        Self { low_exclusive: 0.0, high_inclusive: 1.0, cross_mask: Some(CROSS_MASK) }
    }

    /// Whether a frequency lies in the band.
    pub fn contains(&self, frequency_cycles_per_px: f64) -> bool {
        frequency_cycles_per_px > self.low_exclusive && frequency_cycles_per_px <= self.high_inclusive
    }

    /// Whether the stored mode at `index` of `grid` is retained.
    ///
    /// # Panics
    ///
    /// If `index` is not below `grid.n_modes()`.
    pub fn retains(&self, grid: &Grid, index: usize) -> bool {
        let outside_cross = self.cross_mask.is_none_or(|a| {
            let (ky, kx) = grid.wave_number(index);
            ky.unsigned_abs() > u64::from(a) && kx.unsigned_abs() > u64::from(a)
        });
        outside_cross && self.contains(grid.frequencies()[index])
    }

    /// Checks that modes or annuli enough for a fit lie in the range, whatever their power: what can be known before
    /// any image is read.
    ///
    /// # Errors
    ///
    /// If the range is empty, or too narrow for every estimator on this grid.
    pub fn check(&self, grid: &Grid) -> Result<(), FitError> {
        let by_modes = RetainedModes::select(grid, &vec![1.0; grid.n_modes()], self);
        let n_annuli = grid.annulus_frequencies().iter().filter(|f| self.contains(**f)).count();
        match by_modes {
            Err(error) if n_annuli < MIN_BINS => Err(error),
            _ => self.validate(),
        }
    }

    /// Checks that the band is not empty and does not reach below 0.
    pub(super) fn validate(&self) -> Result<(), FitError> {
        let (low, high) = (self.low_exclusive, self.high_inclusive);
        if low >= 0.0 && low < high { Ok(()) } else { Err(FitError::Range { low, high }) }
    }
}

impl std::fmt::Display for FitRange {
    /// Writes the band and the mask, as in `0.0234 < f ≤ 0.5 cycles/px, cross mask 3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.4} < f ≤ {} cycles/px", self.low_exclusive, self.high_inclusive)?;
        self.cross_mask.map_or(Ok(()), |a| write!(f, ", cross mask {a}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_open_below_and_closed_above() {
        let range = FitRange { low_exclusive: 0.25, high_inclusive: 0.5, cross_mask: None };
        assert!(!range.contains(0.25));
        assert!(range.contains(0.5));
        assert!(!range.contains(0.500_001));
        assert!(!range.contains(f64::NAN));
    }

    #[test]
    fn the_cross_is_counted_in_whole_wave_numbers() {
        // 3/10·10 is above 3 in floating point; wave number 3 must still be inside the cross.
        for side in [10, 20, 40, 41, 160, 320] {
            let grid = Grid::new(Size::square(side));
            let range = FitRange::paper();
            for index in 0..grid.n_modes() {
                let (ky, kx) = grid.wave_number(index);
                assert_eq!(range.retains(&grid, index), ky.abs() > 3 && kx > 3, "side {side}, mode {ky},{kx}");
            }
        }
    }

    #[test]
    fn without_limits_only_the_zero_frequency_is_left_out() {
        let grid = Grid::new(Size::new(7, 6));
        let range = FitRange { cross_mask: None, ..FitRange::paper() };
        let n = (0..grid.n_modes()).filter(|&i| range.retains(&grid, i)).count();
        assert_eq!(n, grid.n_modes() - 1);
        assert!(!range.retains(&grid, 0));
    }

    #[test]
    fn empty_and_meaningless_bands_are_refused() {
        let with = |low_exclusive, high_inclusive| FitRange { low_exclusive, high_inclusive, cross_mask: None };
        assert!(with(0.0, 0.5).validate().is_ok());
        for (low, high) in [(0.5, 0.5), (-0.1, 0.5), (f64::NAN, 0.5), (0.1, f64::NAN)] {
            assert!(matches!(with(low, high).validate(), Err(FitError::Range { .. })), "{low} {high}");
        }
    }

    #[test]
    fn the_default_range_prints_with_its_unit() {
        assert_eq!(FitRange::for_size(Size::square(64)).to_string(), "0.0078 < f ≤ 0.5 cycles/px, cross mask 3");
    }
}
