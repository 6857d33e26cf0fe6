//! Area averaging of planes to a smaller size, as an exact linear map: each output pixel is the mean of the area it
//! covers.
//!
//! Linear, so the average of a mean image is the mean of the averaged images; that is why this is not left to an image
//! resampler, which rounds.

use crate::spectral::Size;

/// The separable averaging map from one size to a smaller one.
#[derive(Debug, Clone)]
pub struct AreaAverage {
    input: Size,
    output: Size,
    rows: Vec<Span>,
    columns: Vec<Span>,
}

/// The input pixels one output pixel covers along an axis: the first of them, and their weights, which add up to one.
#[derive(Debug, Clone)]
struct Span {
    first: usize,
    weights: Vec<f64>,
}

impl AreaAverage {
    /// The map from `input` to the largest size of the same shape whose sides are at most `longest_side` pixels.
    pub fn to_longest_side(input: Size, longest_side: usize) -> Self {
        let scale = (longest_side.max(1) as f64 / input.longer_side() as f64).min(1.0);
        let side = |n: usize| ((n as f64 * scale).round() as usize).clamp(1, n);
        let output = Size::new(side(input.height), side(input.width));
        Self { rows: spans(input.height, output.height), columns: spans(input.width, output.width), input, output }
    }

    /// Size of the averaged planes.
    pub fn output_size(&self) -> Size {
        self.output
    }

    /// Adds `factor` times the average of `plane` (row by row) to `out`.
    ///
    /// # Panics
    ///
    /// If a slice does not have the map's size.
    pub fn add_average<T: Copy + Into<f64>>(&self, plane: &[T], factor: f64, out: &mut [f64]) {
        assert_eq!(plane.len(), self.input.n_pixels(), "a plane of {}", self.input);
        assert_eq!(out.len(), self.output.n_pixels(), "a plane of {}", self.output);
        for (row, out) in self.rows.iter().zip(out.chunks_exact_mut(self.output.width)) {
            for (dy, row_weight) in row.weights.iter().enumerate() {
                let line = &plane[(row.first + dy) * self.input.width..][..self.input.width];
                for (column, out) in self.columns.iter().zip(out.iter_mut()) {
                    let covered = &line[column.first..column.first + column.weights.len()];
                    let mean: f64 = covered.iter().zip(&column.weights).map(|(&v, w)| v.into() * w).sum();
                    *out += factor * row_weight * mean;
                }
            }
        }
    }
}

fn spans(n_in: usize, n_out: usize) -> Vec<Span> {
    let step = n_in as f64 / n_out as f64;
    (0..n_out)
        .map(|i| {
            // Integer arithmetic for the ends: rounding must not add a pixel of weight 1e-16.
            let (start, end) = (i * n_in, (i + 1) * n_in);
            let (first, last) = (start / n_out, end.div_ceil(n_out));
            let covered = |p: usize| {
                let low = (p * n_out).max(start);
                let high = ((p + 1) * n_out).min(end);
                (high - low) as f64 / n_out as f64
            };
            Span { first, weights: (first..last).map(|p| covered(p) / step).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_blocks_average_to_their_means() {
        let map = AreaAverage::to_longest_side(Size::new(4, 6), 3);
        assert_eq!(map.output_size(), Size::new(2, 3));
        let plane: Vec<f64> = (0..24).map(f64::from).collect();
        let mut out = vec![0.0; 6];
        map.add_average(&plane, 1.0, &mut out);
        for (got, want) in out.iter().zip([3.5, 5.5, 7.5, 15.5, 17.5, 19.5]) {
            assert!((got - want).abs() <= 1e-12, "{got} {want}");
        }
    }

    #[test]
    fn the_mean_survives_any_ratio() {
        for (h, w, side) in [(7, 5, 3), (37, 31, 32), (64, 48, 32), (5, 1, 2)] {
            let map = AreaAverage::to_longest_side(Size::new(h, w), side);
            let plane: Vec<f64> = (0..h * w).map(|i| ((i * 37) % 101) as f64).collect();
            let mut out = vec![0.0; map.output_size().n_pixels()];
            map.add_average(&plane, 1.0, &mut out);
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            assert!((mean(&out) - mean(&plane)).abs() <= 1e-9, "{h}x{w}");
        }
    }

    #[test]
    fn a_small_plane_stays_as_it_is() {
        let map = AreaAverage::to_longest_side(Size::new(3, 2), 32);
        let plane = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut out = vec![0.0; 6];
        map.add_average(&plane, 2.0, &mut out);
        assert_eq!(out, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    }
}
