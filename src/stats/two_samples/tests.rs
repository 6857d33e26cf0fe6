//! Against published and naive values; under the null chances are uniform; what cannot be tested says so.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::*;

/// Rows of a set of files: means over them and the covariance of the mean.
struct Set {
    values: Vec<f64>,
    covariance: Vec<f64>,
    n_files: u64,
}

impl Set {
    fn of(rows: &[Vec<f64>]) -> Self {
        let (n, p) = (rows.len() as f64, rows[0].len());
        let values: Vec<f64> = (0..p).map(|i| rows.iter().map(|r| r[i]).sum::<f64>() / n).collect();
        let product = |i: usize, j: usize| {
            rows.iter().map(|r| (r[i] - values[i]) * (r[j] - values[j])).sum::<f64>() / (n - 1.0) / n
        };
        let covariance = (0..p * p).map(|at| product(at / p, at % p)).collect();
        Self { values, covariance, n_files: rows.len() as u64 }
    }

    fn means(&self) -> Means<'_> {
        Means { values: &self.values, covariance: &self.covariance, n_files: self.n_files }
    }
}

/// Correlated rows of unequal scales.
fn rows(rng: &mut ChaCha8Rng, n: usize, p: usize) -> Vec<Vec<f64>> {
    let row = |rng: &mut ChaCha8Rng| {
        let common: f64 = StandardNormal.sample(rng);
        let one = |i: usize, rng: &mut ChaCha8Rng| -> f64 {
            let own: f64 = StandardNormal.sample(rng);
            (own + common) * 10f64.powi(i as i32 - 2)
        };
        (0..p).map(|i| one(i, rng)).collect::<Vec<f64>>()
    };
    (0..n).map(|_| row(rng)).collect()
}

#[test]
fn welch_is_the_textbook_s() {
    // scipy.stats.ttest_ind([1, 2, 3, 4, 5], [2, 4, 6, 8, 10, 12], equal_var=False): t = −2.3763, p = 0.0487…
    let set = |values: &[f64]| {
        let rows: Vec<Vec<f64>> = values.iter().map(|v| vec![*v]).collect();
        let set = Set::of(&rows);
        Mean { value: set.values[0], variance: set.covariance[0], n_files: set.n_files }
    };
    let difference = welch(set(&[1.0, 2.0, 3.0, 4.0, 5.0]), set(&[2.0, 4.0, 6.0, 8.0, 10.0, 12.0]));
    assert!((difference.value - 4.0).abs() <= 1e-12);
    let (v1, v2) = (2.5 / 5.0, 14.0 / 6.0);
    let degrees = (v1 + v2) * (v1 + v2) / (v1 * v1 / 4.0 + v2 * v2 / 5.0);
    let expected = student_p(4.0 / f64::sqrt(v1 + v2), degrees);
    assert!((difference.p.expect("two sets that vary") - expected).abs() <= 1e-12);
    let half = student_quantile(degrees) * f64::sqrt(v1 + v2);
    assert!((difference.high95.expect("an interval") - 4.0 - half).abs() <= 1e-9);
}

#[test]
fn of_one_number_hotelling_is_student_squared() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (a, b) = (rows(&mut rng, 9, 1), rows(&mut rng, 14, 1));
    let (a, b) = (Set::of(&a), Set::of(&b));
    let test = hotelling(a.means(), b.means()).expect("varies").expect("enough files");
    let pooled = (8.0 * 9.0 * a.covariance[0] + 13.0 * 14.0 * b.covariance[0]) / 21.0;
    let t = (b.values[0] - a.values[0]) / (pooled * (1.0 / 9.0 + 1.0 / 14.0)).sqrt();
    assert!((test.t2 - t * t).abs() <= 1e-10 * t * t);
    assert!((test.p - student_p(t, 21.0)).abs() <= 1e-9);
}

#[test]
fn pairs_of_one_number_are_student_s_test_of_their_differences() {
    let test = hotelling_paired(Means { values: &[0.7], covariance: &[0.09], n_files: 6 }).expect("varies");
    // 2·scipy.stats.t.sf(0.7/0.3, 5)
    assert!((test.expect("files").p - 0.066_933_0).abs() <= 1e-6, "{test:?}");
}

#[test]
fn hotelling_does_not_see_units_nor_mixtures() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (a, b) = (rows(&mut rng, 12, 3), rows(&mut rng, 20, 3));
    let mixed = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        rows.iter().map(|r| vec![r[0] * 1e6 + r[1], r[1] - 3.0 * r[2], r[2] * 0.1]).collect()
    };
    let test = |a: &[Vec<f64>], b: &[Vec<f64>]| {
        hotelling(Set::of(a).means(), Set::of(b).means()).expect("varies").expect("enough files")
    };
    let (plain, turned) = (test(&a, &b), test(&mixed(&a), &mixed(&b)));
    assert!((plain.t2 - turned.t2).abs() <= 1e-6 * plain.t2, "{} {}", plain.t2, turned.t2);
}

#[test]
fn without_a_difference_chances_are_uniform() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let n_trials = 2000;
    let mut below = [0; 3];
    for _ in 0..n_trials {
        let (a, b) = (rows(&mut rng, 8, 4), rows(&mut rng, 11, 4));
        let p = hotelling(Set::of(&a).means(), Set::of(&b).means()).expect("varies").expect("enough").p;
        for (count, level) in below.iter_mut().zip([0.05, 0.25, 0.75]) {
            *count += u32::from(p <= level);
        }
    }
    for (count, level) in below.iter().zip([0.05, 0.25, 0.75]) {
        let share = f64::from(*count) / f64::from(n_trials);
        let error = 4.0 * (level * (1.0 - level) / f64::from(n_trials)).sqrt();
        assert!((share - level).abs() <= error, "{share} of chances are below {level}");
    }
}

#[test]
fn a_difference_in_one_number_is_found_among_many() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let a = rows(&mut rng, 60, 5);
    let mut b = rows(&mut rng, 60, 5);
    b.iter_mut().for_each(|r| r[3] += 20.0);
    let test = hotelling(Set::of(&a).means(), Set::of(&b).means()).expect("varies").expect("enough");
    assert!(test.p <= 1e-4, "{test:?}");
    let pairs: Vec<Vec<f64>> = a.iter().zip(&b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| b - a).collect()).collect();
    assert!(hotelling_paired(Set::of(&pairs).means()).expect("varies").expect("enough").p <= 1e-4);
}

#[test]
fn what_cannot_be_tested_says_so() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (a, b) = (Set::of(&rows(&mut rng, 2, 4)), Set::of(&rows(&mut rng, 4, 4)));
    assert_eq!(hotelling(a.means(), b.means()).expect("no error"), None, "six files for four numbers");
    assert_eq!(hotelling_paired(b.means()).expect("no error"), None);
    let flat = Set::of(&vec![vec![1.0, 2.0]; 9]);
    assert!(matches!(hotelling(flat.means(), flat.means()), Err(CovarianceError::NoVariance { index: 0, .. })));
    let same: Vec<Vec<f64>> = (0..9).map(|i| vec![f64::from(i), 2.0 * f64::from(i)]).collect();
    let same = Set::of(&same);
    assert!(matches!(hotelling(same.means(), same.means()), Err(CovarianceError::Factorisation { .. })));
    let still = |value: f64| Mean { value, variance: 0.0, n_files: 9 };
    assert_eq!((welch(still(1.0), still(1.0)).p, welch(still(1.0), still(1.5)).p), (Some(1.0), Some(0.0)));
    let one = Mean { value: 1.0, variance: 0.0, n_files: 1 };
    assert_eq!(welch(one, one), Difference { value: 0.0, low95: None, high95: None, p: None });
}

#[test]
fn fisher_s_chances_are_those_of_all_tables_however_many_files_there_are() {
    // scipy.stats.hypergeom.sf(hits2 − 1, n1 + n2, hits1 + hits2, n2)
    for (first, second, p) in [
        ((0, 400), (10, 200), 1.452_886_428e-5),
        ((3, 3), (3, 3), 1.0),
        ((0, 5), (0, 7), 1.0),
        ((20, 2000), (20, 1000), 0.020_729_717_490),
        ((360, 2000), (262, 1000), 1.613_313_906e-7),
        ((0, 2000), (100, 1000), 6.133_166_632e-50),
        ((1000, 1_000_000), (1200, 1_000_000), 1.079_551_397e-5),
    ] {
        let found = fisher_more(first, second);
        assert!((found / p - 1.0).abs() <= 1e-6, "{first:?} {second:?} {found}");
    }
    assert!(fisher_more((4, 3), (0, 3)).is_nan());
}

#[test]
fn a_million_files_have_chances_too() {
    let none = Mean { value: 0.0, variance: 0.5e-6, n_files: 1_000_000 };
    // 2·scipy.stats.norm.sf(z) for z = 1, 2, 5
    for (z, p) in [(1.0, 0.317_310_508), (2.0, 0.045_500_264), (5.0, 5.733_031e-7)] {
        let found = welch(none, Mean { value: z * 1e-3, ..none }).p.expect("files");
        assert!((found / p - 1.0).abs() <= 2e-5, "{z}: {found}");
        // scipy.stats.chi2.sf(z², 2)
        let covariance = [0.5e-6, 0.0, 0.0, 0.5e-6];
        let means = |values| Means { values, covariance: &covariance, n_files: 1_000_000 };
        let test = hotelling(means(&[0.0; 2]), means(&[z * 1e-3, 0.0])).expect("varies").expect("files");
        assert!((test.p / (-0.5 * z * z).exp() - 1.0).abs() <= 2e-4, "{z}: {}", test.p);
    }
}

#[test]
fn holm_is_between_the_chances_and_bonferroni() {
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (value, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert!((value - expected).abs() <= 1e-12, "{adjusted:?}");
    }
    assert_eq!(holm(&[]), Vec::<f64>::new());
    let with_nan = holm(&[0.01, f64::NAN]);
    assert!((with_nan[0] - 0.02).abs() <= 1e-12 && with_nan[1].is_nan());
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let chances: Vec<f64> = (0..40).map(|_| rng.random_range(0.0..0.1)).collect();
    let all = holm(&chances);
    for (adjusted, chance) in all.iter().zip(&chances) {
        assert!(chance <= adjusted && *adjusted <= (40.0 * chance).min(1.0) + 1e-12);
    }
}
