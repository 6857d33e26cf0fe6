//! Sums over annuli, column by column: what turns the powers of a half-spectrum into a RAPSD without a second look at
//! it.
//!
//! # Cost
//!
//! Modes `ky` and `-ky` of a column share an annulus, so they are added up before they are scattered.

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

    /// Adds the powers of column `kx` (`ky = 0 … H−1`) to `sums`, one per annulus.
    ///
    /// # Panics
    ///
    /// If there is no such column, or it has another length.
    pub fn add_column(&self, kx: usize, power: &[f64], sums: &mut [f64]) {
        assert_eq!(power.len(), self.height, "one power per mode of a column");
        let multiplicity = self.multiplicity[kx];
        let (alone, paired) = (1.min(self.height), self.height.div_ceil(2));
        let mut annuli = self.annuli[kx].iter();
        let mut add = |power: f64, j: u32| sums[j as usize] += multiplicity * power;
        power[..alone].iter().zip(annuli.by_ref()).for_each(|(power, &j)| add(*power, j));
        let pairs = power[alone..paired].iter().zip(power[paired..].iter().rev());
        pairs.zip(annuli.by_ref()).for_each(|((power, mirrored), &j)| add(power + mirrored, j));
        // Of an even number of modes the highest stands alone.
        power[paired..].iter().zip(annuli).for_each(|(power, &j)| add(*power, j));
    }

    /// Turns sums over all columns into means.
    pub fn finish(&self, sums: &mut [f64]) {
        for (sum, n) in sums.iter_mut().zip(&self.modes_per_annulus) {
            *sum /= n;
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
                sums.add_column(kx, column, &mut got);
            }
            sums.finish(&mut got);
            for (got, want) in got.iter().zip(grid.radial_mean(&power)) {
                assert!((got - want).abs() <= 1e-12 * want.max(1.0), "{h}×{w}: {got} and {want}");
            }
        }
    }
}
