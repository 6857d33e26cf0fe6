//! Tests of the half-spectrum's bookkeeping against the whole plane, mode by mode.

use super::*;
use crate::spectral::naive::{self, SIZES, half_of, naive_dft, normal_plane};

/// More shapes than a transform has to be tried on: the bookkeeping is cheap.
fn sizes() -> impl Iterator<Item = Size> {
    let more = [(2, 2), (1, 2), (2, 1), (5, 40), (40, 5), (63, 64), (64, 63), (96, 96), (61, 61), (64, 48)];
    SIZES.into_iter().chain(more).map(|(h, w)| Size::new(h, w))
}

#[test]
fn every_stored_mode_has_the_frequency_and_annulus_of_the_full_plane() {
    for size in sizes() {
        let grid = Grid::new(size);
        assert_eq!(grid.n_modes(), size.height * grid.n_columns(), "{size}");
        let numbers = half_of(size, &naive::wave_numbers(size));
        let annuli = half_of(size, &naive::annuli(size));
        for i in 0..grid.n_modes() {
            let (ky, kx) = numbers[i];
            // The last column of an even width is −W/2 in the convention of the full plane and W/2 where it is stored.
            assert_eq!(grid.wave_number(i), (ky, kx.abs()), "{size}, mode {i}");
            let f = (ky as f64 / size.height as f64).hypot(kx as f64 / size.width as f64);
            assert!((grid.frequencies()[i] - f).abs() <= 1e-15, "{size}, mode {i}");
            let expected = if annuli[i] < grid.n_annuli() { annuli[i] as u32 } else { NO_ANNULUS };
            assert_eq!(grid.annuli()[i], expected, "{size}, mode {i}");
        }
    }
}

#[test]
fn modes_are_counted_as_on_the_full_plane() {
    for size in sizes() {
        let grid = Grid::new(size);
        let all: f64 = (0..grid.n_modes()).map(|i| grid.multiplicity(i / size.height)).sum();
        assert_eq!(all, size.n_pixels() as f64, "{size}");
        let annuli = naive::annuli(size);
        assert_eq!(grid.n_annuli(), size.longer_side() / 2 + 1);
        for (j, n) in grid.modes_per_annulus().iter().enumerate() {
            assert_eq!(*n, annuli.iter().filter(|a| **a == j).count() as f64, "{size}, annulus {j}");
            assert!(*n > 0.0, "{size}: annulus {j} is empty");
            assert_eq!(grid.annulus_frequencies()[j], j as f64 / size.longer_side() as f64);
        }
    }
}

#[test]
fn annulus_means_equal_those_of_the_full_plane() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let grid = Grid::new(size);
        let full: Vec<f64> = naive_dft(size, &normal_plane(size, 5)).iter().map(|x| x.norm_sqr()).collect();
        let got = grid.radial_mean(&half_of(size, &full));
        for (j, (a, b)) in got.iter().zip(naive::radial_mean(size, &full)).enumerate() {
            assert!((a - b).abs() <= 1e-12 * (1.0 + b), "{size}, annulus {j}: {a} instead of {b}");
        }
    }
}

#[test]
fn a_half_spectrum_spreads_to_the_full_plane_it_came_from() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let full: Vec<f64> = naive_dft(size, &normal_plane(size, 6)).iter().map(|x| x.norm_sqr()).collect();
        let spread = Grid::new(size).to_full_plane(&half_of(size, &full));
        assert_eq!(spread.len(), full.len());
        for (k, (a, b)) in spread.iter().zip(&full).enumerate() {
            assert!((a - b).abs() <= 1e-11 * (1.0 + b), "{size}, mode {},{}: {a} instead of {b}", k / w, k % w);
        }
    }
}

#[test]
fn self_conjugate_modes_are_the_real_ones() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let grid = Grid::new(size);
        let spectrum = half_of(size, &naive_dft(size, &normal_plane(size, 7)));
        for (i, x) in spectrum.iter().enumerate() {
            assert_eq!(grid.is_self_conjugate(i), x.im.abs() <= 1e-11, "{size}, mode {i}: {x}");
        }
    }
}

#[test]
fn halves_round_to_even() {
    // On 10×1 pixels L·f is the wave number itself; on 4×10, ky = 1 lies at 2.5 and ky = 3 (that is −1) as well.
    let grid = Grid::new(Size::new(4, 10));
    assert_eq!(grid.annuli()[1], 2);
    assert_eq!(grid.annuli()[3], 2);
    // 4×14: ky = 1 lies at 3.5.
    assert_eq!(Grid::new(Size::new(4, 14)).annuli()[1], 4);
}

#[test]
#[should_panic(expected = "at least one pixel")]
fn an_image_without_pixels_has_no_grid() {
    Grid::new(Size::new(3, 0));
}

#[test]
fn octaves_share_out_all_annuli_but_the_first() {
    let octaves = |side: usize| Size::square(side).octaves();
    assert_eq!(octaves(32), [1..2, 2..4, 4..8, 8..17]);
    assert_eq!(octaves(48), [1..2, 2..4, 4..8, 8..16, 16..25]);
    assert_eq!(octaves(49), octaves(48));
    let one = |octave: Range<usize>| std::iter::once(octave).collect::<Vec<_>>();
    assert_eq!((octaves(1), octaves(2), octaves(4)), (Vec::new(), one(1..2), one(1..3)));
    for side in 1..1200 {
        let all: Vec<usize> = octaves(side).into_iter().flatten().collect();
        assert!(all.into_iter().eq(1..side / 2 + 1), "{side}");
    }
}
