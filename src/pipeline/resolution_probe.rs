//! One worker's look at how sharp each working image really is, with the transforms that the engine made anyway.

use std::sync::Arc;

use crate::dataset::View;
use crate::diffusion::EffectiveResolutionPlan;
use crate::diffusion::effective_resolution::EffectiveResolutionWorkspace;
use crate::spectral::Channels;
use crate::spectrum::Analyzer;

/// Measures the effective resolution of one image after the other.
pub(super) struct ResolutionProbe {
    plan: Arc<EffectiveResolutionPlan>,
    workspace: EffectiveResolutionWorkspace,
    channels: Channels,
}

impl ResolutionProbe {
    /// A probe with all the memory it will ever need.
    pub fn new(plan: Arc<EffectiveResolutionPlan>, channels: Channels) -> Self {
        Self { workspace: plan.workspace(), plan, channels }
    }

    /// Effective resolution of `view`, which `analyzer` added last, pixels; none where it cannot be told.
    pub fn measure(&mut self, analyzer: &Analyzer, view: &View<'_>) -> Option<f64> {
        let Some(spectra) = analyzer.latest_spectra() else {
            return self.plan.measure_rgb(|| view.rows(), &mut self.workspace);
        };
        // Of luma and colour differences only luma has the image's full sharpness; JPEG halves the others.
        let n_looked_at = if self.channels == Channels::Rgb { self.channels.count() } else { 1 };
        let spectra = &spectra[..spectra.len() / self.channels.count() * n_looked_at];
        self.plan.measure_spectra(spectra, self.channels.code_unit(0), || view.rows(), &mut self.workspace)
    }
}
