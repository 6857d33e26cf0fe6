//! Tests of the picture of the power-law fit.

use super::*;
use crate::report::plot::page::Page;
use crate::report::plot::testing::check;

fn figure(side: usize) -> FitFigure {
    let f: Vec<f64> = (0..=side / 2).map(|j| j as f64 / side as f64).collect();
    let law = |factor: f64| f.iter().map(|f| factor * 1e-3 * f.max(1e-3).powi(-2)).collect::<Vec<f64>>();
    let n = f.len() - 1;
    FitFigure {
        title: "One power law describes these images, from the coarsest to the finest detail".into(),
        subtitle: format!("100 images, {side}×{side} px"),
        power_unit: "value²",
        power: law(1.0),
        power_band95: Some((law(0.8), law(1.1))),
        law: Some(FittedLaw {
            label: "A² / f^(2Δ), Δ = 1.00".into(),
            delta: 1.0,
            power: law(1.05),
            fitted_cycles_per_px: (1.0 / side as f64, 0.5),
            parts: vec![
                PartOfLaw { name: "coarse", delta: 0.95, cycles_per_px: (1.0 / side as f64, 0.1) },
                PartOfLaw { name: "fine", delta: 1.05, cycles_per_px: (0.1, 0.5) },
            ],
        }),
        local: Some(LocalExponent {
            frequency_cycles_per_px: f[1..].to_vec(),
            delta: vec![1.0; n],
            low95: vec![0.9; n],
            high95: vec![1.1; n],
        }),
        frequency_cycles_per_px: f,
    }
}

#[test]
fn all_panels_are_named() {
    let texts = check(&figure(256));
    for text in [
        "Γ, mean of each annulus",
        "95 % interval (below)",
        "A² / f^(2Δ), Δ = 1.00",
        "local Δ(f)",
        "over the law (dB)",
        "coarse 0.95",
        "fine 1.05",
        "power (value² per mode)",
        "radial frequency (cycles/pixel)",
    ] {
        assert!(texts.iter().any(|t| t == text), "{text} is missing in {texts:?}");
    }
    assert!(!texts.iter().any(|t| t == "not fitted"));
}

#[test]
fn residuals_are_decibels_over_the_law() {
    assert!((decibel(2.0, 1.0) - 3.010_299_956_6).abs() <= 1e-9 && decibel(0.1, 1.0) == -10.0);
    let mut f = figure(64);
    let law = f.law.as_ref().expect("a law");
    // The power is 1/1.05 of the law, its interval 0.8/1.05 … 1.1/1.05: the lower end is the farthest.
    let farthest = -10.0 * (0.8_f64 / 1.05).log10();
    assert!((f.residual_axis(law).high() / farthest - 1.1).abs() <= 1e-9);
    f.power_band95 = None;
    assert!((f.residual_axis(law).high() - 1.1 * 0.8).abs() <= 1e-9, "a good fit does not look bad");
}

#[test]
fn annuli_outside_the_range_are_pale_and_the_law_ends_with_it() {
    let mut f = figure(64);
    if let Some(law) = &mut f.law {
        law.fitted_cycles_per_px = (4.0 / 64.0, 0.5);
    }
    assert!(check(&f).iter().any(|t| t == "not fitted"));
    assert_eq!(f.fitted().collect::<Vec<_>>(), (4..=32).collect::<Vec<_>>());
}

#[test]
fn without_a_law_and_local_exponents_one_panel_remains() {
    let mut f = figure(64);
    if let Some(local) = &mut f.local {
        local.delta.fill(f64::NAN);
    }
    assert!(!check(&f).iter().any(|t| t.starts_with("local")));
    (f.local, f.law) = (None, None);
    assert!(!check(&f).iter().any(|t| t.contains("over the law")));
}

#[test]
fn odd_values_are_survived() {
    for side in [2, 3, 8, 1024] {
        check(&figure(side));
    }
    let mut f = figure(256);
    (f.power[3], f.power[30], f.power[31]) = (f64::NAN, 0.0, f64::INFINITY);
    let quiet = f.local.as_ref().map(|l| l.axis(None)).unwrap();
    if let Some(local) = &mut f.local {
        (local.delta[5], local.low95[7], local.high95[9]) = (1e6, f64::NAN, f64::INFINITY);
        assert_eq!(local.axis(None), quiet);
    }
    check(&f);
    if let Some(law) = &mut f.law {
        law.power.fill(1e200);
        law.delta = f64::NAN;
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
        crate::report::plot::render(&f, Page::default(), crate::report::plot::PlotFormat::Svg),
        Err(PlotError::Length { what: "local", .. })
    ));
}

#[test]
fn a_band_down_to_no_power_reaches_the_bottom() {
    // Pixels grow downward.
    assert_eq!([lower_end(40.0, 90.0), lower_end(140.0, 90.0), lower_end(f64::NAN, 90.0)], [40.0, 90.0, 90.0]);
}
