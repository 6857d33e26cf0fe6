//! Which images of a set are odd, on both sides: their spectra against those of the others.
//!
//! # Definition
//!
//! With `l = ln max(R, q)` of an image's RAPSD over annuli `j ≥ 1` (on into the corners), and mean μ and variance v of
//! `l` over the images of all other *files*:
//!
//! ```text
//! z_j      = (l_j − μ_j)/√v_j
//! oddness  = max(mean_j z_j², z_brightness²/9)        1: an ordinary image
//! divergence = ½ Σ_j n_j (r_j − 1 − ln r_j) / Σ n_j,  r_j = R_j/mean of the others' R,  j ≤ ⌊L/2⌋
//! ```
//!
//! # Conventions
//!
//! The Mahalanobis distance is large for too much power only, so a blurred image hides in it. The divergence sees both
//! sides, but is ruled by the annuli where images differ most anyway; measuring each annulus by the others' own spread
//! finds more planted images of every kind (docs/maths.md §11). A variance is at least `2/n_j`, what chance gives
//! Gaussian images. Tiles of one file are no others to each other, unless there is no other file.

use rustfft::num_complex::{Complex32, Complex64};

use super::metric::extended_annuli;
use crate::spectral::Grid;

/// On which side of the others an image lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Side {
    /// Too little power.
    #[serde(rename = "too smooth")]
    Smooth,
    /// Too much power.
    #[serde(rename = "too rough")]
    Rough,
    /// An ordinary spectrum, but too dark or too bright.
    #[serde(rename = "brightness")]
    Brightness,
}

impl Side {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smooth => "too smooth",
            Self::Rough => "too rough",
            Self::Brightness => "brightness",
        }
    }
}

/// Squared standard deviations of brightness that are as odd as an ordinary spectrum: three of them are rare.
const BRIGHTNESS_SQUARE: f64 = 9.0;

/// How odd one image is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oddness {
    /// Mean square of z, or the share of brightness; 1 for an ordinary image.
    pub oddness: f64,
    /// Divergence of the spectrum from the mean of the others', nats per mode.
    pub divergence: f64,
    /// Where the image lies, by the largest term.
    pub side: Side,
    /// Annulus of the largest term; 0 for brightness.
    pub annulus: usize,
}

/// Takes the RAPSDs of whole images, from transforms of images less the set's mean.
#[derive(Debug)]
pub struct WholePowers {
    annuli: Vec<u32>,
    /// What a mode's power adds to the mean over its annulus and the channels.
    weights: Vec<f64>,
    /// Transform of the set's mean image: channels × modes, unnormalised, value.
    mean: Vec<Complex64>,
    value_per_code: Vec<f64>,
    n_annuli: usize,
}

impl WholePowers {
    /// Plans RAPSDs of images on `grid` of which `mean_field` (orthonormal, value; one for each channel) was removed.
    pub fn new(grid: &Grid, mean_field: &[Vec<Complex64>], value_per_code: &[f64]) -> Self {
        let (annuli, sizes) = annuli_into_corners(grid);
        let (height, n_pixels) = (grid.size().height, grid.size().n_pixels() as f64);
        let weigh = |(i, &j): (usize, &u32)| {
            grid.multiplicity(i / height) / (n_pixels * sizes[j as usize] * mean_field.len() as f64)
        };
        Self {
            weights: annuli.iter().enumerate().map(weigh).collect(),
            mean: mean_field.iter().flatten().map(|m| m * n_pixels.sqrt()).collect(),
            value_per_code: value_per_code.to_vec(),
            n_annuli: sizes.len(),
            annuli,
        }
    }

    /// Appends the mean power of every annulus, value², of the image with the unnormalised half-spectra `spectra`.
    pub fn append_to(&self, numbers: &mut Vec<f64>, spectra: &[Complex32]) {
        let (n_modes, start) = (self.annuli.len(), numbers.len());
        numbers.resize(start + self.n_annuli, 0.0);
        let powers = &mut numbers[start..];
        let channels = spectra.chunks_exact(n_modes).zip(self.mean.chunks_exact(n_modes)).zip(&self.value_per_code);
        for ((spectrum, mean), value) in channels {
            for (((x, m), j), weight) in spectrum.iter().zip(mean).zip(&self.annuli).zip(&self.weights) {
                let (re, im) = (value * f64::from(x.re) + m.re, value * f64::from(x.im) + m.im);
                powers[*j as usize] += weight * (re * re + im * im);
            }
        }
    }
}

/// Annulus of each stored mode, on into the corners, and the modes of the full plane in each annulus.
fn annuli_into_corners(grid: &Grid) -> (Vec<u32>, Vec<f64>) {
    let annuli = extended_annuli(grid);
    let mut sizes = vec![0.0; 1 + annuli.iter().copied().max().unwrap_or(0) as usize];
    for (i, &j) in annuli.iter().enumerate() {
        sizes[j as usize] += grid.multiplicity(i / grid.size().height);
    }
    (annuli, sizes)
}

/// The annuli that images are judged in.
#[derive(Debug, Clone)]
pub struct OddAnnuli {
    /// Modes of the full plane in each annulus, on into the corners.
    pub sizes: Vec<f64>,
    /// Annuli up to the last that is complete.
    pub n_complete: usize,
    /// Least power, that of 8-bit rounding, value².
    pub floor: f64,
}

impl OddAnnuli {
    /// Those of images on `grid`.
    pub fn new(grid: &Grid, floor: f64) -> Self {
        Self { sizes: annuli_into_corners(grid).1, n_complete: grid.n_annuli(), floor }
    }
}

/// RAPSD and brightness of every image, in the order of the files.
#[derive(Debug, Clone)]
pub struct OddImages {
    annuli: OddAnnuli,
    /// `ln max(R, q)`, images × annuli.
    logs: Vec<f32>,
    brightness: Vec<f64>,
    /// First image of each file.
    files: Vec<usize>,
}

/// Sums over some images of a number and of its square.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    sum: f64,
    square: f64,
}

impl Sums {
    fn add(&mut self, x: f64) {
        *self = Self { n: self.n + 1.0, sum: self.sum + x, square: self.square + x * x };
    }

    fn less(self, other: Self) -> Self {
        Self { n: self.n - other.n, sum: self.sum - other.sum, square: self.square - other.square }
    }

    /// Standard deviations between `x` and the mean; a variance is `least` at least.
    fn z(self, x: f64, least: f64) -> f64 {
        let mean = self.sum / self.n;
        let variance = if self.n > 1.0 { (self.square - self.n * mean * mean) / (self.n - 1.0) } else { 0.0 };
        (x - mean) / variance.max(least).sqrt()
    }
}

/// Sums over some images: of `l` and R for each annulus, of brightness.
#[derive(Debug, Clone)]
struct Group {
    logs: Vec<Sums>,
    power: Vec<f64>,
    brightness: Sums,
}

impl OddImages {
    /// No images yet.
    pub fn new(annuli: OddAnnuli) -> Self {
        Self { annuli, logs: Vec::new(), brightness: Vec::new(), files: Vec::new() }
    }

    /// Takes an image with its powers in every annulus and its mean value; `is_new_file` where it is the first of a
    /// file.
    pub fn push(&mut self, powers: &[f64], brightness: f64, is_new_file: bool) {
        if is_new_file {
            self.files.push(self.brightness.len());
        }
        self.logs.extend(powers.iter().map(|p| p.max(self.annuli.floor).ln() as f32));
        self.brightness.push(brightness);
    }

    /// How odd each image is, in the order they came.
    pub fn judge(&self) -> Vec<Oddness> {
        let n = self.brightness.len();
        let whole = self.group(0..n);
        let ends = self.files.iter().skip(1).copied().chain([n]);
        let mut judged = Vec::with_capacity(n);
        for (start, end) in self.files.iter().copied().zip(ends) {
            if end - start < n {
                let others = whole.less(&self.group(start..end));
                judged.extend((start..end).map(|i| self.judge_one(i, &others)));
            } else {
                judged.extend((start..end).map(|i| self.judge_one(i, &whole.less(&self.group(i..i + 1)))));
            }
        }
        judged
    }

    fn of_image(&self, i: usize) -> impl Iterator<Item = f64> {
        let n = self.annuli.sizes.len();
        self.logs[i * n..][..n].iter().map(|l| f64::from(*l))
    }

    fn group(&self, images: std::ops::Range<usize>) -> Group {
        let n = self.annuli.sizes.len();
        let mut group = Group { logs: vec![Sums::default(); n], power: vec![0.0; n], brightness: Sums::default() };
        for i in images {
            for ((sums, power), l) in group.logs.iter_mut().zip(&mut group.power).zip(self.of_image(i)) {
                sums.add(l);
                *power += l.exp();
            }
            group.brightness.add(self.brightness[i]);
        }
        group
    }

    fn judge_one(&self, i: usize, others: &Group) -> Oddness {
        let OddAnnuli { sizes, n_complete, floor } = &self.annuli;
        let (mut total, mut largest, mut at) = (0.0, 0.0, 0);
        let (mut divergence, mut n_modes) = (0.0, 0.0);
        for (j, l) in self.of_image(i).enumerate().skip(1) {
            let z = others.logs[j].z(l, 2.0 / sizes[j]);
            total += z * z;
            if z.abs() > f64::abs(largest) {
                (largest, at) = (z, j);
            }
            if j < *n_complete {
                let r = (l - (others.power[j] / others.brightness.n).ln()).exp();
                divergence += 0.5 * sizes[j] * (r - 1.0 - r.ln()).max(0.0);
                n_modes += sizes[j];
            }
        }
        let of_spectrum = total / (sizes.len() as f64 - 1.0).max(1.0);
        let of_brightness = others.brightness.z(self.brightness[i], *floor).powi(2) / BRIGHTNESS_SQUARE;
        let (side, annulus) = match largest {
            _ if of_brightness > of_spectrum => (Side::Brightness, 0),
            z if z < 0.0 => (Side::Smooth, at),
            _ => (Side::Rough, at),
        };
        let divergence = divergence / f64::max(n_modes, 1.0);
        Oddness { oddness: of_spectrum.max(of_brightness), divergence, side, annulus }
    }
}

impl Group {
    fn less(&self, other: &Self) -> Self {
        Self {
            logs: self.logs.iter().zip(&other.logs).map(|(a, b)| a.less(*b)).collect(),
            power: self.power.iter().zip(&other.power).map(|(a, b)| a - b).collect(),
            brightness: self.brightness.less(other.brightness),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    const FLOOR: f64 = 5e-6;

    fn annuli() -> OddAnnuli {
        OddAnnuli { sizes: vec![1.0, 8.0, 12.0, 16.0, 4.0], n_complete: 4, floor: FLOOR }
    }

    /// Powers and brightness of `n` images, in files of `per_file`.
    fn images(n: usize, per_file: usize) -> (OddImages, Vec<(Vec<f64>, f64)>) {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut all = OddImages::new(annuli());
        let mut rows = Vec::new();
        for i in 0..n {
            let powers: Vec<f64> = (0..5).map(|j| random.random_range(0.5..2.0) / (1.0 + f64::from(j))).collect();
            let brightness = random.random_range(-0.2..0.2);
            all.push(&powers, brightness, i % per_file == 0);
            rows.push((powers, brightness));
        }
        (all, rows)
    }

    /// A number of an image's powers and brightness.
    type Of<'a> = &'a dyn Fn(&(Vec<f64>, f64)) -> f64;

    #[test]
    fn an_image_is_held_against_the_images_of_all_other_files() {
        for (n, per_file) in [(3, 1), (7, 1), (9, 3), (8, 3)] {
            let (all, rows) = images(n, per_file);
            for (i, got) in all.judge().into_iter().enumerate() {
                let others: Vec<_> = (0..n).filter(|o| o / per_file != i / per_file).map(|o| &rows[o]).collect();
                let m = others.len() as f64;
                let z = |x: f64, of: Of<'_>, least: f64| {
                    let mean = others.iter().map(|o| of(o)).sum::<f64>() / m;
                    let variance = others.iter().map(|o| (of(o) - mean).powi(2)).sum::<f64>() / (m - 1.0);
                    (x - mean) / variance.max(least).sqrt()
                };
                let sizes = annuli().sizes;
                let of_annulus: Vec<f64> =
                    (1..5).map(|j| z(rows[i].0[j].ln(), &|o| o.0[j].ln(), 2.0 / sizes[j])).collect();
                let spectrum = of_annulus.iter().map(|z| z * z).sum::<f64>() / 4.0;
                let brightness = z(rows[i].1, &|o| o.1, FLOOR).powi(2) / 9.0;
                let want = spectrum.max(brightness);
                assert!((got.oddness - want).abs() <= 1e-4 * want, "{i}: {got:?} instead of {want}");
                let terms = (1..4).map(|j| {
                    let r = rows[i].0[j] / (others.iter().map(|o| o.0[j]).sum::<f64>() / m);
                    0.5 * sizes[j] * (r - 1.0 - r.ln())
                });
                let want = terms.sum::<f64>() / 36.0;
                assert!((got.divergence - want).abs() <= 1e-5 * (1.0 + want), "{i}: {got:?} instead of {want}");
                let j = (0..4).max_by(|a, b| of_annulus[*a].abs().total_cmp(&of_annulus[*b].abs())).expect("four");
                if got.side != Side::Brightness {
                    assert_eq!(got.annulus, j + 1, "{i}");
                    assert_eq!(got.side == Side::Smooth, of_annulus[j] < 0.0, "{i}");
                }
            }
        }
    }

    #[test]
    fn both_sides_and_brightness_are_told_apart() {
        let (mut all, _) = images(40, 1);
        let usual = [1.0, 0.5, 0.33, 0.25, 0.2];
        let with = |j: usize, factor: f64| {
            let mut powers = usual;
            powers[j] *= factor;
            powers
        };
        all.push(&with(3, 1e-3), 0.0, true);
        all.push(&with(2, 50.0), 0.0, true);
        all.push(&usual, 1.0, true);
        all.push(&[0.0; 5], 0.0, true);
        let judged = all.judge();
        assert_eq!((judged[40].side, judged[40].annulus), (Side::Smooth, 3));
        assert_eq!((judged[41].side, judged[41].annulus), (Side::Rough, 2));
        assert_eq!((judged[42].side, judged[42].annulus), (Side::Brightness, 0));
        assert_eq!(judged[43].side, Side::Smooth, "no power at all");
        let usual = judged[..40].iter().map(|o| o.oddness).fold(0.0, f64::max);
        assert!(
            judged[40..].iter().all(|o| o.oddness > usual && o.oddness.is_finite()),
            "{usual}: {:?}",
            &judged[40..]
        );
    }

    #[test]
    fn few_and_equal_images_have_finite_numbers() {
        let (two, _) = images(2, 1);
        let judged = two.judge();
        assert!((judged[0].oddness - judged[1].oddness).abs() <= 1e-9 && judged[0].oddness > 0.0, "{judged:?}");
        // One file alone: its tiles are held against each other.
        let (tiles, _) = images(4, 4);
        assert!(tiles.judge().iter().all(|o| o.oddness > 0.0 && o.oddness.is_finite() && o.divergence.is_finite()));
        let mut equal = OddImages::new(annuli());
        (0..3).for_each(|_| equal.push(&[0.0; 5], 0.1, true));
        assert!(equal.judge().iter().all(|o| o.oddness <= 1e-9 && o.divergence == 0.0));
        // An image of one pixel has no annulus but brightness.
        let mut pixel = OddImages::new(OddAnnuli { sizes: vec![1.0], n_complete: 1, floor: FLOOR });
        [0.1, 0.1, 0.9].into_iter().for_each(|b| pixel.push(&[1.0], b, true));
        assert_eq!(pixel.judge()[2].side, Side::Brightness);
        assert!(pixel.judge().iter().all(|o| o.oddness.is_finite() && o.divergence == 0.0), "{:?}", pixel.judge());
    }
}
