//! Effective resolution: how many real pixels an image has if it was enlarged or blurred.
//!
//! # Definition
//!
//! Two looks at the RAPSD of the Hann-windowed image (unwindowed, the leakage of its edges hides everything), and one
//! at its pixels:
//!
//! 1. [`knee`]: is there a cutoff beyond which the spectrum drops away from the power law it followed, more sharply
//!    than photographs do? Its half-power frequency `f_c` gives the resolution `2 f_c L`. Finds enlargement and blur,
//!    also below the noise floor that JPEG adds later.
//! 2. [`reach`]: the highest frequency at which the power is above rounding and not 18 dB below the power law of the
//!    low frequencies. Finds what has no sharp knee, and images that are empty beyond some frequency.
//! 3. [`nearest`]: equal neighbouring rows and columns. Finds nearest-neighbour enlargement, whose spectrum reaches as
//!    high as any.
//!
//! The least of the three is the effective resolution; if none of them detects anything, it is the longer side `L`.
//! An image is *soft* below [`SOFT_SHARE`] of it. Rates of hits and false alarms on photographs are in
//! `docs/effective-resolution.md`.
//!
//! # Conventions
//!
//! Images with less than [`LEAST_SIDE_PX`] on the longer side have too few annuli to tell, and so have images without
//! power at some low annulus: for them there is no answer.

pub mod knee;
pub mod nearest;
pub mod reach;
mod windowed;

use rustfft::num_complex::Complex32;

use crate::spectral::fft2::{Fft2Plan, Fft2Workspace};
use crate::spectral::{Channels, Size};
use knee::KneePlan;
use nearest::nearest_factor;
use reach::ReachPlan;
use windowed::{ColumnScratch, WindowedRapsd};

/// Least longer side of images that are judged, pixels.
pub const LEAST_SIDE_PX: usize = 64;

/// Share of the longer side below which an image is called soft.
pub const SOFT_SHARE: f64 = 0.9;

/// Powers below this share of the rounding power count as this: far below anything an 8-bit image resolves.
const POWER_FLOOR: f64 = 1.0 / (1 << 22) as f64;

/// The effective resolution of images of one size: planned once, shared by all workers.
#[derive(Debug, Clone)]
pub struct EffectiveResolutionPlan {
    size: Size,
    fft: Fft2Plan,
    windowed: WindowedRapsd,
    spectral: Option<SpectralPlan>,
}

/// The looks at a windowed RAPSD, for one longer side and pixel range.
#[derive(Debug, Clone)]
pub struct SpectralPlan {
    longer_side_px: f64,
    knee: KneePlan,
    reach: ReachPlan,
}

/// All memory one worker needs.
#[derive(Debug, Clone)]
pub struct EffectiveResolutionWorkspace {
    planes: Vec<f32>,
    spectrum: Vec<Complex32>,
    column: ColumnScratch,
    fft: Fft2Workspace,
    rapsd: Vec<f64>,
    look: SpectralWorkspace,
    same_columns: Vec<usize>,
    runs: Vec<usize>,
}

/// Scratch of [`SpectralPlan::measure`].
#[derive(Debug, Clone, Default)]
pub struct SpectralWorkspace {
    power_db: Vec<f64>,
}

/// Whether an effective resolution, pixels, of an image with this longer side is soft.
pub fn is_soft(effective_resolution_px: f64, longer_side_px: usize) -> bool {
    effective_resolution_px < SOFT_SHARE * longer_side_px as f64
}

impl EffectiveResolutionPlan {
    /// Plans images of `size` pixels.
    ///
    /// # Panics
    ///
    /// If a side is zero.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            fft: Fft2Plan::new(size),
            windowed: WindowedRapsd::new(size),
            // Pixels are taken as values in [-1, 1] here, whatever range the rest of a run uses: shares of sides are
            // the same.
            spectral: SpectralPlan::new(size.longer_side(), crate::diffusion::bounds::rounding_power(-1.0, 1.0)),
        }
    }

    /// The size planned for.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Annuli of a RAPSD, `⌊L/2⌋ + 1`.
    pub fn n_annuli(&self) -> usize {
        self.windowed.n_annuli()
    }

    /// Whether an effective resolution, pixels, of an image of this size is soft.
    pub fn is_soft(&self, effective_resolution_px: f64) -> bool {
        is_soft(effective_resolution_px, self.size.longer_side())
    }

    /// Memory for one worker.
    pub fn workspace(&self) -> EffectiveResolutionWorkspace {
        EffectiveResolutionWorkspace {
            planes: vec![0.0; 3 * self.size.n_pixels()],
            spectrum: vec![Complex32::default(); self.fft.n_modes()],
            column: self.windowed.scratch(),
            fft: self.fft.workspace(),
            rapsd: vec![0.0; self.n_annuli()],
            look: SpectralWorkspace { power_db: Vec::with_capacity(self.n_annuli()) },
            same_columns: Vec::with_capacity(self.size.width),
            runs: Vec::with_capacity(self.size.longer_side()),
        }
    }

    /// Effective resolution, pixels, of an image given as rows of interleaved RGB bytes (`rows` is
    /// asked for them up to three times); one transform per channel. `None`
    /// where it cannot be told.
    ///
    /// # Panics
    ///
    /// If the rows do not hold one image of the planned size, or the workspace belongs to another plan.
    pub fn measure_rgb<'a, I: Iterator<Item = &'a [u8]>>(
        &self,
        rows: impl Fn() -> I,
        workspace: &mut EffectiveResolutionWorkspace,
    ) -> Option<f64> {
        let n_pixels = self.size.n_pixels();
        let unit = Channels::Rgb.code_unit(0);
        Channels::Rgb.split(rows(), n_pixels, &mut workspace.planes);
        workspace.rapsd.fill(0.0);
        for plane in workspace.planes.chunks_exact(n_pixels) {
            self.fft.forward(plane, &mut workspace.spectrum, &mut workspace.fft);
            let power_factor = unit * unit / (3 * n_pixels) as f64;
            self.windowed.add(&workspace.spectrum, power_factor, &mut workspace.column, &mut workspace.rapsd);
        }
        self.conclude(rows, workspace)
    }

    /// As [`EffectiveResolutionPlan::measure_rgb`], from transforms that were made anyway: `spectra` holds the
    /// unnormalised half-spectrum ([`Fft2Plan`]) of each channel of the unwindowed image, one after the other;
    /// `value_per_code` turns their units into values in `[-1, 1]`. Costs no transform, because a Hann window in space
    /// is three taps in frequency.
    ///
    /// # Panics
    ///
    /// If `spectra` does not hold whole half-spectra of the planned size, or the workspace belongs to another plan.
    pub fn measure_spectra<'a, I: Iterator<Item = &'a [u8]>>(
        &self,
        spectra: &[Complex32],
        value_per_code: f64,
        rows: impl Fn() -> I,
        workspace: &mut EffectiveResolutionWorkspace,
    ) -> Option<f64> {
        let n_modes = self.fft.n_modes();
        assert!(!spectra.is_empty() && spectra.len().is_multiple_of(n_modes), "half-spectra of {}", self.size);
        let n_channels = spectra.len() / n_modes;
        let power_factor = value_per_code * value_per_code / (n_channels * self.size.n_pixels()) as f64;
        workspace.rapsd.fill(0.0);
        for spectrum in spectra.chunks_exact(n_modes) {
            self.windowed.add(spectrum, power_factor, &mut workspace.column, &mut workspace.rapsd);
        }
        self.conclude(rows, workspace)
    }

    fn conclude<'a, I: Iterator<Item = &'a [u8]>>(
        &self,
        rows: impl Fn() -> I,
        workspace: &mut EffectiveResolutionWorkspace,
    ) -> Option<f64> {
        let spectral = self.spectral.as_ref()?;
        self.windowed.finish(&mut workspace.rapsd);
        let from_spectrum = spectral.measure(&workspace.rapsd, &mut workspace.look)?;
        let factor = nearest_factor(rows, 3, &mut workspace.same_columns, &mut workspace.runs);
        Some(factor.map_or(from_spectrum, |f| from_spectrum.min(spectral.longer_side_px / f)))
    }
}

impl SpectralPlan {
    /// Plans RAPSDs of images with this longer side; `None` below [`LEAST_SIDE_PX`].
    pub fn new(longer_side_px: usize, rounding_power: f64) -> Option<Self> {
        (longer_side_px >= LEAST_SIDE_PX).then(|| Self {
            longer_side_px: longer_side_px as f64,
            knee: KneePlan::new(longer_side_px),
            reach: ReachPlan::new(longer_side_px, rounding_power),
        })
    }

    /// Effective resolution, pixels, from the RAPSD (value² per mode, annuli `0 … ⌊L/2⌋`) of the Hann-windowed image:
    /// the lesser of what [`knee`] and [`reach`] say. `None` for an image without power at the low frequencies.
    ///
    /// # Panics
    ///
    /// If the RAPSD has another length.
    pub fn measure(&self, windowed_rapsd: &[f64], workspace: &mut SpectralWorkspace) -> Option<f64> {
        assert_eq!(windowed_rapsd.len(), self.longer_side_px as usize / 2 + 1, "one power per annulus");
        let floor = self.reach.rounding_power() * POWER_FLOOR;
        let db = windowed_rapsd.iter().map(|p| 10.0 * p.max(floor).log10());
        workspace.power_db.clear();
        workspace.power_db.extend(db);
        let reach = self.reach.frequency(windowed_rapsd, &workspace.power_db)?;
        let knee = self.knee.find(&workspace.power_db).map_or(0.5, |k| k.frequency_cycles_per_px);
        Some(2.0 * self.longer_side_px * reach.min(knee).min(0.5))
    }
}

#[cfg(test)]
mod tests;
