//! Repeated pixels: neighbours that are alike in a beat of 2, 3 or 4, as nearest-neighbour enlargement leaves them,
//! even after JPEG.
//!
//! # Definition
//!
//! `d_x` is the mean over a line of `min(|Y_{x+1} − Y_x|, 24)`, without the lines at edges of JPEG blocks. In segments
//! of 48 lines, for a period p of 2, 3, 4, `g_q` is the mean of the `d_x` with `x mod p = q`; the ratio of the smallest
//! to the largest `g_q`, median over segments, is near 1 where lines are alike everywhere. The larger of both axes, and
//! the least over p, is the number: 0 for repeated pixels, about 0.5 after JPEG, above 0.8 for photographs. An
//! enlargement by 1.5 has the period 3. Interpolating kernels leave a weaker beat.

use super::planes::{BLOCK_PX, Planes, WINDOW_PX};

/// Lines of a segment: whole periods of every kind and whole blocks. A factor that is not quite whole shifts the beat
/// by less than a line within it.
const SEGMENT: usize = 48;

/// Differences count up to this many codes, so that a few strong edges do not decide.
const LARGEST_CODES: f32 = 24.0;

/// Codes added to both means: flat images have the ratio 1.
const LEAST_CODES: f64 = 0.02;

const PERIODS: [usize; 3] = [2, 3, 4];

/// The ratio, 0 … 1, of an image with JPEG blocks that begin at `origin` (row, column, modulo 8); none below 49 pixels
/// on a side.
pub fn ratio(planes: &Planes, origin: (usize, usize)) -> Option<f64> {
    let size = planes.size;
    if size.height.min(size.width) <= SEGMENT {
        return None;
    }
    let (mut down, mut across) = ([0.0f64; WINDOW_PX], [0.0f64; WINDOW_PX]);
    let mut previous: Option<&[f32]> = None;
    for (y, row) in planes.rows().enumerate() {
        for (sum, pair) in across.iter_mut().zip(row.windows(2)) {
            *sum += f64::from((pair[1] - pair[0]).abs().min(LARGEST_CODES)) / size.height as f64;
        }
        if let Some(previous) = previous {
            let sum: f32 = row.iter().zip(previous).map(|(a, b)| (a - b).abs().min(LARGEST_CODES)).sum();
            down[y - 1] = f64::from(sum) / size.width as f64;
        }
        previous = Some(row);
    }
    let down = of_axis(&down[..size.height - 1], origin.0);
    let across = of_axis(&across[..size.width - 1], origin.1);
    let larger = down.into_iter().zip(across).map(|(a, b)| f64::max(a, b));
    Some(larger.fold(1.0, f64::min))
}

/// The median ratio of each period along one axis.
fn of_axis(differences: &[f64], block_begin: usize) -> [f64; 3] {
    PERIODS.map(|period| {
        let mut ratios = [1.0f64; WINDOW_PX / SEGMENT];
        let mut n = 0;
        for (s, segment) in differences.chunks_exact(SEGMENT).enumerate() {
            ratios[n] = of_segment(segment, s * SEGMENT, period, block_begin);
            n += 1;
        }
        let ratios = &mut ratios[..n];
        ratios.sort_unstable_by(f64::total_cmp);
        0.5 * (ratios[(n - 1) / 2] + ratios[n / 2])
    })
}

fn of_segment(segment: &[f64], first: usize, period: usize, block_begin: usize) -> f64 {
    let (mut sums, mut counts) = ([0.0; 4], [0.0; 4]);
    for (x, d) in (first..).zip(segment) {
        // The difference between x and x + 1 crosses the edge of a block where one begins at x + 1.
        if (x + 1) % BLOCK_PX != block_begin {
            sums[x % period] += d;
            counts[x % period] += 1.0;
        }
    }
    let means = (0..period).map(|q| sums[q] / counts[q]);
    let (low, high) = means.fold((f64::INFINITY, 0.0), |(low, high), g| (f64::min(low, g), f64::max(high, g)));
    (low + LEAST_CODES) / (high + LEAST_CODES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::planes::tests::{grained, planes_of};

    fn repeated(side: usize, of: impl Fn(usize) -> usize) -> Planes {
        let small = grained(side, 5);
        planes_of(side, |x, y| small[of(y) * side + of(x)])
    }

    #[test]
    fn repeated_lines_have_a_beat_and_others_do_not() {
        let ratio_of = |planes: &Planes| ratio(planes, (0, 0)).expect("large enough");
        assert!(ratio_of(&repeated(200, |x| x)) >= 0.8);
        for (what, of) in [
            ("2", (|x| x / 2) as fn(usize) -> usize),
            ("3", |x| x / 3),
            ("4", |x| x / 4),
            ("1.5", |x| 2 * x / 3),
            ("2.02", |x| 100 * x / 202),
        ] {
            let found = ratio_of(&repeated(200, of));
            assert!(found <= 0.3, "{what}: {found}");
        }
        // Both axes have to be repeated: stripes are no enlargement.
        let small = grained(200, 6);
        assert!(ratio_of(&planes_of(200, |x, y| small[y * 200 + x / 2])) >= 0.8);
    }

    #[test]
    fn flat_images_have_no_beat_and_small_ones_no_number() {
        assert_eq!(ratio(&planes_of(64, |_, _| 90.0), (0, 0)), Some(1.0));
        assert_eq!(ratio(&planes_of(48, |x, _| x as f32), (0, 0)), None);
    }
}
