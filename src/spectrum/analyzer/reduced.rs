//! Sums over reduced images: the products of all pairs of their real Fourier coefficients, and what says how unevenly
//! the images' contrast is spread (`Σ‖y‖⁴`, y the weighed coefficients; `Σ‖y‖² x` to take the mean out of it).

use rustfft::num_complex::{Complex32, Complex64};

use super::lanes::Lanes;
use super::outer::upper_triangle;
use crate::spectral::fft2::Fft2Workspace;
use crate::spectrum::plan::{AnalysisPlan, DiagonalityPlan};

/// Scratch for one reduced image.
#[derive(Debug)]
pub(super) struct ReducedSums {
    values: Vec<f64>,
    plane: Vec<f32>,
    spectrum: Vec<Complex32>,
    exact: Vec<Complex64>,
    form: Vec<f64>,
    products: Vec<f64>,
    fft: Fft2Workspace,
}

impl ReducedSums {
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

    /// Adds the reduced image's numbers in the real Fourier form to the sums; nothing unless planned.
    pub(super) fn add(&mut self, plan: &AnalysisPlan, planes: &[f32], lanes: &mut Lanes) {
        let Some(diagonality) = &plan.diagonality else { return };
        let config = &plan.config;
        let standardized = plan.reference.as_ref().is_some_and(|r| r.inverse_std.is_some());
        self.values.fill(if plan.reference.is_none() { config.middle_value() } else { 0.0 });
        let channels = config.channels.count();
        for (c, plane) in planes.chunks_exact(config.size.n_pixels()).enumerate() {
            let scale = if standardized { 1.0 } else { plan.value_per_code(c) };
            diagonality.average.add_average(plane, scale / channels as f64, &mut self.values);
        }
        self.fill_form(diagonality);
        let first = plan.real_form_at();
        upper_triangle(&self.form, &mut self.products);
        lanes.add(first, 0, &self.products);
        let norm2: f64 = self.form.iter().zip(&diagonality.weights).map(|(x, w)| w * x * x).sum();
        self.values.iter_mut().zip(&self.form).for_each(|(v, x)| *v = norm2 * x);
        lanes.add(first + 1, 0, &self.values);
        lanes.add(first + 2, 0, &[norm2 * norm2]);
    }

    /// The real Fourier form of the reduced image.
    fn fill_form(&mut self, plan: &DiagonalityPlan) {
        for (single, double) in self.plane.iter_mut().zip(&self.values) {
            *single = *double as f32;
        }
        plan.fft.forward(&self.plane, &mut self.spectrum, &mut self.fft);
        let scale = 1.0 / (plan.fft.size().n_pixels() as f64).sqrt();
        for (exact, x) in self.exact.iter_mut().zip(&self.spectrum) {
            *exact = Complex64::new(f64::from(x.re) * scale, f64::from(x.im) * scale);
        }
        plan.form.apply(&self.exact, &mut self.form);
    }
}
