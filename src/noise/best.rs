//! The power law closest to a dataset: Δ of the least `KL(dataset ‖ noise)` at the set's pixel variance, by Brent's
//! method.

use argmin::core::{CostFunction, Executor};
use argmin::solver::brent::BrentOpt;

use super::distance::divergence;
use super::error::NoiseError;
use super::model::DatasetModel;
use super::spectrum::NoiseSpectrum;

/// Between these the best Δ is sought: far beyond the spectra of any images.
pub const RANGE: (f64, f64) = (-2.0, 8.0);
/// Δ is found to about this.
const TOLERANCE: f64 = 1e-6;
/// Brent's method halves its interval at least every third step; these are more than enough.
const MAX_STEPS: u64 = 200;

struct Objective<'a, S> {
    dataset: &'a DatasetModel,
    spectrum: S,
}

impl<S: Fn(f64) -> Result<NoiseSpectrum, NoiseError>> CostFunction for Objective<'_, S> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, delta: &f64) -> Result<f64, argmin::core::Error> {
        let mut spectrum = (self.spectrum)(*delta)?;
        // A zero frequency without power makes every divergence infinite; at the floor it is the same for each Δ.
        spectrum.power.iter_mut().flatten().for_each(|p| *p = p.max(self.dataset.rounding_power));
        Ok(divergence(self.dataset, &spectrum)?.kl_data_noise)
    }
}

/// Δ between −2 and 8 at which the noise `spectrum(Δ)` has the least `KL(dataset ‖ noise)`.
///
/// # Errors
///
/// If a spectrum cannot be made.
pub fn best_delta(
    dataset: &DatasetModel,
    spectrum: impl Fn(f64) -> Result<NoiseSpectrum, NoiseError>,
) -> Result<f64, NoiseError> {
    let objective = Objective { dataset, spectrum };
    let solver = BrentOpt::new(RANGE.0, RANGE.1).set_tolerance(f64::EPSILON.sqrt(), TOLERANCE);
    let no_law = |reason: String| NoiseError::NoPowerLaw { name: "the best power law".to_owned(), reason };
    let found = Executor::new(objective, solver).configure(|state| state.max_iters(MAX_STEPS)).run();
    match found {
        Ok(found) => {
            found.state.best_param.filter(|d| d.is_finite()).ok_or_else(|| no_law("no minimum was found".to_owned()))
        }
        Err(error) => Err(error.downcast::<NoiseError>().unwrap_or_else(|error| no_law(error.to_string()))),
    }
}
