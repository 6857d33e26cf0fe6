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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::testing::model;
    use crate::noise::{parse_family, realise};
    use crate::spectral::{Grid, Size};
    use rustfft::num_complex::Complex64;

    fn dataset(power: impl Fn(f64) -> f64) -> DatasetModel {
        let grid = Grid::new(Size::square(16));
        let gamma = grid.frequencies().iter().map(|f| power(f.max(1.0 / 32.0))).collect();
        let mean = vec![Complex64::default(); grid.n_modes()];
        model(&grid, vec![gamma], vec![mean], 100)
    }

    /// Compared without samples.
    fn compared(dataset: &DatasetModel, names: &[&str]) -> Vec<Comparison> {
        let noise = |name: &&str| realise(&*parse_family(name).expect(name), &dataset.setting()).expect(name);
        let noises: Vec<Noise> = names.iter().map(noise).collect();
        compare(dataset, &noises, &vec![(None, None); names.len()]).expect("numbers")
    }

    #[test]
    fn families_are_ranked_by_what_the_noise_lacks_and_not_by_their_distance() {
        let all = compared(&dataset(|f| 0.01 * f.powf(-2.0)), &["cloud:1.6", "white", "matched", "cloud:1.2"]);
        let names: Vec<(&str, usize)> = all.iter().map(|c| (c.name.as_str(), c.rank)).collect();
        assert_eq!(names, [("matched", 1), ("cloud:1.2", 2), ("white", 3), ("cloud:1.6", 4)]);
        // Both the other divergence and the distance would have put the smooth noise before the white.
        let (white, smooth) = (&all[2], &all[3]);
        assert!(smooth.divergence.kl_noise_data < white.divergence.kl_noise_data);
        assert!(smooth.divergence.expected_square < white.divergence.expected_square);
    }

    #[test]
    fn smooth_is_less_than_the_images_themselves_have() {
        let plain = dataset(|f| 0.01 * f.powf(-2.0));
        let all = compared(&plain, &["cloud:3", "white", "matched"]);
        let smooth = all.iter().filter(|c| c.is_too_smooth(&plain)).map(|c| c.name.as_str());
        assert_eq!(smooth.collect::<Vec<_>>(), ["cloud:3"]);
        // Modes below rounding weigh less: images, and noise with their spectrum, lie below 0.9 by that alone.
        let floored = dataset(|f| if f > 0.3 { 1e-9 } else { 0.1 });
        let all = compared(&floored, &["matched"]);
        assert!(all[0].expected_normalized(floored.n_dimensions()) < TOO_SMOOTH && !all[0].is_too_smooth(&floored));
    }

    #[test]
    fn too_smooth_begins_at_nine_tenths_of_the_images_own_distance() {
        let data = dataset(|f| 0.01 * f.powf(-2.0));
        for (share, is_too_smooth) in [(0.895, true), (0.905, false)] {
            let mut c = compared(&data, &["white"]).remove(0);
            c.divergence.expected_square = share * share * data.n_dimensions();
            assert_eq!(c.is_too_smooth(&data), is_too_smooth, "{share}");
        }
    }

    #[test]
    fn both_drawn_means_have_to_agree() {
        let data = dataset(|f| 0.01 / f);
        let mut all = compared(&data, &["white"]);
        let c = &mut all[0];
        assert!(c.agrees(2) && c.standard_errors_off() == 0.0, "nothing was drawn");
        let drawn = |mean_square: f64| Moments {
            n_samples: 100,
            mean: mean_square.sqrt(),
            std: Some(1.0),
            mean_square,
            mean_square_se: Some(1e-3 * mean_square),
        };
        let (of_set, of_member) = (c.divergence.expected_square, c.divergence.expected_square_to_member);
        (c.to_mean, c.to_member) = (Some(drawn(of_set)), Some(drawn(of_member)));
        assert!(c.agrees(2) && c.standard_errors_off() <= 1e-9);
        for (first, second) in [(2.0, 1.0), (1.0, 2.0)] {
            (c.to_mean, c.to_member) = (Some(drawn(first * of_set)), Some(drawn(second * of_member)));
            assert!(!c.agrees(2) && c.standard_errors_off() > 5.0, "{first} {second}");
        }
    }
}
