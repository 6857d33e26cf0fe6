//! The weights with which samples of an axis make up the samples of the resized axis.
//!
//! # Definition
//!
//! Output sample `i` of an axis resampled from `n` to `m` samples is `Σ_j w_ij p_j`, `w_ij ∝ φ((j + ½ − c_i)/s)` with
//! `s = max(n/m, 1)`, centre `c_i = (i + ½)·n/m` and the weights of one output normalised to sum 1. The kernel `φ` is a
//! [`Kernel`]; dividing its argument by `s` is what makes it an antialiasing filter when the image shrinks.
//!
//! # Conventions
//!
//! Weights are rounded to multiples of `2⁻²²`. Terms are evaluated in Pillow's order, so that they are rounded alike: a
//! box cell that ends on the centre of a pixel takes it or leaves it by the last bit.
//!
//! # References
//!
//! Pillow, `src/libImaging/Resample.c` (`precompute_coeffs`, `normalize_coeffs_8bpc`).

use std::ops::Range;

/// Fractional bits of a weight: 8 bits of sample and 2 bits for overshoot leave 22 of 32.
pub(super) const WEIGHT_BITS: u32 = 32 - 8 - 2;

/// Axes whose weights are remembered: photographs have a few common sizes among many rare ones, which would drive
/// these out of a shorter list.
const N_REMEMBERED: usize = 64;

/// Interpolation kernels that trainers' preprocessing uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Mean over the cell of an output pixel.
    Box,
    /// Keys' cubic convolution with a = −½ (Pillow's `BICUBIC`).
    Bicubic,
    /// Sinc windowed by its own central lobe, three lobes (Pillow's `LANCZOS`).
    Lanczos,
}

impl Kernel {
    /// Half-width of the kernel at scale 1, in samples.
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// Kernel value at `x` samples from the centre. Term order follows Pillow, so that roundings agree.
    fn value(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        match self {
            Self::Box if x > -0.5 && x <= 0.5 => 1.0,
            Self::Box => 0.0,
            Self::Bicubic => match x.abs() {
                x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
                x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
                _ => 0.0,
            },
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

/// `sin(πx)/(πx)`, 1 at zero.
fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * std::f64::consts::PI;
    x.sin() / x
}

/// One axis of a resize: its lengths before and after, and the stretch of the output that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    pub kernel: Kernel,
    /// Samples before and after.
    pub n_in: usize,
    pub n_out: usize,
    /// First sample of the output that is wanted, and how many are. Not none.
    pub start: usize,
    pub n_wanted: usize,
}

impl Axis {
    /// Input samples that the wanted output is made of. An axis that keeps its length is left alone.
    pub fn input_range(&self) -> Range<usize> {
        let end = self.start + self.n_wanted;
        if self.n_in == self.n_out {
            return self.start..end;
        }
        self.span(self.start).start..self.span(end - 1).end
    }

    /// Input samples per output sample.
    fn scale(&self) -> f64 {
        self.n_in as f64 / self.n_out as f64
    }

    /// Half-width of the kernel, in input samples.
    fn support(&self) -> f64 {
        self.kernel.support() * self.scale().max(1.0)
    }

    /// Centre of output sample `i`, in input samples.
    fn center(&self, i: usize) -> f64 {
        (i as f64 + 0.5) * self.scale()
    }

    /// Input samples that output sample `i` is made of.
    fn span(&self, i: usize) -> Range<usize> {
        let (center, support) = (self.center(i), self.support());
        // Truncation towards zero, as the cast to int in Pillow.
        (center - support + 0.5).max(0.0) as usize..((center + support + 0.5) as usize).min(self.n_in)
    }
}

/// Weights of one axis: for each wanted output sample the first input sample and its fixed-point weights.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// What the weights were computed for.
    axis: Option<Axis>,
    /// Room for the weights of one output sample in `fixed`.
    stride: usize,
    /// First input sample and number of input samples, for each output sample.
    spans: Vec<(usize, usize)>,
    /// Weights in units of `2⁻²²`, `stride` for each output sample.
    fixed: Vec<i32>,
    /// Weights of one output sample before rounding.
    exact: Vec<f64>,
}

impl Weights {
    /// Computes the weights of `axis`.
    fn compute(&mut self, axis: Axis) {
        let Axis { kernel, start, n_wanted, .. } = axis;
        let inverse = 1.0 / axis.scale().max(1.0);
        self.stride = axis.support().ceil() as usize * 2 + 1;
        self.spans.clear();
        self.fixed.clear();
        for i in start..start + n_wanted {
            let (center, span) = (axis.center(i), axis.span(i));
            self.exact.clear();
            self.exact.extend(span.clone().map(|j| kernel.value((j as f64 - center + 0.5) * inverse)));
            let sum: f64 = self.exact.iter().sum();
            let norm = if sum == 0.0 { 1.0 } else { sum };
            let filled = self.fixed.len() + self.stride;
            self.fixed.extend(self.exact.iter().map(|w| to_fixed(w / norm)));
            self.fixed.resize(filled, 0);
            self.spans.push((span.start, span.len()));
        }
        self.axis = Some(axis);
    }

    /// First input sample and weights of wanted output sample `i`.
    pub fn of(&self, i: usize) -> (usize, &[i32]) {
        let (first, n) = self.spans[i];
        (first, &self.fixed[i * self.stride..][..n])
    }
}

/// Rounds a weight to fixed point, halves away from zero.
fn to_fixed(w: f64) -> i32 {
    let scaled = w * f64::from(1u32 << WEIGHT_BITS);
    (if w < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

/// Weights of the axes met last.
#[derive(Debug, Default)]
pub(super) struct RememberedWeights {
    axes: Vec<Weights>,
    next: usize,
}

impl RememberedWeights {
    /// The place of the weights of `axis`, which are computed if they are not remembered.
    pub fn find(&mut self, axis: Axis) -> usize {
        if let Some(i) = self.axes.iter().position(|weights| weights.axis == Some(axis)) {
            return i;
        }
        if self.axes.len() < N_REMEMBERED {
            self.axes.push(Weights::default());
        }
        let i = self.next % self.axes.len().max(1);
        self.next = (i + 1) % N_REMEMBERED;
        self.axes[i].compute(axis);
        i
    }

    /// The weights at a place that [`Self::find`] gave; the next search may overwrite them.
    pub fn at(&self, place: usize) -> &Weights {
        &self.axes[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(kernel: Kernel, n_in: usize, n_out: usize, start: usize, n_wanted: usize) -> Weights {
        let mut weights = Weights::default();
        weights.compute(Axis { kernel, n_in, n_out, start, n_wanted });
        weights
    }

    #[test]
    fn halving_takes_the_mean_of_two_and_bicubic_its_textbook_weights() {
        let half = weights(Kernel::Box, 10, 5, 0, 5);
        assert_eq!(half.of(2), (4, [1 << 21; 2].as_slice()));
        // φ at ±¼, ±¾, ±1¼, ±1¾, divided by 2: Keys' kernel by hand.
        let bicubic = weights(Kernel::Bicubic, 16, 8, 4, 1);
        let by_hand = [-3.0, -9.0, 29.0, 111.0, 111.0, 29.0, -9.0, -3.0].map(|w| w / 256.0);
        let (first, fixed) = bicubic.of(0);
        assert_eq!((first, fixed.len()), (5, 8));
        for (w, expected) in fixed.iter().zip(by_hand) {
            assert!((f64::from(*w) / 4_194_304.0 - expected).abs() <= 1e-6, "{fixed:?}");
        }
    }

    #[test]
    fn weights_sum_to_one_and_stay_inside_the_axis() {
        for kernel in [Kernel::Box, Kernel::Bicubic, Kernel::Lanczos] {
            for (n_in, n_out) in [(1, 1), (1, 7), (7, 1), (500, 341), (333, 256), (97, 48), (3, 200), (5000, 64)] {
                let weights = weights(kernel, n_in, n_out, 0, n_out);
                for i in 0..n_out {
                    let (first, fixed) = weights.of(i);
                    assert!(!fixed.is_empty() && first + fixed.len() <= n_in);
                    let sum: i32 = fixed.iter().sum();
                    // Each weight is off by at most half a unit.
                    let tolerance = fixed.len().div_ceil(2) as i32;
                    assert!((sum - (1 << WEIGHT_BITS)).abs() <= tolerance, "{kernel:?} {n_in}→{n_out}: {sum}");
                }
            }
        }
    }

    #[test]
    fn a_stretch_has_the_weights_of_the_whole() {
        let whole = weights(Kernel::Bicubic, 500, 341, 0, 341);
        let part = weights(Kernel::Bicubic, 500, 341, 42, 256);
        for i in 0..256 {
            assert_eq!(part.of(i), whole.of(42 + i));
        }
        let axis = Axis { kernel: Kernel::Bicubic, n_in: 500, n_out: 341, start: 42, n_wanted: 256 };
        let (last, n_weights) = whole.of(42 + 255);
        assert_eq!(axis.input_range(), whole.of(42).0..last + n_weights.len());
        // An axis that keeps its length is copied.
        assert_eq!(Axis { n_in: 341, ..axis }.input_range(), 42..298);
    }

    #[test]
    fn more_axes_than_are_remembered_do_no_harm() {
        let mut remembered = RememberedWeights::default();
        for round in 0..2 {
            for n_in in 20..20 + 2 * N_REMEMBERED {
                let axis = Axis { kernel: Kernel::Lanczos, n_in, n_out: 10, start: 0, n_wanted: 10 };
                let place = remembered.find(axis);
                let expected = weights(Kernel::Lanczos, n_in, 10, 0, 10);
                assert_eq!(remembered.at(place).of(3), expected.of(3), "{round} {n_in}");
            }
        }
        assert_eq!(remembered.axes.len(), N_REMEMBERED);
    }
}
