//! Nearest-neighbour enlargement: rows and columns that are exact copies of their neighbours.
//!
//! # Definition
//!
//! Equal neighbouring rows form runs. The factor of an axis is the mean length of its runs, without those that were cut
//! by the edge and without those longer than four times the median (bars and flat skies repeat too, but not with a
//! beat). The image was enlarged if both axes have a factor of at least [`LEAST_FACTOR`]; the lesser one is reported.
//! It works for fractional factors (1.5 gives runs of 1 and 2), and only before lossy compression.

/// Factor from which repetition is enlargement.
pub const LEAST_FACTOR: f64 = 1.2;

/// Least runs an axis must have: a picture of a few stripes has no beat.
const LEAST_RUNS: usize = 8;

/// Runs longer than this many medians are features of the picture.
const LONGEST_MEDIANS: usize = 4;

/// The factor by which an image (rows of interleaved bytes, `bytes_per_pixel` each) was enlarged by repeating pixels,
/// if it was. `same_columns` and `runs` are scratch.
///
/// # Panics
///
/// If `bytes_per_pixel` is zero.
pub fn nearest_factor<'a, I: Iterator<Item = &'a [u8]>>(
    rows: impl Fn() -> I,
    bytes_per_pixel: usize,
    same_columns: &mut Vec<usize>,
    runs: &mut Vec<usize>,
) -> Option<f64> {
    assert!(bytes_per_pixel > 0, "a pixel has bytes");
    runs_of_rows(rows(), runs);
    let down = factor_of_runs(runs)?;
    runs_of_columns(rows(), bytes_per_pixel, same_columns, runs);
    factor_of_runs(runs).map(|across| across.min(down))
}

fn runs_of_rows<'a>(rows: impl Iterator<Item = &'a [u8]>, runs: &mut Vec<usize>) {
    runs.clear();
    let mut previous: Option<&[u8]> = None;
    for row in rows {
        match runs.last_mut() {
            Some(run) if previous == Some(row) => *run += 1,
            _ => runs.push(1),
        }
        previous = Some(row);
    }
}

fn runs_of_columns<'a>(
    rows: impl Iterator<Item = &'a [u8]>,
    bytes_per_pixel: usize,
    same_columns: &mut Vec<usize>,
    runs: &mut Vec<usize>,
) {
    runs.clear();
    same_columns.clear();
    let mut width = 0;
    for (y, row) in rows.enumerate() {
        if y == 0 {
            width = row.len() / bytes_per_pixel;
            same_columns.extend(1..width);
        }
        // Columns that still equal their left neighbour; in photographs none is left after a few rows.
        same_columns.retain(|&x| {
            let at = x * bytes_per_pixel;
            row[at - bytes_per_pixel..at] == row[at..at + bytes_per_pixel]
        });
        if same_columns.is_empty() {
            break;
        }
    }
    let mut same = same_columns.iter().copied().peekable();
    for x in 0..width {
        let continues = same.next_if_eq(&x).is_some();
        match runs.last_mut() {
            Some(run) if continues => *run += 1,
            _ => runs.push(1),
        }
    }
}

/// The mean run, if it is a factor. Sorts `runs`.
fn factor_of_runs(runs: &mut [usize]) -> Option<f64> {
    if runs.len() < LEAST_RUNS + 2 {
        return None;
    }
    let last = runs.len() - 1;
    let inner = &mut runs[1..last];
    inner.sort_unstable();
    let longest = LONGEST_MEDIANS * inner[inner.len() / 2];
    let kept = &inner[..inner.partition_point(|run| *run <= longest)];
    let factor = kept.iter().sum::<usize>() as f64 / kept.len() as f64;
    (kept.len() >= LEAST_RUNS && factor >= LEAST_FACTOR).then_some(factor)
}
