//! The Mahalanobis distance of single images, and at which frequency they are strange.
//!
//! # Definition
//!
//! `d²(x|Q) = Σ_k |X[k] − M[k]|²/Γ[k]`; at annulus `j` the mean of the same ratio over its modes is the excess of the image's power over
//! the set's, 1 for a typical member.

use rustfft::num_complex::{Complex32, Complex64};

use super::model::DatasetModel;
use crate::spectral::AnnulusSums;

/// Where M is, seen from images that had another mean removed.
#[derive(Debug, Clone, Copy)]
pub enum Shift<'a> {
    /// The mean that was removed is the model's.
    None,
    /// The mean that was removed is that of this model.
    FromMeanOf(&'a DatasetModel),
}

/// Measures images against one model.
#[derive(Debug)]
pub struct ImageDistancePlan {
    n_modes: usize,
    height: usize,
    /// For each axis, the weight of each channel's codes.
    mixing: Vec<Vec<f32>>,
    /// `1/(HW Γ)` of each axis, for unnormalised transforms of values.
    inverse: Vec<Vec<f64>>,
    /// Removed mean less M, unnormalised; empty if there is no shift.
    shift: Vec<Vec<Complex32>>,
    multiplicity: Vec<f64>,
    annuli: AnnulusSums,
    n_annuli: usize,
    longer_side: f64,
}

/// Room for one image.
#[derive(Debug)]
pub struct Scratch {
    ratio: Vec<f64>,
    annuli: Vec<f64>,
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
    /// `d²` in another metric, or from another set: what noise is compared with.
    pub baseline_square: f64,
}

impl ImageDistance {
    /// As a list of numbers.
    pub fn append_to(&self, numbers: &mut Vec<f64>) {
        numbers.extend([self.square, self.strangest_cycles_per_px, self.excess, self.baseline_square]);
    }

    /// From a list of numbers; none if it is no such list.
    pub fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let [square, strangest_cycles_per_px, excess, baseline_square] = *numbers else { return None };
        Some(Self { square, strangest_cycles_per_px, excess, baseline_square })
    }
}

impl ImageDistancePlan {
    /// Plans measurements against `model`, of unnormalised half-spectra of codes of which one is worth `value_per_code` in each channel.
    pub fn new(model: &DatasetModel, value_per_code: &[f64], shift: Shift<'_>) -> Self {
        let grid = &model.grid;
        let n_pixels = grid.size().n_pixels() as f64;
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
        Self {
            n_modes: grid.n_modes(),
            height: grid.size().height,
            mixing: (0..model.gamma.len()).map(weights).collect(),
            inverse: model.floored.iter().map(|g| g.iter().map(|g| 1.0 / (n_pixels * g)).collect()).collect(),
            shift: match shift {
                Shift::None => Vec::new(),
                Shift::FromMeanOf(other) => other.mean_field.iter().zip(&model.mean_field).map(between).collect(),
            },
            multiplicity: (0..grid.n_columns()).map(|kx| grid.multiplicity(kx)).collect(),
            annuli: AnnulusSums::new(grid),
            n_annuli: grid.n_annuli(),
            longer_side: grid.size().longer_side() as f64,
        }
    }

    /// Room for one image.
    pub fn scratch(&self) -> Scratch {
        Scratch { ratio: vec![0.0; self.height], annuli: vec![0.0; self.n_annuli] }
    }

    /// Measures the image with the unnormalised half-spectra `spectra` (channel after channel).
    ///
    /// # Panics
    ///
    /// If there are fewer modes than the model has.
    pub fn measure(&self, spectra: &[Complex32], scratch: &mut Scratch) -> ImageDistance {
        let h = self.height;
        scratch.annuli.fill(0.0);
        let mut square = 0.0;
        for (axis, inverse) in self.inverse.iter().enumerate() {
            for (kx, inverse) in inverse.chunks_exact(h).enumerate() {
                for (ky, (ratio, inverse)) in scratch.ratio.iter_mut().zip(inverse).enumerate() {
                    let x = self.coefficient(axis, kx * h + ky, spectra);
                    *ratio = inverse * (f64::from(x.re).powi(2) + f64::from(x.im).powi(2));
                }
                square += self.multiplicity[kx] * scratch.ratio.iter().sum::<f64>();
                self.annuli.add_column(kx, &mut scratch.ratio, &mut scratch.annuli);
            }
        }
        self.annuli.finish(&mut scratch.annuli);
        let n_axes = self.inverse.len() as f64;
        let strangest =
            (0..self.n_annuli).max_by(|a, b| scratch.annuli[*a].total_cmp(&scratch.annuli[*b])).unwrap_or(0);
        ImageDistance {
            square,
            strangest_cycles_per_px: strangest as f64 / self.longer_side,
            excess: scratch.annuli[strangest] / n_axes,
            baseline_square: square,
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
            let plan = ImageDistancePlan::new(&model, &[0.5; 3], Shift::FromMeanOf(&zero));
            let got = plan.measure(&spectra(size, &planes), &mut plan.scratch());
            assert!((got.square - want).abs() <= 1e-5 * want, "{size}: {got:?} instead of {want}");
            assert!(got.excess > 0.0);
        }
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
            let plan = ImageDistancePlan::new(model, &[1.0; 3], Shift::None);
            plan.measure(&spectra(size, &planes), &mut plan.scratch()).square
        };
        let (a, b) = (measure(&plain), measure(&turned));
        assert!((a - b).abs() <= 1e-5 * a, "{a} and {b}");
    }

    #[test]
    fn a_wave_is_strange_at_its_own_frequency() {
        let size = Size::square(16);
        let grid = Grid::new(size);
        let wave: Vec<f64> = (0..256).map(|i| (std::f64::consts::TAU * 5.0 * f64::from(i % 16) / 16.0).cos()).collect();
        let zero = vec![vec![Complex64::default(); grid.n_modes()]];
        let model = model(&grid, vec![vec![0.1; grid.n_modes()]], zero, 9);
        let plan = ImageDistancePlan::new(&model, &[1.0], Shift::None);
        let got = plan.measure(&spectra(size, &[wave]), &mut plan.scratch());
        assert_eq!(got.strangest_cycles_per_px, 5.0 / 16.0);
        let mut numbers = Vec::new();
        let whole = ImageDistance { baseline_square: 3.0, ..got };
        whole.append_to(&mut numbers);
        assert_eq!(ImageDistance::from_numbers(&numbers), Some(whole));
        assert_eq!(ImageDistance::from_numbers(&[1.0]), None);
    }
}
