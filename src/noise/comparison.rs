//! Families beside each other: closed forms, drawn distances, ranks.
//!
//! # Conventions
//!
//! Smaller is not closer: a typical member of the set lies at `d/√D = 1`, and noise that is too smooth comes out below.
//! Families are ranked by `KL(dataset ‖ noise)`, which is least for the set's own spectrum (what is left there is the
//! mean image's share) and grows either way.

use super::distance::{Divergence, divergence, typical_normalized};
use super::error::NoiseError;
use super::model::DatasetModel;
use super::monte_carlo::{ExpectedSquare, Moments};
use super::realise::Noise;

/// Noise with less than this share of the images' own `d/√D` is smoother than they are.
pub const TOO_SMOOTH: f64 = 0.9;

/// One family against one dataset.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The family.
    pub name: String,
    /// Exponent Δ, for power laws.
    pub delta: Option<f64>,
    /// Standard deviation of the pixels, value.
    pub noise_std: f64,
    /// Closed forms.
    pub divergence: Divergence,
    /// Drawn distances from the set.
    pub to_mean: Option<Moments>,
    /// Drawn distances from members of the set.
    pub to_member: Option<Moments>,
    /// Rank by `KL(dataset ‖ noise)`, 1 the closest.
    pub rank: usize,
}

impl Comparison {
    /// Drawn moments and what is expected of them, where samples were drawn.
    fn drawn_and_expected(&self) -> impl Iterator<Item = (Moments, ExpectedSquare)> {
        let d = &self.divergence;
        let pairs = [(self.to_mean, d.square()), (self.to_member, d.square_to_member())];
        pairs.into_iter().filter_map(|(drawn, expected)| Some((drawn?, expected)))
    }

    /// Whether both drawn means agree with their closed forms, as two of `n_compared`.
    pub fn agrees(&self, n_compared: usize) -> bool {
        self.drawn_and_expected().all(|(drawn, expected)| drawn.agrees_with(expected, n_compared))
    }

    /// Standard errors between a drawn mean square and the expected one, the larger of both; zero where they cannot be
    /// told.
    pub fn standard_errors_off(&self) -> f64 {
        self.drawn_and_expected().filter_map(|(m, expected)| m.standard_errors_from(expected)).fold(0.0, f64::max)
    }

    /// Whether the noise is smoother than the images of `dataset`: its expected `d` is below [`TOO_SMOOTH`] of theirs.
    pub fn is_too_smooth(&self, dataset: &DatasetModel) -> bool {
        self.expected_normalized(dataset.n_dimensions()) < TOO_SMOOTH * typical_normalized(dataset)
    }

    /// Root of the expected squared distance over √D.
    pub fn expected_normalized(&self, n_dimensions: f64) -> f64 {
        (self.divergence.expected_square / n_dimensions).sqrt()
    }
}

/// Compares `noises` with `dataset`, closest first; `drawn` holds the moments of each one's distances from the set and
/// from members.
///
/// # Errors
///
/// If a closed form fails.
pub fn compare(
    dataset: &DatasetModel,
    noises: &[Noise],
    drawn: &[(Option<Moments>, Option<Moments>)],
) -> Result<Vec<Comparison>, NoiseError> {
    let mut compared = Vec::with_capacity(noises.len());
    for (noise, (to_mean, to_member)) in noises.iter().zip(drawn) {
        compared.push(Comparison {
            name: noise.spectrum.name.clone(),
            delta: noise.spectrum.delta,
            noise_std: noise.spectrum.pixel_std(&dataset.grid),
            divergence: divergence(dataset, &noise.spectrum)?,
            to_mean: *to_mean,
            to_member: *to_member,
            rank: 0,
        });
    }
    compared.sort_by(|a, b| a.divergence.kl_data_noise.total_cmp(&b.divergence.kl_data_noise));
    compared.iter_mut().enumerate().for_each(|(i, c)| c.rank = i + 1);
    Ok(compared)
}
