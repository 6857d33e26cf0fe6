//! What a sampler's file may say: everything that leads to schedules of finite noise levels, and nothing else.

use super::super::mixture::Component;
use super::{N_DIMENSIONS, N_POINTS, N_SHAPE, SamplerError, ScheduleSampler};

/// Largest magnitude of a logSNR in a model: sigma is e⁻¹⁰⁰ to e¹⁰⁰, far beyond what images need.
const MAX_LOGSNR: f64 = 200.0;
/// Largest deviation of any of the six numbers: draws stay finite however far out they fall.
const MAX_DEVIATION: f64 = 50.0;
/// Largest magnitude in the curves of the shapes: u runs from 0 to 1, and the components are of unit length.
const MAX_SHAPE: f64 = 2.0;

impl ScheduleSampler {
    /// Refuses parts that do not go together.
    pub(super) fn check_parts(&self) -> Result<(), SamplerError> {
        let rows = std::iter::once(&self.shape_mean).chain(&self.shape_basis);
        let whole = rows.into_iter().all(|r| r.len() == N_POINTS - 1 && r.iter().all(|v| v.abs() <= MAX_SHAPE));
        let rises = self.shape_least_step > 0.0 && self.shape_least_step <= 1.0;
        if self.shape_basis.len() != N_SHAPE || !whole || !rises {
            return Err(SamplerError::Damaged("its basis of shapes has the wrong size, or values that no shape has"));
        }
        for class in &self.classes {
            class.mixture.validate()?;
            if class.mixture.n_dimensions() != N_DIMENSIONS {
                return Err(SamplerError::Damaged("a mixture has the wrong number of dimensions"));
            }
            let falls = class.logsnr_least_span > 0.0 && class.logsnr_least_span <= 2.0 * MAX_LOGSNR;
            let varies = (0.0..=MAX_DEVIATION).contains(&class.logsnr_clean_std);
            if !(falls && varies && class.logsnr_cleanest.abs() <= MAX_LOGSNR) {
                return Err(SamplerError::Damaged("the ends of a class are no logSNRs of schedules"));
            }
            if !class.mixture.components.iter().all(is_of_schedules) {
                return Err(SamplerError::Damaged("a mixture reaches beyond what schedules are"));
            }
        }
        if self.classes.is_empty() { Err(SamplerError::Damaged("it has no classes")) } else { Ok(()) }
    }
}

/// Whether draws of a component are numbers that schedules have.
fn is_of_schedules(component: &Component) -> bool {
    let variances = component.covariance.iter().step_by(N_DIMENSIONS + 1);
    component.mean.iter().all(|mean| mean.abs() <= MAX_LOGSNR)
        && variances.into_iter().all(|v| *v <= MAX_DEVIATION * MAX_DEVIATION)
}
