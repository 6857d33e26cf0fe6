//! The Mahalanobis distance of single images, and at which frequency they are strange.
//!
//! # Definition
//!
//! `d²(x|Q) = Σ_k |X[k] − M[k]|²/Γ[k]`; at annulus `j` the mean of the same ratio over its modes is the excess of the
//! image's power over the set's, 1 for a typical member. Annuli go on into the corners.
//!
//! A member of the set is measured against all others: it is taken out of M and Γ exactly. In a narrow annulus an odd
//! image can be nearly all of Γ, and would hide in it.

use rustfft::num_complex::{Complex32, Complex64};

use super::metric::{Metric, extended_annuli};
use super::model::DatasetModel;

/// Measures images against one model.
#[derive(Debug)]
pub struct ImageDistancePlan {
    n_modes: usize,
    /// For each axis, the weight of each channel's codes.
    mixing: Vec<Vec<f32>>,
    /// Removed mean less M, unnormalised; empty if there is no shift.
    shift: Vec<Vec<Complex32>>,
    /// Modes that share one Γ: each its own, or an annulus.
    group_of_mode: Vec<u32>,
    /// How often each stored mode counts in the full plane, over the pixels: the factor from unnormalised powers.
    weight: Vec<f64>,
    /// Modes of the full plane in each group.
    group_size: Vec<f64>,
    /// Annulus of each group, on into the corners.
    annulus_of_group: Vec<u32>,
    /// Modes of the full plane in each annulus.
    annulus_size: Vec<f64>,
    /// Γ of each axis and group.
    gamma: Vec<Vec<f64>>,
    floor: f64,
    left_out: LeftOut,
    longer_side: f64,
}

/// Whether the measured image is one of those that Γ was measured on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum LeftOut {
    /// It is not, or its share cannot be told.
    No,
    /// It is one of so many, and is taken out of Γ and M before it is measured.
    OneOf(f64),
}

/// Room for one image.
#[derive(Debug)]
pub struct Scratch {
    /// Sum of powers in each group.
    group: Vec<f64>,
    /// Sum of ratios in each annulus.
    annulus: Vec<f64>,
}

/// What is measured of one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageDistance {
    /// `d²` from the whole set.
    pub square: f64,
    /// Frequency of the annulus with the largest excess, cycles per pixel.
    pub strangest_cycles_per_px: f64,
    /// The excess there, a ratio of powers.
    pub excess: f64,
    /// `d²` in another metric, or from another set: the baseline for noise.
    pub baseline_square: f64,
}

impl ImageDistance {
    /// As a list of numbers.
    pub fn append_to(&self, numbers: &mut Vec<f64>) {
        numbers.extend([self.square, self.strangest_cycles_per_px, self.excess, self.baseline_square]);
    }

    /// From the beginning of a list of numbers, and what follows there; none if the list is too short.
    pub fn from_numbers(numbers: &[f64]) -> Option<(Self, &[f64])> {
        let (&[square, strangest_cycles_per_px, excess, baseline_square], rest) = numbers.split_first_chunk()?;
        Some((Self { square, strangest_cycles_per_px, excess, baseline_square }, rest))
    }
}

/// Which images are measured: members of the set, or others.
#[derive(Debug, Clone, Copy)]
pub enum Membership<'a> {
    /// Members of the set: each is left out of Γ and M before it is measured, where the metric is made of them (`modes`
    /// and `radial`).
    Members,
    /// Others, of which the mean of this model was removed.
    Others(&'a DatasetModel),
}

impl ImageDistancePlan {
    /// Plans measurements against `model`, of unnormalised half-spectra of codes of which one is worth `value_per_code`
    /// in each channel.
    pub fn new(model: &DatasetModel, value_per_code: &[f64], measured: Membership<'_>) -> Self {
        let grid = &model.grid;
        let (h, n_pixels) = (grid.size().height, grid.size().n_pixels() as f64);
        let weights = |axis: usize| {
            let along = |c: usize| match &model.color {
                Some(color) => color.axes[axis][c],
                None => f64::from(u8::from(c == axis)),
            };
            value_per_code.iter().enumerate().map(|(c, v)| (along(c) * v) as f32).collect()
        };
        let between = |(removed, mean): (&Vec<Complex64>, &Vec<Complex64>)| {
            let scale = n_pixels.sqrt();
            let single = |x: Complex64| Complex32::new((scale * x.re) as f32, (scale * x.im) as f32);
            removed.iter().zip(mean).map(|(r, m)| single(r - m)).collect()
        };
        let annuli = extended_annuli(grid);
        let group_of_mode: Vec<u32> = match model.metric {
            Metric::Radial => annuli.clone(),
            Metric::Modes | Metric::PowerLaw => (0..grid.n_modes() as u32).collect(),
        };
        let n_groups = 1 + group_of_mode.iter().copied().max().unwrap_or(0) as usize;
        let n_annuli = 1 + annuli.iter().copied().max().unwrap_or(0) as usize;
        let (mut group_size, mut annulus_of_group) = (vec![0.0; n_groups], vec![0; n_groups]);
        let mut annulus_size = vec![0.0; n_annuli];
        let mut gamma = vec![vec![0.0; n_groups]; model.gamma.len()];
        for (i, &group) in group_of_mode.iter().enumerate() {
            let multiplicity = grid.multiplicity(i / h);
            group_size[group as usize] += multiplicity;
            annulus_of_group[group as usize] = annuli[i];
            annulus_size[annuli[i] as usize] += multiplicity;
            gamma.iter_mut().zip(&model.gamma).for_each(|(of_group, of_mode)| of_group[group as usize] = of_mode[i]);
        }
        let n = model.n_images as f64;
        let is_made_of_images = model.metric != Metric::PowerLaw && model.n_images >= 3;
        Self {
            n_modes: grid.n_modes(),
            mixing: (0..model.gamma.len()).map(weights).collect(),
            shift: match measured {
                Membership::Members => Vec::new(),
                Membership::Others(other) => other.mean_field.iter().zip(&model.mean_field).map(between).collect(),
            },
            left_out: match measured {
                Membership::Members if is_made_of_images => LeftOut::OneOf(n),
                Membership::Members | Membership::Others(_) => LeftOut::No,
            },
            weight: (0..grid.n_modes()).map(|i| grid.multiplicity(i / h) / n_pixels).collect(),
            group_of_mode,
            group_size,
            annulus_of_group,
            annulus_size,
            gamma,
            floor: model.rounding_power,
            longer_side: grid.size().longer_side() as f64,
        }
    }

    /// Room for one image.
    pub fn scratch(&self) -> Scratch {
        Scratch { group: vec![0.0; self.group_size.len()], annulus: vec![0.0; self.annulus_size.len()] }
    }

    /// Measures the image with the unnormalised half-spectra `spectra` (channel after channel).
    ///
    /// # Panics
    ///
    /// If there are fewer modes than the model has.
    pub fn measure(&self, spectra: &[Complex32], scratch: &mut Scratch) -> ImageDistance {
        scratch.annulus.fill(0.0);
        let mut square = 0.0;
        for (axis, gamma) in self.gamma.iter().enumerate() {
            scratch.group.fill(0.0);
            for (mode, (&group, weight)) in self.group_of_mode.iter().zip(&self.weight).enumerate() {
                let x = self.coefficient(axis, mode, spectra);
                scratch.group[group as usize] += weight * (f64::from(x.re).powi(2) + f64::from(x.im).powi(2));
            }
            for (group, (sum, gamma)) in scratch.group.iter().zip(gamma).enumerate() {
                let size = self.group_size[group];
                let squares = size * self.ratio(sum / size, *gamma);
                square += squares;
                scratch.annulus[self.annulus_of_group[group] as usize] += squares;
            }
        }
        let n_axes = self.gamma.len() as f64;
        let excess = |j: usize| scratch.annulus[j] / (n_axes * self.annulus_size[j]);
        let strangest = (0..self.annulus_size.len()).max_by(|a, b| excess(*a).total_cmp(&excess(*b))).unwrap_or(0);
        ImageDistance {
            square,
            strangest_cycles_per_px: strangest as f64 / self.longer_side,
            excess: excess(strangest),
            baseline_square: square,
        }
    }

    /// Mean power `p` of a group over its Γ. Of a member, both are as if the set had been measured without it: with `p`
    /// seen from the mean of all, `p₋ = p (n/(n−1))²` and `Γ₋ = ((n−1)Γ − p n/(n−1))/(n−2)`.
    fn ratio(&self, power: f64, gamma: f64) -> f64 {
        match self.left_out {
            LeftOut::No => power / gamma.max(self.floor),
            LeftOut::OneOf(n) => {
                let others = ((n - 1.0) * gamma - power * n / (n - 1.0)) / (n - 2.0);
                power * (n / (n - 1.0)).powi(2) / others.max(self.floor)
            }
        }
    }

    /// Coefficient of one mode along one axis, seen from M, value.
    fn coefficient(&self, axis: usize, mode: usize, spectra: &[Complex32]) -> Complex32 {
        let mut x = Complex32::default();
        for (weight, channel) in self.mixing[axis].iter().zip(spectra.chunks_exact(self.n_modes)) {
            if *weight != 0.0 {
                x += channel[mode] * *weight;
            }
        }
        self.shift.get(axis).map_or(x, |shift| x + shift[mode])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::model::ColorAxes;
    use crate::noise::testing::model;
    use crate::spectral::dft64::orthonormal_dft;
    use crate::spectral::fft2::Fft2Plan;
    use crate::spectral::naive::normal_plane;
    use crate::spectral::{Grid, Size};

    /// Unnormalised spectra of three planes.
    fn spectra(size: Size, planes: &[Vec<f64>]) -> Vec<Complex32> {
        let plan = Fft2Plan::new(size);
        let mut all = Vec::new();
        for plane in planes {
            let plane: Vec<f32> = plane.iter().map(|v| *v as f32).collect();
            let mut spectrum = vec![Complex32::default(); plan.n_modes()];
            plan.forward(&plane, &mut spectrum, &mut plan.workspace());
            all.extend(spectrum);
        }
        all
    }

    #[test]
    fn the_distance_is_the_sum_over_the_full_plane() {
        for (h, w) in [(1, 1), (1, 5), (4, 4), (7, 6), (9, 5)] {
            let size = Size::new(h, w);
            let grid = Grid::new(size);
            let planes: Vec<_> = (0..3).map(|c| normal_plane(size, c)).collect();
            let mean: Vec<_> = (5..8).map(|c| orthonormal_dft(size, &normal_plane(size, c))).collect();
            let gamma = |c: usize| (0..grid.n_modes()).map(|i| 0.1 + ((i * 13 + c) % 7) as f64).collect::<Vec<_>>();
            let model = model(&grid, (0..3).map(gamma).collect(), mean.clone(), 9);
            let zero = super::super::testing::model(
                &grid,
                model.gamma.clone(),
                vec![vec![Complex64::default(); grid.n_modes()]; 3],
                9,
            );
            let mut want = 0.0;
            for c in 0..3 {
                let x = orthonormal_dft(size, &planes[c]);
                let ratio: Vec<f64> =
                    (0..grid.n_modes()).map(|i| (0.5 * x[i] - mean[c][i]).norm_sqr() / model.gamma[c][i]).collect();
                want += grid.to_full_plane(&ratio).iter().sum::<f64>();
            }
            let plan = ImageDistancePlan::new(&model, &[0.5; 3], Membership::Others(&zero));
            let got = plan.measure(&spectra(size, &planes), &mut plan.scratch());
            assert!((got.square - want).abs() <= 1e-5 * want, "{size}: {got:?} instead of {want}");
            assert!(got.excess > 0.0);
        }
    }

    #[test]
    fn a_member_is_measured_as_if_it_had_not_been_in_the_set() {
        let size = Size::new(6, 8);
        let grid = Grid::new(size);
        let n = 7;
        let planes: Vec<Vec<f64>> = (0..n).map(|i| normal_plane(size, i)).collect();
        let fields: Vec<_> = planes.iter().map(|plane| orthonormal_dft(size, plane)).collect();
        // Mean and Γ of some of the images.
        let model_of = |members: &[usize], metric: Metric| {
            let count = members.len() as f64;
            let mean: Vec<Complex64> =
                (0..grid.n_modes()).map(|k| members.iter().map(|i| fields[*i][k]).sum::<Complex64>() / count).collect();
            let gamma: Vec<f64> = (0..grid.n_modes())
                .map(|k| members.iter().map(|i| (fields[*i][k] - mean[k]).norm_sqr()).sum::<f64>() / (count - 1.0))
                .collect();
            let gamma = metric.apply(&grid, vec![gamma]).expect("a metric");
            DatasetModel { metric, ..model(&grid, gamma, vec![mean], members.len()) }
        };
        let all: Vec<usize> = (0..n as usize).collect();
        for metric in [Metric::Modes, Metric::Radial] {
            let whole = model_of(&all, metric);
            let zero = model(&grid, whole.gamma.clone(), vec![vec![Complex64::default(); grid.n_modes()]], n as usize);
            for i in [0, 3, 6] {
                let others: Vec<usize> = all.iter().copied().filter(|j| *j != i).collect();
                let without = model_of(&others, metric);
                let plan = ImageDistancePlan::new(&without, &[1.0], Membership::Others(&zero));
                let want = plan.measure(&spectra(size, &planes[i..=i]), &mut plan.scratch());
                let mean: Vec<f64> =
                    (0..size.n_pixels()).map(|p| planes.iter().map(|plane| plane[p]).sum::<f64>() / n as f64).collect();
                let centred: Vec<f64> = planes[i].iter().zip(&mean).map(|(x, m)| x - m).collect();
                let plan = ImageDistancePlan::new(&whole, &[1.0], Membership::Members);
                let got = plan.measure(&spectra(size, &[centred]), &mut plan.scratch());
                let off = (got.square / want.square - 1.0).abs();
                assert!(off <= 1e-4, "{metric}, {i}: {got:?} instead of {want:?}");
                assert!((got.excess / want.excess - 1.0).abs() <= 1e-4, "{metric}, {i}");
            }
        }
    }

    #[test]
    fn members_are_left_out_of_three_images_or_more_where_gamma_is_made_of_them() {
        let size = Size::new(4, 4);
        let grid = Grid::new(size);
        let zero = vec![vec![Complex64::default(); grid.n_modes()]];
        // White: every mode has the power 1, and Γ = 2.
        let image = vec![Complex32::new(4.0, 0.0); grid.n_modes()];
        let square = |n: usize, gamma: f64, metric: Metric| {
            let plain = model(&grid, vec![vec![gamma; grid.n_modes()]], zero.clone(), n);
            let plan = ImageDistancePlan::new(&DatasetModel { metric, ..plain }, &[1.0], Membership::Members);
            plan.measure(&image, &mut plan.scratch()).square / 16.0
        };
        // Γ₋ = (2·2 − 3/2)/1 and p₋ = 9/4.
        assert!((square(3, 2.0, Metric::Modes) - 2.25 / 2.5).abs() <= 1e-6, "{}", square(3, 2.0, Metric::Modes));
        // The other of two has no spread: it is measured against both.
        assert!((square(2, 2.0, Metric::Modes) - 0.5).abs() <= 1e-6);
        // A power law is not made of single images' powers.
        assert!((square(3, 2.0, Metric::PowerLaw) - 0.5).abs() <= 1e-6);
        // All of Γ is this image's: the others have the power of rounding.
        let floor = model(&grid, vec![vec![1.0; grid.n_modes()]], zero.clone(), 3).rounding_power;
        let alone = square(3, 0.75, Metric::Modes);
        assert!((alone * floor / 2.25 - 1.0).abs() <= 1e-4, "{alone}");
    }

    #[test]
    fn the_excess_is_a_mean_over_axes() {
        let size = Size::new(4, 4);
        let grid = Grid::new(size);
        let model =
            model(&grid, vec![vec![2.0; grid.n_modes()]; 3], vec![vec![Complex64::default(); grid.n_modes()]; 3], 9);
        let image = vec![Complex32::new(4.0, 0.0); 3 * grid.n_modes()];
        let plan = ImageDistancePlan::new(&model, &[1.0; 3], Membership::Others(&model));
        let got = plan.measure(&image, &mut plan.scratch());
        assert!((got.excess - 0.5).abs() <= 1e-6, "{got:?}");
    }

    #[test]
    fn turned_axes_change_nothing_where_gamma_is_the_same_in_all() {
        let size = Size::new(6, 8);
        let grid = Grid::new(size);
        let planes: Vec<_> = (0..3).map(|c| normal_plane(size, c)).collect();
        let zero = vec![vec![Complex64::default(); grid.n_modes()]; 3];
        let plain = model(&grid, vec![vec![0.7; grid.n_modes()]; 3], zero, 9);
        let (s, c) = 0.6_f64.sin_cos();
        let axes = vec![vec![c, s, 0.0], vec![-s, c, 0.0], vec![0.0, 0.0, 1.0]];
        let turned = DatasetModel { color: Some(ColorAxes { axes, relative_variance: vec![1.0; 3] }), ..plain.clone() };
        let measure = |model: &DatasetModel| {
            let plan = ImageDistancePlan::new(model, &[1.0; 3], Membership::Others(&plain));
            plan.measure(&spectra(size, &planes), &mut plan.scratch()).square
        };
        let (a, b) = (measure(&plain), measure(&turned));
        assert!((a - b).abs() <= 1e-5 * a, "{a} and {b}");
    }

    #[test]
    fn a_wave_is_strange_at_its_own_frequency() {
        // Also in the corner: the finest checkerboard.
        let size = Size::square(16);
        let board: Vec<f64> = (0..256).map(|i| if (i / 16 + i % 16) % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let grid = Grid::new(size);
        let wave: Vec<f64> = (0..256).map(|i| (std::f64::consts::TAU * 5.0 * f64::from(i % 16) / 16.0).cos()).collect();
        let zero = vec![vec![Complex64::default(); grid.n_modes()]];
        let model = model(&grid, vec![vec![0.1; grid.n_modes()]], zero, 9);
        let plan = ImageDistancePlan::new(&model, &[1.0], Membership::Others(&model));
        let got = plan.measure(&spectra(size, &[wave]), &mut plan.scratch());
        assert_eq!(got.strangest_cycles_per_px, 5.0 / 16.0);
        let corner = plan.measure(&spectra(size, &[board]), &mut plan.scratch());
        assert_eq!(corner.strangest_cycles_per_px, 11.0 / 16.0, "√½ of a cycle per pixel");
        let mut numbers = Vec::new();
        let whole = ImageDistance { baseline_square: 3.0, ..got };
        whole.append_to(&mut numbers);
        assert_eq!(ImageDistance::from_numbers(&numbers), Some((whole, &[][..])));
        assert_eq!(ImageDistance::from_numbers(&[1.0]), None);
    }
}
