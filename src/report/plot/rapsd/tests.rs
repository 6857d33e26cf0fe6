//! Tests of the picture of the radially averaged spectrum.

use super::*;
use crate::report::plot::page::Page;
use crate::report::plot::testing::check;

/// `n` bins of a power law with Δ = 1, spread by factors about it.
fn figure(side: usize) -> RapsdFigure {
    let f: Vec<f64> = (0..=side / 2).map(|j| j as f64 / side as f64).collect();
    let law = |factor: f64| f.iter().map(|f| factor * 1e-3 * f.max(1e-3).powi(-2)).collect::<Vec<f64>>();
    let fit = FitCurve {
        label: "power law, Δ = 1.00".into(),
        frequency_cycles_per_px: f[1..].to_vec(),
        power: law(1.1)[1..].to_vec(),
    };
    RapsdFigure {
        power_unit: "value²",
        title: "Power falls as 1/f²".into(),
        subtitle: format!("100 images, {side}×{side} px"),
        mean: law(1.0),
        mean_label: "mean of 100 images".into(),
        bands: Some(Bands { q05: law(0.2), q25: law(0.6), q75: law(1.5), q95: law(4.0) }),
        fit: Some(fit),
        rounding_noise_power: Some(2e-4),
        channels: Vec::new(),
        frequency_cycles_per_px: f,
    }
}

fn has(texts: &[String], text: &str) -> bool {
    texts.iter().any(|t| t == text)
}

#[test]
fn everything_is_named_with_its_unit() {
    let texts = check(&figure(256));
    for text in [
        "Power falls as 1/f²",
        "100 images, 256×256 px",
        "mean of 100 images",
        "25–75 % of images",
        "5–95 % of images",
        "power law, Δ = 1.00",
        "8-bit rounding noise",
        "radial frequency (cycles/pixel)",
        "power (value² per mode)",
        "0.01",
        "0.1",
    ] {
        assert!(has(&texts, text), "{text} is missing in {texts:?}");
    }
}

#[test]
fn sizes_from_one_pixel_up_are_drawn() {
    for side in [2, 3, 8, 15, 64, 1024] {
        check(&figure(side));
    }
    assert!(check(&figure(1)).iter().any(|t| t.starts_with("no frequencies")));
    assert!(
        check(&RapsdFigure { title: "nothing".into(), ..RapsdFigure::default() })
            .iter()
            .any(|t| t.starts_with("no frequencies"))
    );
}

#[test]
fn one_image_has_no_bands() {
    let texts = check(&RapsdFigure { bands: None, fit: None, ..figure(256) });
    assert!(!texts.iter().any(|t| t.contains("% of images")));
}

#[test]
fn channels_are_named_and_told_apart() {
    let mut f = figure(64);
    let power = f.mean.clone();
    let roles = [("red", ChannelRole::Red), ("green", ChannelRole::Green), ("blue", ChannelRole::Blue)];
    f.channels = roles.map(|(name, role)| ChannelCurve { name: name.into(), role, power: power.clone() }).into();
    let texts = check(&f);
    assert!(["red", "green", "blue"].iter().all(|name| has(&texts, name)), "{texts:?}");
    let strokes = roles.map(|(_, role)| role.stroke().dash_px);
    assert!(strokes[0] != strokes[1] && strokes[1] != strokes[2] && strokes[0] != strokes[2]);
}

#[test]
fn flat_images_get_a_note() {
    for power in [0.0, f64::NAN, -1.0] {
        let mut f = RapsdFigure { bands: None, fit: None, ..figure(64) };
        f.mean.fill(power);
        assert!(has(&check(&f), "no power: every image is flat"));
    }
    let mut dust = RapsdFigure { bands: None, fit: None, ..figure(64) };
    dust.mean.fill(1e-30);
    assert!(check(&dust).iter().any(|t| t.contains("below a thousandth")));
}

#[test]
fn a_bin_without_power_does_not_stretch_the_axis() {
    let sound = figure(256).prepare().map(|p| p.y).unwrap();
    let mut f = figure(256);
    (f.mean[5], f.mean[40], f.mean[60]) = (0.0, 1e-30, f64::NAN);
    if let Some(bands) = &mut f.bands {
        (bands.q05[9], bands.q75[50], bands.q95[70]) = (0.0, f64::NAN, f64::INFINITY);
    }
    assert_eq!(f.prepare().map(|p| p.y).unwrap(), sound);
    check(&f);
}

#[test]
fn rounding_noise_far_from_the_data_is_left_out() {
    let mut f = RapsdFigure { bands: None, fit: None, ..figure(64) };
    f.mean.fill(0.33);
    assert!(!has(&check(&f), "8-bit rounding noise"));
    // The axis ends where the data do, though a decade is the least it has.
    assert!(f.prepare().map(|p| p.y.high() / p.y.low()).unwrap() <= 10.001);
    f.mean.fill(1e-3);
    assert!(has(&check(&f), "8-bit rounding noise"));
}

#[test]
fn a_huge_range_is_drawn() {
    let mut f = RapsdFigure { bands: None, fit: None, rounding_noise_power: None, ..figure(256) };
    f.mean.iter_mut().enumerate().for_each(|(i, p)| *p = 10_f64.powi(300 - 5 * i as i32));
    check(&f);
}

#[test]
fn lists_of_different_length_are_an_error() {
    let mut f = figure(16);
    f.mean.pop();
    let error = crate::report::plot::render(&f, Page::default(), crate::report::plot::PlotFormat::Svg).unwrap_err();
    assert!(matches!(error, PlotError::Length { what: "mean", found: 8, expected: 9 }), "{error:?}");
}
