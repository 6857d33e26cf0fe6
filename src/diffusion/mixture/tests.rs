//! Mixtures: known ones are recovered, degenerate rows stay finite, draws follow the mixture.

use super::*;

fn known() -> GaussianMixture {
    let component = |weight, mean: [f64; 2], covariance: [f64; 4]| Component {
        weight,
        mean: mean.to_vec(),
        covariance: covariance.to_vec(),
    };
    GaussianMixture {
        components: vec![
            component(0.5, [0.0, 10.0], [1.0, 0.6, 0.6, 2.0]),
            component(0.3, [8.0, -4.0], [0.5, 0.0, 0.0, 0.5]),
            component(0.2, [-9.0, 0.0], [2.0, -1.0, -1.0, 1.5]),
        ],
    }
}

fn draws(mixture: &GaussianMixture, n: usize, seed: u64) -> Vec<f64> {
    let drawer = mixture.drawer().expect("a mixture");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).flat_map(|_| drawer.draw(&mut random)).collect()
}

#[test]
fn a_known_mixture_is_recovered() {
    let truth = known();
    let fit = fit_mixture(&draws(&truth, 3000, 11), 2, 6, 5).expect("rows");
    assert_eq!(fit.mixture.components.len(), 3, "by BIC");
    for (got, want) in fit.mixture.components.iter().zip(&truth.components) {
        assert!((got.weight - want.weight).abs() <= 0.03);
        // Five standard errors of 600 rows or more.
        assert!(got.mean.iter().zip(&want.mean).all(|(g, w)| (g - w).abs() <= 5.0 * (2.0f64 / 600.0).sqrt()));
        assert!(got.covariance.iter().zip(&want.covariance).all(|(g, w)| (g - w).abs() <= 0.45), "{got:?}");
    }
    assert_eq!(fit_mixture(&draws(&truth, 3000, 11), 2, 6, 5), Ok(fit), "the same seed gives the same mixture");
}

#[test]
fn one_gaussian_stays_one() {
    let mut one = known();
    one.components.truncate(1);
    one.components[0].weight = 1.0;
    for seed in 0..5 {
        let fit = fit_mixture(&draws(&one, 400, seed), 2, 5, seed).expect("rows");
        assert_eq!(fit.mixture.components.len(), 1);
    }
}

#[test]
fn the_single_component_is_mean_and_covariance() {
    let rows = [1.0, 2.0, 3.0, 8.0, 5.0, 5.0];
    let fit = fit_mixture(&rows, 2, 3, 0).expect("rows");
    let [component] = &fit.mixture.components[..] else { panic!("one component for three rows") };
    assert!(component.mean.iter().zip([3.0, 5.0]).all(|(g, w)| (g - w).abs() <= 1e-12));
    let variances = [8.0 / 3.0, 6.0];
    for (i, v) in variances.iter().enumerate() {
        assert!((component.covariance[3 * i] / (v * (1.0 + RIDGE)) - 1.0).abs() <= 1e-12);
    }
    assert!((component.covariance[1] - 2.0).abs() <= 1e-12);
}

#[test]
fn one_row_and_equal_rows_draw_themselves() {
    for rows in [vec![3.0, -7.0], [3.0, -7.0].repeat(50)] {
        let fit = fit_mixture(&rows, 2, 4, 0).expect("rows");
        assert_eq!(fit.mixture.components.len(), 1);
        assert!(fit.bic.is_finite());
        for row in draws(&fit.mixture, 20, 1).chunks_exact(2) {
            assert!((row[0] - 3.0).abs() <= 1e-8 && (row[1] + 7.0).abs() <= 1e-8, "{row:?}");
        }
    }
}

#[test]
fn a_constant_coordinate_stays_constant() {
    let rows: Vec<f64> = (0..100).flat_map(|i| [f64::from(i * 37 % 100), 12.18]).collect();
    let fit = fit_mixture(&rows, 2, 4, 0).expect("rows");
    assert!(draws(&fit.mixture, 200, 1).chunks_exact(2).all(|r| (r[1] - 12.18).abs() <= 1e-8));
}

#[test]
fn bad_rows_and_damaged_mixtures_are_refused() {
    assert_eq!(fit_mixture(&[], 2, 3, 0), Err(MixtureError::Rows { row: 0, n_rows: 0 }));
    assert_eq!(fit_mixture(&[1.0, 2.0, f64::NAN, 1.0], 2, 3, 0), Err(MixtureError::Rows { row: 2, n_rows: 2 }));
    assert!(GaussianMixture { components: vec![] }.validate().is_err());
    let broken = |change: &dyn Fn(&mut Component)| {
        let mut mixture = known();
        change(&mut mixture.components[1]);
        mixture.validate().expect_err("damaged").to_string()
    };
    assert!(broken(&|c| c.weight = 0.9).contains("its weight is no share of one"));
    assert!(broken(&|c| c.mean = vec![1.0]).contains("wrong shape"));
    assert!(broken(&|c| c.covariance[0] = -1.0).starts_with("component 2 of the mixture is unusable"));
    assert_eq!(known().validate(), Ok(()));
}

#[test]
fn draws_have_the_moments_of_the_mixture() {
    let mixture = known();
    let rows = draws(&mixture, 20_000, 3);
    for c in 0..2 {
        let mean = rows.iter().skip(c).step_by(2).sum::<f64>() / 20_000.0;
        let expected: f64 = mixture.components.iter().map(|k| k.weight * k.mean[c]).sum();
        assert!((mean - expected).abs() <= 0.2, "{mean} is not {expected}");
    }
}
