//! Sums over annuli, column by column: what turns the powers of a half-spectrum into a RAPSD without a second look at it.
//!
//! # Cost
//!
//! Modes `ky` and `-ky` of a column share an annulus, so a column is folded before it is scattered.

use multiversion::multiversion;

use super::grid::{Grid, NO_ANNULUS};

/// Where the modes of each stored column of one image size belong.
#[derive(Debug, Clone)]
pub struct AnnulusSums {
    height: usize,
    /// Annulus of the modes `ky = 0 … ⌊H/2⌋` of each stored column that lie in one; a prefix, because f grows with ky.
    annuli: Vec<Vec<u32>>,
    /// How often each column's modes count in the full plane.
    multiplicity: Vec<f64>,
    modes_per_annulus: Vec<f64>,
}

impl AnnulusSums {
    /// Plans sums over the annuli of `grid`.
    pub fn new(grid: &Grid) -> Self {
        let height = grid.size().height;
        let prefix = |column: &[u32]| {
            column[..height / 2 + 1].iter().copied().take_while(|&j| j != NO_ANNULUS).collect::<Vec<_>>()
        };
        Self {
            height,
            annuli: grid.annuli().chunks_exact(height).map(prefix).collect(),
            multiplicity: (0..grid.n_columns()).map(|kx| grid.multiplicity(kx)).collect(),
            modes_per_annulus: grid.modes_per_annulus().to_vec(),
        }
    }

    /// Adds the powers of column `kx` to `sums`, one per annulus. `power` (`ky = 0 … H−1`) is scratch afterwards.
    ///
    /// # Panics
    ///
    /// If there is no such column, or it has another length.
    pub fn add_column(&self, kx: usize, power: &mut [f64], sums: &mut [f64]) {
        assert_eq!(power.len(), self.height, "one power per mode of a column");
        fold(power);
        let multiplicity = self.multiplicity[kx];
        for (power, &j) in power.iter().zip(&self.annuli[kx]) {
            sums[j as usize] += multiplicity * power;
        }
    }

    /// Turns sums over all columns into means.
    pub fn finish(&self, sums: &mut [f64]) {
        for (sum, n) in sums.iter_mut().zip(&self.modes_per_annulus) {
            *sum /= n;
        }
    }
}

/// Adds to the powers of `ky = 1, 2, …` of a column those of `-ky`, where that is another mode.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn fold(power: &mut [f64]) {
    let (low, high) = power.split_at_mut(power.len().div_ceil(2));
    if low.len() > 1 {
        for (p, q) in low[1..].iter_mut().zip(high.iter().rev()) {
            *p += q;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    #[test]
    fn columns_add_up_to_the_radial_mean() {
        for (h, w) in [(1, 1), (1, 5), (2, 2), (3, 4), (4, 3), (8, 8), (9, 7), (16, 10), (17, 17)] {
            let grid = Grid::new(Size::new(h, w));
            // Powers of a real image are equal at k and −k; columns that hold both must not need that.
            let power: Vec<f64> = (0..grid.n_modes()).map(|i| ((i * 7919) % 101) as f64).collect();
            let sums = AnnulusSums::new(&grid);
            let mut got = vec![0.0; grid.n_annuli()];
            for (kx, column) in power.chunks_exact(h).enumerate() {
                sums.add_column(kx, &mut column.to_vec(), &mut got);
            }
            sums.finish(&mut got);
            for (got, want) in got.iter().zip(grid.radial_mean(&power)) {
                assert!((got - want).abs() <= 1e-12 * want.max(1.0), "{h}×{w}: {got} and {want}");
            }
        }
    }
}
