//! One worker's look at how sharp each working image really is, with the transforms that the engine made anyway.

use std::sync::Arc;

use rustfft::num_complex::Complex32;

use super::probe::{ImageProbe, ProbeSource};
use crate::dataset::View;
use crate::diffusion::EffectiveResolutionPlan;
use crate::diffusion::effective_resolution::EffectiveResolutionWorkspace;
use crate::spectral::{Channels, Size};
use crate::spectrum::Analyzer;

/// Makes probes for images of one size.
pub(super) struct ResolutionProbes {
    pub plan: Arc<EffectiveResolutionPlan>,
    pub channels: Channels,
}

impl ResolutionProbes {
    /// Plans probes for working images of `size`.
    pub fn new(size: Size, channels: Channels) -> Self {
        Self { plan: Arc::new(EffectiveResolutionPlan::new(size)), channels }
    }
}

impl ProbeSource for ResolutionProbes {
    fn probe(&self) -> Box<dyn ImageProbe + '_> {
        let plan = Arc::clone(&self.plan);
        Box::new(ResolutionProbe { workspace: plan.workspace(), plan, channels: self.channels })
    }
}

/// Measures the effective resolution of one image after the other.
struct ResolutionProbe {
    plan: Arc<EffectiveResolutionPlan>,
    workspace: EffectiveResolutionWorkspace,
    channels: Channels,
}

impl ImageProbe for ResolutionProbe {
    /// One number, the effective resolution in pixels; none where it cannot be told.
    fn measure(&mut self, _: usize, analyzer: &Analyzer, view: &View<'_>, numbers: &mut Vec<f64>) {
        let measured = match analyzer.latest_spectra() {
            None => self.plan.measure_rgb(|| view.rows(), &mut self.workspace),
            Some(spectra) => {
                let (spectra, unit) = sharp_spectra(spectra, self.channels);
                self.plan.measure_spectra(spectra, unit, || view.rows(), &mut self.workspace)
            }
        };
        numbers.extend(measured);
    }
}

/// The spectra of the channels that have the image's full sharpness, and their values per code: of luma and colour
/// differences only luma, for JPEG halves the others.
pub(super) fn sharp_spectra(spectra: &[Complex32], channels: Channels) -> (&[Complex32], f64) {
    let n_looked_at = if channels == Channels::Rgb { channels.count() } else { 1 };
    (&spectra[..spectra.len() / channels.count() * n_looked_at], channels.code_unit(0))
}
