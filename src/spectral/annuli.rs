//! Sums over annuli, column by column: what turns the powers of a half-spectrum into a RAPSD without a second look at
//! it.
//!
//! # Cost
//!
//! Modes `ky` and `-ky` of a column share an annulus, so they are added up before they are scattered. Where the powers
//! of several channels are at hand they are scattered together: a third of the time.

use super::grid::{Grid, NO_ANNULUS};

/// Planes whose powers are scattered together.
pub const PLANES_AT_ONCE: usize = 4;

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
        self.add_columns(kx, [power], sums.as_chunks_mut().0);
    }

    /// Adds the powers of the columns `kx` of `N` planes to their sums, which stand side by side.
    fn add_columns<const N: usize>(&self, kx: usize, columns: [&[f64]; N], sums: &mut [[f64; N]]) {
        let multiplicity = self.multiplicity[kx];
        let mut add = |annulus: u32, power: [f64; N]| {
            let sums = &mut sums[annulus as usize];
            (0..N).for_each(|c| sums[c] += multiplicity * power[c]);
        };
        let paired = self.height.div_ceil(2);
        let mut annuli = self.annuli[kx].iter();
        annuli.by_ref().take(1).for_each(|j| add(*j, columns.map(|power| power[0])));
        for (ky, j) in (1..paired).zip(annuli.by_ref()) {
            add(*j, columns.map(|power| power[ky] + power[self.height - ky]));
        }
        // Of an even number of modes the highest stands alone.
        annuli.for_each(|j| add(*j, columns.map(|power| power[paired])));
    }

    /// The annulus means of several planes of powers (`kx·H + ky`, one plane after the other) into `means`, one row a
    /// plane, with the same additions as column by column. Four planes go together: additions to one annulus wait for
    /// each other, those of different planes do not. `scratch` holds four values an annulus.
    ///
    /// # Panics
    ///
    /// If a slice has another length.
    pub fn means_of_planes(&self, powers: &[f64], scratch: &mut [f64], means: &mut [f64]) {
        let (n_modes, n_annuli) = (self.height * self.multiplicity.len(), self.modes_per_annulus.len());
        let planes = powers.chunks(n_modes * PLANES_AT_ONCE).zip(means.chunks_mut(n_annuli * PLANES_AT_ONCE));
        for (powers, means) in planes {
            match powers.len() / n_modes {
                4 => self.add_planes::<4>(powers, scratch),
                3 => self.add_planes::<3>(powers, scratch),
                2 => self.add_planes::<2>(powers, scratch),
                _ => self.add_planes::<1>(powers, scratch),
            }
            let n = powers.len() / n_modes;
            for (c, means) in means.chunks_exact_mut(n_annuli).enumerate() {
                means.iter_mut().zip(scratch.chunks_exact(n)).for_each(|(mean, sums)| *mean = sums[c]);
                self.finish(means);
            }
        }
    }

    /// The sums over the annuli of `N` planes, side by side.
    fn add_planes<const N: usize>(&self, powers: &[f64], sums: &mut [f64]) {
        let sums = &mut sums.as_chunks_mut::<N>().0[..self.modes_per_annulus.len()];
        sums.fill([0.0; N]);
        let n_modes = self.height * self.multiplicity.len();
        for kx in 0..self.multiplicity.len() {
            let column = |c: usize| &powers[c * n_modes + kx * self.height..][..self.height];
            self.add_columns(kx, std::array::from_fn(column), sums);
        }
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
            // Several planes at once, of other powers: bit for bit as one by one.
            for n in [1, 2, 3, 4, 7] {
                let plane = |c: usize| power.iter().map(move |p| p * (c as f64 + 0.3)).collect::<Vec<_>>();
                let planes: Vec<f64> = (0..n).flat_map(plane).collect();
                let mut scratch = vec![f64::NAN; PLANES_AT_ONCE * grid.n_annuli()];
                let mut means = vec![f64::NAN; n * grid.n_annuli()];
                sums.means_of_planes(&planes, &mut scratch, &mut means);
                for (c, means) in means.chunks_exact(grid.n_annuli()).enumerate() {
                    let mut alone = vec![0.0; grid.n_annuli()];
                    plane(c)
                        .chunks_exact(h)
                        .enumerate()
                        .for_each(|(kx, column)| sums.add_column(kx, column, &mut alone));
                    sums.finish(&mut alone);
                    assert_eq!(means, alone, "{h}×{w}, plane {c} of {n}");
                }
            }
            for (got, want) in got.iter().zip(grid.radial_mean(&power)) {
                assert!((got - want).abs() <= 1e-12 * want.max(1.0), "{h}×{w}: {got} and {want}");
            }
        }
    }
}
