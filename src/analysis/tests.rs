//! Analyses as a program uses them that has the library and no folder: alone, and several on one pass.

use std::path::PathBuf;

use super::blur_noise::BlurNoiseRatios;
use super::distance::Distance;
use super::offset::Offset;
use super::schedule::{DrawSchedules, FitSampler, ImageSchedules, ScheduleOptions, SetSchedule};
use super::snr::Snr;
use super::*;
use crate::dataset::{Skipped, Transform};
use crate::diffusion::{Kappa, ScheduleKind};
use crate::noise::Metric;
use crate::pipeline::observer::Silent;
use crate::pipeline::{Cancel, Observer};
use crate::spectral::Size;
use crate::spectrum::Standardize;

static CANCEL: Cancel = Cancel::new(false);

fn desk() -> Desk<'static> {
    Desk { seed: 7, threads: 2, ..Desk::new("scan", &Silent, &CANCEL) }
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

/// Destroys two files of a folder when a pass begins: one is gone, one is another.
struct Vandal {
    folder: PathBuf,
    pass: &'static str,
}

impl Observer for Vandal {
    fn started(&self, what: &str, _: &'static str, _: usize) {
        if what.starts_with(self.pass) {
            std::fs::remove_file(self.folder.join("coins.png")).expect("was there");
            std::fs::copy(self.folder.join("brick.png"), self.folder.join("grass.png")).expect("was there");
        }
    }
}

/// Asks for the distances of photographs, two of which are destroyed when `pass` begins: what was lost, and skipped.
fn vandalised(pass: &'static str, standardize: Standardize) -> (Vec<Loss>, Vec<Skipped>) {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["brick", "camera", "chelsea", "clock_motion", "coins", "grass", "gravel"].map(|n| format!("{n}.png")) {
        let photo = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos")).join(&name);
        std::fs::copy(photo, folder.path().join(name)).expect("a photograph");
    }
    let vandal = Vandal { folder: folder.path().to_owned(), pass };
    let distance = Distance {
        metrics: Vec::new(),
        image_metric: Metric::Radial,
        samples: 2,
        full_covariance: None,
        has_pictures: true,
        families: FamilyOptions { names: vec!["white".to_owned()], ..FamilyOptions::default() },
    };
    let options = SourceOptions {
        inputs: vec![folder.path().to_owned()],
        resolution: Some(Resolution::Fixed(Size::square(32))),
        standardize: Some(standardize),
        threads: 2,
        ..SourceOptions::default()
    };
    let source = Source::open(&options, distance.needs(), &Silent).expect("photographs");
    let run = Run { source, desk: Desk { observer: &vandal, ..desk() } };
    let (scanned, _) = answer(&run, &distance).expect("an answer");
    (run.desk.losses(), scanned.skipped)
}

#[test]
fn a_second_pass_lists_the_files_that_are_gone_or_others() {
    let (losses, skipped) = vandalised("measuring each image", Standardize::Mean);
    assert_eq!(skipped, []);
    let [loss] = losses.as_slice() else { panic!("{losses:?}") };
    let lost: Vec<(&str, String)> = loss.skipped.iter().map(|s| (s.path.as_str(), s.reason.to_string())).collect();
    assert!(loss.left_out.is_empty() && loss.n_used == 5, "{loss:?}");
    let [("coins.png", gone), ("grass.png", changed)] = lost.as_slice() else { panic!("{lost:?}") };
    assert!(gone.contains("second pass") && gone.contains("No such file"), "{gone}");
    assert!(changed.contains("second pass") && changed.contains("has changed since it was first read"), "{changed}");
    assert!(vandalised("no pass", Standardize::Mean).0.is_empty());
}

#[test]
fn the_pass_after_that_over_pixel_means_compares_its_files() {
    let (_, skipped) = vandalised("scanning", Standardize::Pixel);
    let lost: Vec<&str> = skipped.iter().map(|s| s.path.as_str()).collect();
    assert_eq!(lost, ["coins.png", "grass.png"]);
    assert!(skipped[1].reason.to_string().contains("has changed"), "{skipped:?}");
}

/// Counts passes and files.
#[derive(Default)]
struct Count(std::sync::Mutex<(usize, usize)>);

impl Observer for Count {
    fn started(&self, _: &str, _: &'static str, _: usize) {
        self.0.lock().expect("no panic").0 += 1;
    }

    fn advanced(&self, _: u64) {
        self.0.lock().expect("no panic").1 += 1;
    }
}

#[test]
fn recommend_reads_each_file_once_for_all_sizes_and_classes() {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos")).expect("photographs");
    for (i, photo) in photos.map(|entry| entry.expect("an entry").path()).enumerate() {
        let class = folder.path().join(["a", "b"][i % 2]);
        std::fs::create_dir_all(&class).expect("a folder");
        std::fs::copy(&photo, class.join(photo.file_name().expect("a name"))).expect("a copy");
    }
    let options = SourceOptions {
        inputs: vec![folder.path().to_owned()],
        resolution: Some(Resolution::Fixed(Size::square(32))),
        threads: 2,
        ..SourceOptions::default()
    };
    for by_class in [false, true] {
        let recommend =
            super::recommend::Recommend { resolutions: vec![16, 32, 64, 128], by_class, ..Default::default() };
        let source = Source::open(&options, recommend.needs(), &Silent).expect("photographs");
        let count = Count::default();
        let run = Run { source, desk: Desk { observer: &count, ..desk() } };
        let (_, report) = answer(&run, &recommend).expect("an answer");
        assert!(report.planner.iter().all(|row| row.source == "measured"), "{:?}", report.planner);
        assert_eq!((report.planner.len(), report.by_class.len()), (4, if by_class { 2 } else { 0 }));
        assert_eq!(*count.0.lock().expect("no panic"), (1, 12), "one pass, and each file once");
    }
}
