//! Bands of a RAPSD: few enough numbers to keep of every image of a large set.
//!
//! # Definition
//!
//! Band 0 is the zero frequency; the annuli from 1 on fall into at most 32 bands of the same number of annuli, the last
//! of them shorter. A band's power is the mean over its modes. Bands of equal width weigh fine detail as annuli do;
//! octaves would hide what is odd at high frequencies alone, as noise and blur are.

use crate::noise::odd_images::OddAnnuli;
use crate::spectral::Grid;

/// Most bands beside the zero frequency.
const N_BANDS: usize = 32;

/// Which annuli each band holds.
#[derive(Debug, Clone)]
pub struct Bands {
    /// First annulus of each band, and the end of the last.
    edges: Vec<usize>,
    /// Modes of the full plane in each annulus.
    modes: Vec<f64>,
}

impl Bands {
    /// Bands of the annuli of `grid`.
    pub fn new(grid: &Grid) -> Self {
        let n_annuli = grid.n_annuli();
        let width = (n_annuli - 1).div_ceil(N_BANDS).max(1);
        let mut edges = vec![0];
        edges.extend((1..n_annuli).step_by(width));
        edges.push(n_annuli);
        Self { edges, modes: grid.modes_per_annulus().to_vec() }
    }

    /// Bands, the zero frequency among them.
    pub fn count(&self) -> usize {
        self.edges.len() - 1
    }

    /// Power of each band into `powers`, from a RAPSD, value² per mode.
    pub fn fill(&self, rapsd: &[f64], powers: &mut Vec<f64>) {
        powers.clear();
        powers.extend(self.edges.windows(2).map(|edge| {
            let annuli = edge[0]..edge[1];
            let sum: f64 = annuli.clone().map(|j| self.modes[j] * rapsd[j]).sum();
            sum / self.n_modes(annuli)
        }));
    }

    /// What images are judged in by their bands; powers below `floor`, value² per mode, count as it.
    pub fn odd_annuli(&self, floor: f64) -> OddAnnuli {
        let sizes = self.edges.windows(2).map(|edge| self.n_modes(edge[0]..edge[1])).collect();
        OddAnnuli { sizes, n_complete: self.count(), floor }
    }

    fn n_modes(&self, annuli: std::ops::Range<usize>) -> f64 {
        self.modes[annuli].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    #[test]
    fn bands_cover_every_annulus_once_and_keep_a_flat_spectrum_flat() {
        for side in [1, 2, 3, 8, 32, 256, 1000] {
            let grid = Grid::new(Size::square(side));
            let bands = Bands::new(&grid);
            assert!(bands.edges.windows(2).all(|edge| edge[0] < edge[1]), "{side}: {:?}", bands.edges);
            assert_eq!((bands.edges[0], *bands.edges.last().expect("an end")), (0, grid.n_annuli()), "{side}");
            let mut powers = Vec::new();
            bands.fill(&vec![3.0; grid.n_annuli()], &mut powers);
            assert!(powers.iter().all(|p| (p - 3.0).abs() <= 1e-12), "{side}: {powers:?}");
            let total: f64 = bands.odd_annuli(1e-6).sizes.iter().sum();
            assert!((total - grid.modes_per_annulus().iter().sum::<f64>()).abs() <= 1e-9, "{side}");
        }
        assert_eq!(Bands::new(&Grid::new(Size::square(256))).count(), 33);
    }
}
