//! Mahalanobis distances of drawn samples, and whether they agree with the closed forms.
//!
//! # Definition
//!
//! `d²(x|Q) = Σ |X[k] − M[k]|²/Γ[k]` over the full plane and all axes; `d²(x,y|Q)` has `X − Y` in place of `X − M`.
//! Samples are drawn in the image plane, so the check covers drawing, transform and formula. Noise has mean zero;
//! members of Q are drawn with its mean.
//!
//! Drawn and expected mean are compared by Student's t, at a level that is shared out among all comparisons of a run.
//! `d²` is skewed where a few modes rule it, and few samples can then by chance lie close together far from the mean:
//! the standard error is no smaller than the one that independent modes have in closed form.

use rustfft::num_complex::Complex32;

use super::model::DatasetModel;
use crate::spectral::fft2::{Fft2Plan, Fft2Workspace};
use crate::stats::student::student_p;

/// Chance that all is well and a run still cries, over everything it compares.
pub const FALSE_ALARM: f64 = 0.001;

/// What a drawn `d²` should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedSquare {
    /// Its mean.
    pub mean: f64,
    /// Its variance if the modes are independent, or a lower bound of it.
    pub variance: f64,
}

/// What weighs the modes of a difference: the inverse of Γ, for unnormalised transforms of values.
#[derive(Debug, Clone)]
pub struct Mahalanobis {
    /// One list per axis, multiplicities and normalisation included.
    weights: Vec<Vec<f64>>,
}

impl Mahalanobis {
    /// The weights of `dataset`.
    pub fn new(dataset: &DatasetModel) -> Self {
        let grid = &dataset.grid;
        let (h, n_pixels) = (grid.size().height, grid.size().n_pixels() as f64);
        let weigh = |floored: &Vec<f64>| {
            floored.iter().enumerate().map(|(i, g)| grid.multiplicity(i / h) / (g * n_pixels)).collect()
        };
        Self { weights: dataset.floored.iter().map(weigh).collect() }
    }

    /// Contribution of one axis to `d²`: `difference` is an unnormalised half-spectrum of values, or of codes with
    /// `value_per_code`.
    pub fn square(&self, axis: usize, difference: impl Iterator<Item = Complex32>, value_per_code: f64) -> f64 {
        let terms = self.weights[axis]
            .iter()
            .zip(difference)
            .map(|(w, x)| w * f64::from(x.re).mul_add(f64::from(x.re), f64::from(x.im).powi(2)));
        terms.sum::<f64>() * value_per_code * value_per_code
    }
}

/// Scratch of one worker that measures samples.
pub struct MonteCarlo<'a> {
    dataset: &'a DatasetModel,
    metric: Mahalanobis,
    fft: Fft2Plan,
    workspace: Fft2Workspace,
    /// Unnormalised M, and the spectra of the member and the sample; one after the other.
    mean: Vec<Complex32>,
    member: Vec<Complex32>,
    sample: Vec<Complex32>,
}

impl<'a> MonteCarlo<'a> {
    /// A worker for samples against `dataset`.
    pub fn new(dataset: &'a DatasetModel) -> Self {
        let size = dataset.grid.size();
        let scale = (size.n_pixels() as f64).sqrt();
        let single = |m: &rustfft::num_complex::Complex64| Complex32::new((scale * m.re) as f32, (scale * m.im) as f32);
        let mean: Vec<Complex32> = dataset.mean_field.iter().flatten().map(single).collect();
        let fft = Fft2Plan::new(size);
        let zero = vec![Complex32::default(); mean.len()];
        Self {
            dataset,
            metric: Mahalanobis::new(dataset),
            workspace: fft.workspace(),
            fft,
            member: mean.clone(),
            sample: zero,
            mean,
        }
    }

    /// Sets the member of Q, given by its zero-mean planes, that the following samples are compared with.
    pub fn set_member(&mut self, planes: &[f32]) {
        transform(&self.fft, planes, &mut self.member, &mut self.workspace);
        self.member.iter_mut().zip(&self.mean).for_each(|(y, m)| *y += m);
    }

    /// `d²(x|Q)` and `d²(x,y|Q)` of the sample in `planes` (axes, one after the other) and the member that was set
    /// before.
    pub fn measure(&mut self, planes: &[f32]) -> [f64; 2] {
        transform(&self.fft, planes, &mut self.sample, &mut self.workspace);
        let n_modes = self.dataset.grid.n_modes();
        [&self.mean, &self.member].map(|other| {
            let axes = self.sample.chunks_exact(n_modes).zip(other.chunks_exact(n_modes)).enumerate();
            axes.map(|(axis, (x, y))| self.metric.square(axis, x.iter().zip(y).map(|(x, y)| x - y), 1.0)).sum()
        })
    }
}

fn transform(fft: &Fft2Plan, planes: &[f32], spectra: &mut [Complex32], workspace: &mut Fft2Workspace) {
    let planes = planes.chunks_exact(fft.size().n_pixels());
    for (plane, spectrum) in planes.zip(spectra.chunks_exact_mut(fft.n_modes())) {
        fft.forward(plane, spectrum, workspace);
    }
}

/// Mean and spread of distances over samples.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Moments {
    /// Samples.
    pub n_samples: usize,
    /// Mean of `d`.
    pub mean: f64,
    /// Standard deviation of `d`; none for one sample.
    pub std: Option<f64>,
    /// Mean of `d²`.
    pub mean_square: f64,
    /// Standard error of the mean of `d²`; none for one sample.
    pub mean_square_se: Option<f64>,
}

impl Moments {
    /// Those of the squared distances `squares`; none if there are no samples.
    pub fn of(squares: &[f64]) -> Option<Self> {
        let n = squares.len() as f64;
        let mean_of = |f: &dyn Fn(f64) -> f64| squares.iter().map(|&s| f(s)).sum::<f64>() / n;
        let (mean, mean_square) = (mean_of(&f64::sqrt), mean_of(&|s| s));
        let spread = |f: &dyn Fn(f64) -> f64, centre: f64| {
            (squares.len() > 1).then(|| (mean_of(&|s| (f(s) - centre).powi(2)) * n / (n - 1.0)).sqrt())
        };
        (!squares.is_empty()).then(|| Self {
            n_samples: squares.len(),
            mean,
            std: spread(&f64::sqrt, mean),
            mean_square,
            mean_square_se: spread(&|s| s, mean_square).map(|s| s / n.sqrt()),
        })
    }

    /// How many standard errors the mean square lies from `expected`; none where that is unknown.
    pub fn standard_errors_from(&self, expected: ExpectedSquare) -> Option<f64> {
        let least = (expected.variance / self.n_samples as f64).sqrt();
        let off = (self.mean_square - expected.mean).abs();
        self.mean_square_se.map(|se| se.max(least)).filter(|se| *se > 0.0).map(|se| off / se)
    }

    /// Whether the mean square agrees with the closed form, as one of `n_compared`; never if a number is not finite.
    pub fn agrees_with(&self, expected: ExpectedSquare, n_compared: usize) -> bool {
        let level = FALSE_ALARM / n_compared.max(1) as f64;
        let is_likely = |off| student_p(off, self.n_samples as f64 - 1.0) >= level;
        self.mean_square.is_finite()
            && expected.mean.is_finite()
            && self.standard_errors_from(expected).is_none_or(is_likely)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_distances_agree_with_closed_forms_where_the_mean_is_large() {
        use crate::noise::field::{Role, SampledNoise};
        use crate::noise::{divergence, parse_family, realise};
        use crate::spectral::{Grid, Size};
        use rustfft::num_complex::Complex64;
        let grid = Grid::new(Size::new(6, 5));
        let gamma: Vec<f64> = grid.frequencies().iter().map(|f| 0.05 / (0.2 + f)).collect();
        let mean = |i: usize| {
            let x = 0.5 * ((3 * i) as f64).sin();
            if grid.is_self_conjugate(i) { Complex64::new(x, 0.0) } else { Complex64::new(x, 0.3 - x) }
        };
        // The mean of a real image: the columns that hold both members of a pair are conjugate.
        let mut field: Vec<Complex64> = (0..grid.n_modes()).map(mean).collect();
        (1..3).for_each(|ky| field[6 - ky] = field[ky].conj());
        let data = crate::noise::testing::model(&grid, vec![gamma], vec![field], 50);
        let make = |name: &str| realise(&*parse_family(name).expect(name), &data.setting()).expect(name);
        let (noise, members) = (make("white"), make("matched"));
        let expected = divergence(&data, &noise.spectrum).expect("numbers");
        let noise = SampledNoise::new(noise.sampler, 4, Role::Trial);
        let members = SampledNoise::new(members.sampler, 4, Role::Member);
        let (mut noise_worker, mut member_worker) = (noise.worker(), members.worker());
        let mut monte_carlo = MonteCarlo::new(&data);
        let mut planes = vec![0.0; noise.len()];
        let mut squares = [Vec::new(), Vec::new()];
        for index in 0..2000 {
            member_worker.draw(index, &mut planes);
            monte_carlo.set_member(&planes);
            noise_worker.draw(index, &mut planes);
            squares.iter_mut().zip(monte_carlo.measure(&planes)).for_each(|(list, square)| list.push(square));
        }
        for (squares, expected) in squares.iter().zip([expected.square(), expected.square_to_member()]) {
            let drawn = Moments::of(squares).expect("samples");
            assert!(drawn.agrees_with(expected, 1), "{drawn:?}, expected {expected:?}");
            let variance = drawn.mean_square_se.expect("samples").powi(2) * 2000.0;
            assert!((variance / expected.variance - 1.0).abs() <= 0.15, "{variance}, expected {expected:?}");
            let wrong = ExpectedSquare { mean: 1.1 * expected.mean, ..expected };
            assert!(!drawn.agrees_with(wrong, 20), "{drawn:?} could be anything");
        }
    }

    #[test]
    fn a_handful_of_samples_does_not_cry_by_chance() {
        use crate::noise::field::{Role, SampledNoise};
        use crate::noise::testing::free_families;
        use crate::noise::{divergence, parse_family, realise};
        use crate::spectral::{Grid, Size};
        let grid = Grid::new(Size::square(6));
        let gamma: Vec<f64> = grid.frequencies().iter().map(|f| 0.02 / (0.1 + f)).collect();
        let zero = vec![vec![rustfft::num_complex::Complex64::default(); grid.n_modes()]];
        let data = crate::noise::testing::model(&grid, vec![gamma], zero, 50);
        // Of the last nearly all is in one number.
        let names: Vec<_> = free_families().chain(["offset:9"]).collect();
        let make = |name: &&str| realise(&*parse_family(name).expect(name), &data.setting()).expect(name);
        let noises: Vec<_> = names.iter().map(make).collect();
        let expected: Vec<_> =
            noises.iter().map(|n| divergence(&data, &n.spectrum).expect("numbers").square()).collect();
        for (n_samples, n_runs) in [(2, 300), (4, 300), (30, 60)] {
            let mut alarms = Vec::new();
            for seed in 0..n_runs {
                for ((noise, expected), name) in noises.iter().zip(&expected).zip(&names) {
                    let sampled = SampledNoise::new(noise.sampler.clone(), seed, Role::Trial);
                    let (mut worker, mut planes) = (sampled.worker(), vec![0.0; sampled.len()]);
                    let mut monte_carlo = MonteCarlo::new(&data);
                    let square = |i| {
                        worker.draw(i, &mut planes);
                        monte_carlo.measure(&planes)[0]
                    };
                    let drawn = Moments::of(&(0..n_samples).map(square).collect::<Vec<_>>()).expect("samples");
                    if !drawn.agrees_with(*expected, noises.len()) {
                        alarms.push((seed, name, drawn));
                    }
                }
            }
            assert!(alarms.len() <= 1, "{n_samples} samples: {alarms:?}");
        }
    }

    #[test]
    fn moments_of_worked_examples() {
        let m = Moments::of(&[1.0, 4.0, 9.0]).expect("samples");
        let exactly = |mean: f64| ExpectedSquare { mean, variance: 0.0 };
        let m30 = Moments::of(&[1.0, 4.0, 9.0].repeat(10)).expect("samples");
        let se30 = m30.mean_square_se.expect("thirty");
        // scipy.stats.t.ppf(1 - 0.0005, 29) = 3.659, with a tenth of the level 4.506
        for (n_compared, limit) in [(1, 3.659), (10, 4.506)] {
            for (off, agrees) in [(limit - 0.01, true), (-limit - 0.01, false)] {
                let expected = exactly(14.0 / 3.0 + off * se30);
                assert_eq!(m30.agrees_with(expected, n_compared), agrees, "{n_compared}, {off}");
            }
        }
        let known = ExpectedSquare { mean: 14.0 / 3.0 + 6.0 * se30, variance: 120.0 * se30 * se30 };
        assert!((m30.standard_errors_from(known).expect("known") - 3.0).abs() <= 1e-9, "twice the standard error");
        let bad = Moments::of(&[f64::NAN, 1.0]).expect("samples");
        assert!(!bad.agrees_with(exactly(1.0), 1) && !m.agrees_with(exactly(f64::INFINITY), 1));
        assert_eq!((m.n_samples, m.mean, m.std), (3, 2.0, Some(1.0)));
        assert!((m.mean_square - 14.0 / 3.0).abs() <= 1e-12);
        let se = (((1.0 - 14.0 / 3.0f64).powi(2) + (4.0 - 14.0 / 3.0f64).powi(2) + (9.0 - 14.0 / 3.0f64).powi(2))
            / 2.0
            / 3.0)
            .sqrt();
        assert!((m.mean_square_se.expect("three") - se).abs() <= 1e-12);
        assert!(!m.agrees_with(exactly(f64::NAN), 1), "what is not a number agrees with nothing");
        let one = Moments::of(&[4.0]).expect("a sample");
        assert_eq!((one.mean, one.std, one.mean_square_se), (2.0, None, None));
        assert!(one.agrees_with(exactly(1e9), 1));
        assert_eq!(Moments::of(&[]), None);
        // Of noise that is always equally far there is no error to divide by.
        let equal = Moments::of(&[4.0; 3]).expect("samples");
        assert!(equal.standard_errors_from(exactly(4.0)).is_none() && equal.agrees_with(exactly(4.0), 1));
        assert!(m.agrees_with(exactly(14.0 / 3.0), 0), "the only one");
    }
}
