//! Sums over reduced images: the products of all pairs of their real Fourier coefficients.

use rustfft::num_complex::{Complex32, Complex64};

use super::{Analyzer, add_outer};
use crate::spectral::fft2::Fft2Workspace;
use crate::spectrum::plan::DiagonalityPlan;

/// Scratch for one reduced image.
#[derive(Debug)]
pub(super) struct ReducedScratch {
    values: Vec<f64>,
    plane: Vec<f32>,
    spectrum: Vec<Complex32>,
    exact: Vec<Complex64>,
    form: Vec<f64>,
    products: Vec<f64>,
    fft: Fft2Workspace,
}

impl ReducedScratch {
    pub(super) fn new(plan: &DiagonalityPlan) -> Self {
        let n = plan.form.len();
        Self {
            values: vec![0.0; n],
            plane: vec![0.0; n],
            spectrum: vec![Complex32::default(); plan.fft.n_modes()],
            exact: vec![Complex64::default(); plan.fft.n_modes()],
            form: vec![0.0; n],
            products: vec![0.0; n * (n + 1) / 2],
            fft: plan.fft.workspace(),
        }
    }
}

impl Analyzer {
    /// The reduced image in the real Fourier form, and the products of its numbers.
    pub(super) fn add_reduced(&mut self) {
        let plan = &*self.plan;
        let (Some(diagonality), Some(scratch)) = (&plan.diagonality, &mut self.reduced) else { return };
        let config = &plan.config;
        let standardized = plan.reference.as_ref().is_some_and(|r| r.inverse_std.is_some());
        scratch.values.fill(if plan.reference.is_none() { config.middle_value() } else { 0.0 });
        let channels = config.channels.count();
        for (c, plane) in self.planes.chunks_exact(config.size.n_pixels()).enumerate() {
            let scale = if standardized { 1.0 } else { plan.value_per_code(c) };
            diagonality.average.add_average(plane, scale / channels as f64, &mut scratch.values);
        }
        diagonality.real_form_of(scratch);
        add_outer(&mut self.lanes[plan.real_form_outer_at()], 0, &scratch.form, &mut scratch.products);
    }
}

impl DiagonalityPlan {
    /// The real Fourier form of the reduced image in `scratch.values`.
    fn real_form_of(&self, scratch: &mut ReducedScratch) {
        for (single, double) in scratch.plane.iter_mut().zip(&scratch.values) {
            *single = *double as f32;
        }
        self.fft.forward(&scratch.plane, &mut scratch.spectrum, &mut scratch.fft);
        let scale = 1.0 / (self.fft.size().n_pixels() as f64).sqrt();
        for (exact, x) in scratch.exact.iter_mut().zip(&scratch.spectrum) {
            *exact = Complex64::new(f64::from(x.re) * scale, f64::from(x.im) * scale);
        }
        self.form.apply(&scratch.exact, &mut scratch.form);
    }
}
