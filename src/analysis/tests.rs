//! Analyses as a program uses them that has the library and no folder: alone, and several on one pass.

use std::path::PathBuf;
use std::time::Instant;

use super::blur_noise::BlurNoiseRatios;
use super::offset::Offset;
use super::schedule::{DrawSchedules, FitSampler, ImageSchedules, ScheduleOptions, SetSchedule};
use super::snr::Snr;
use super::*;
use crate::dataset::Transform;
use crate::diffusion::{Kappa, ScheduleKind};
use crate::pipeline::Cancel;
use crate::pipeline::observer::Silent;
use crate::spectral::Size;

static CANCEL: Cancel = Cancel::new(false);

fn desk() -> Desk<'static> {
    Desk {
        command: "scan",
        inputs: Vec::new(),
        folder: None,
        observer: &Silent,
        cancel: &CANCEL,
        seed: 7,
        threads: 2,
        max_memory_bytes: u64::MAX,
        started: Instant::now(),
    }
}

/// The report of `analysis` on the photographs at 32 pixels.
fn on_photos<A: Analysis>(analysis: &A) -> A::Report {
    on_photos_as(analysis, Transform::CenterCropDhariwal)
}

/// The report of `analysis` on the photographs, made 32 pixels wide by `transform`.
fn on_photos_as<A: Analysis>(analysis: &A, transform: Transform) -> A::Report {
    let options = SourceOptions {
        inputs: vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos"))],
        resolution: Some(Resolution::Fixed(Size::square(32))),
        threads: 2,
        transform: Some(transform),
        ..SourceOptions::default()
    };
    let source = Source::open(&options, analysis.needs(), &Silent).expect("photographs");
    analysis.check(&source).expect("photographs have all of it");
    answer(&Run { source, desk: desk() }, analysis).expect("an answer").1
}

fn json(report: &impl Report) -> serde_json::Value {
    serde_json::to_value(report).expect("plain numbers")
}

#[test]
fn several_analyses_on_one_pass_answer_as_each_alone() {
    let blur = BlurNoiseRatios { retain: 0.9, kappa: 1.0 };
    let options = ScheduleOptions { kind: ScheduleKind::Mixed, n_steps: 9, kappa: Kappa::default() };
    let schedule = || "cosine:50".parse().expect("a schedule");
    let offset = Offset { schedule: schedule(), families: FamilyOptions::default() };
    let snr = Snr { schedule: schedule(), families: FamilyOptions::default() };
    let schedules = (ImageSchedules(options), SetSchedule(options));
    let ((of_blur, (of_images, of_set)), (of_offset, of_snr)) =
        on_photos(&((blur, schedules), (offset.clone(), snr.clone())));
    assert_eq!(json(&of_blur), json(&on_photos(&blur)));
    assert_eq!(json(&of_images), json(&on_photos(&schedules.0)));
    assert_eq!(json(&of_set), json(&on_photos(&schedules.1)));
    assert_eq!(json(&of_offset), json(&on_photos(&offset)));
    assert_eq!(json(&of_snr), json(&on_photos(&snr)));
    assert_eq!((of_blur.n_images_with_ratio, of_images.fan.n_schedules, of_set.t.len()), (Some(12), 12, 9));
    assert!(of_offset.histogram.is_some() && of_snr.families.len() == 4);
}

#[test]
fn schedules_are_drawn_from_a_model_in_memory() {
    let fit = FitSampler { kind: ScheduleKind::Mixed, kappa: Kappa::default(), per_class: false, max_components: 2 };
    // Tiles, as the fit wants thirty schedules.
    let sampler = on_photos_as(&fit, Transform::Tile).sampler;
    let draws = DrawSchedules { sampler, count: 3, class: None, n_steps: 5 };
    let drawn = draws.draw(&desk()).expect("draws");
    assert_eq!((drawn.seed, drawn.fan.t.len(), drawn.fan.n_schedules), (7, 5, 3));
    let (low, high) = drawn.fan.median_ends();
    assert!(0.0 < low && low < high);
    assert_eq!(drawn.lines().len(), 3, "nothing was written");
    for (refused, part) in [
        (DrawSchedules { count: 0, ..draws.clone() }, "--count 0"),
        (DrawSchedules { n_steps: 1, ..draws.clone() }, "--steps 1"),
        (DrawSchedules { class: Some("cats".to_owned()), ..draws }, "no class 'cats'"),
    ] {
        let error = refused.draw(&desk()).expect_err("refused").to_string();
        assert!(error.contains(part), "{error}");
    }
}
