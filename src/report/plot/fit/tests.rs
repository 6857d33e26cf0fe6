//! Tests of the picture of the power-law fits.

use super::*;
use crate::report::plot::testing::check;

fn figure(side: usize) -> FitFigure {
    let f: Vec<f64> = (0..=side / 2).map(|j| j as f64 / side as f64).collect();
    let law = |factor: f64| f.iter().map(|f| factor * 1e-3 * f.max(1e-3).powi(-2)).collect::<Vec<f64>>();
    let estimate = |(k, estimator): (usize, Estimator)| EstimateCurve {
        estimator,
        delta: 1.0 + 0.002 * k as f64,
        interval95: Some((0.98, 1.02)),
        frequency_cycles_per_px: f[1..].to_vec(),
        power: law(1.0 + 0.01 * k as f64)[1..].to_vec(),
    };
    let n = f.len() - 1;
    let local = LocalExponent {
        frequency_cycles_per_px: f[1..].to_vec(),
        delta: vec![1.0; n],
        low95: vec![0.9; n],
        high95: vec![1.1; n],
    };
    FitFigure {
        title: "One power law describes these images".into(),
        subtitle: format!("100 images, {side}×{side} px"),
        power: law(1.0),
        power_label: "Γ, annulus mean".into(),
        power_band95: Some((law(0.9), law(1.1))),
        estimates: [Estimator::Modes, Estimator::Radial, Estimator::Whittle]
            .into_iter()
            .enumerate()
            .map(estimate)
            .collect(),
        local: Some(local),
        frequency_cycles_per_px: f,
    }
}

#[test]
fn both_panels_and_all_estimates_are_named() {
    let texts = check(&figure(256));
    for text in [
        "Γ, annulus mean",
        "95 % interval",
        "modes: Δ = 1.000 [0.980, 1.020]",
        "radial: Δ = 1.002 [0.980, 1.020]",
        "whittle: Δ = 1.004 [0.980, 1.020]",
        "local exponent Δ(f)",
        "power (value² per mode)",
        "radial frequency (cycles/pixel)",
    ] {
        assert!(texts.iter().any(|t| t == text), "{text} is missing in {texts:?}");
    }
}

#[test]
fn labels_have_the_decimals_their_interval_needs() {
    let label = |interval95| EstimateCurve { interval95, delta: -1.23456, ..figure(8).estimates[0].clone() }.label();
    assert_eq!(label(None), "modes: Δ = −1.23");
    assert_eq!(label(Some((f64::NAN, 1.0))), "modes: Δ = −1.23");
    assert_eq!(label(Some((-2.0, 0.0))), "modes: Δ = −1.23 [−2.00, 0.00]");
    assert_eq!(label(Some((-1.2350, -1.2341))), "modes: Δ = −1.23456 [−1.23500, −1.23410]");
    assert_eq!(label(Some((1.0, 1.0))), "modes: Δ = −1.23456 [1.00000, 1.00000]");
}

#[test]
fn estimates_differ_in_dash_and_width() {
    let [a, b, c] = DRAWN.map(stroke_of);
    assert!(a.width_px > b.width_px && b.width_px > c.width_px);
    assert!(a.dash_px.is_empty() && b.dash_px != c.dash_px);
}

#[test]
fn without_local_exponents_one_panel_remains() {
    let mut f = figure(64);
    if let Some(local) = &mut f.local {
        local.delta.fill(f64::NAN);
    }
    assert!(!check(&f).iter().any(|t| t.starts_with("local")));
    f.local = None;
    f.estimates.truncate(1);
    check(&f);
    f.estimates.clear();
    check(&f);
}

#[test]
fn odd_values_are_survived() {
    for side in [2, 3, 8, 1024] {
        check(&figure(side));
    }
    let mut f = figure(256);
    (f.power[3], f.power[30], f.power[31]) = (f64::NAN, 0.0, f64::INFINITY);
    f.estimates[1].power.fill(1e200);
    f.estimates[2].delta = f64::NAN;
    let quiet = f.local.as_ref().map(|l| l.axis(&[])).unwrap();
    if let Some(local) = &mut f.local {
        (local.delta[5], local.low95[7], local.high95[9]) = (1e6, f64::NAN, f64::INFINITY);
        assert_eq!(local.axis(&[]), quiet);
    }
    check(&f);
    f.power.fill(0.0);
    assert!(check(&f).iter().any(|t| t.contains("nothing to fit")));
}

#[test]
fn lists_of_different_length_are_an_error() {
    let mut f = figure(16);
    if let Some(local) = &mut f.local {
        local.high95.pop();
    }
    assert!(matches!(
        crate::report::plot::render(&f, crate::report::plot::PlotFormat::Svg),
        Err(PlotError::Length { what: "local", .. })
    ));
}

#[test]
fn laws_fitted_in_the_corners_lie_within_the_axes() {
    let mut figure = figure(64);
    let (f, p) = (0.7, 1e-3 * 0.7f64.powi(-2));
    for estimate in &mut figure.estimates {
        estimate.frequency_cycles_per_px.push(f);
        estimate.power.push(p);
    }
    let (x, y) = figure.upper_axes().expect("powers");
    assert!(x.contains(f) && y.contains(p), "{x:?} {y:?}");
    check(&figure);
}
