//! Noise bounds, schedules, sampler and effective resolution on the photographs of `fixtures/photos`: against NumPy,
//! and what must hold for every image.

use std::path::{Path, PathBuf};

use specscan::dataset::{DecodeOptions, Decoder, PreprocessConfig, Preprocessor, Transform};
use specscan::diffusion::sampler::{DEFAULT_MAX_COMPONENTS, N_DIMENSIONS, N_POINTS, SamplerData};
use specscan::diffusion::{
    EffectiveResolutionPlan, ImageBounds, Kappa, ReferenceSchedule, ScheduleKind, ScheduleSampler, TightPlan,
    compute_bounds, compute_waste, rounding_power,
};
use specscan::spectral::Size;
use specscan::spectrum::analyzer::Totals;
use specscan::spectrum::plan::{AnalysisConfig, Detail, Standardize};
use specscan::spectrum::{AnalysisPlan, Analyzer, ImageSummary};

#[derive(serde::Deserialize)]
struct Reference {
    side: usize,
    steps: usize,
    images: std::collections::BTreeMap<String, ReferenceImage>,
}

#[derive(serde::Deserialize)]
struct ReferenceImage {
    sigma_min: f64,
    sigma_max: f64,
    floor: bool,
    sigma: std::collections::BTreeMap<String, Vec<f64>>,
}

fn photographs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    let entries = std::fs::read_dir(folder).expect("fixtures").map(|e| e.expect("an entry").path());
    let is_image = |p: &PathBuf| p.extension().is_some_and(|e| e == "png" || e == "jpg");
    let mut paths: Vec<_> = entries.filter(is_image).collect();
    paths.sort();
    assert!(paths.len() >= 12);
    paths
}

/// Pixels (interleaved RGB) of the working images of a file.
fn working_images(path: &Path, side: usize, transform: Transform) -> Vec<Vec<u8>> {
    let size = Size::square(side);
    let config = PreprocessConfig { transform, size, allow_upscale: false, drop_letterbox: false };
    let (mut decoder, mut preprocessor) = (Decoder::new(), Preprocessor::new(config).expect("a valid transform"));
    decoder.read(path).expect("a file");
    let decoded = decoder.decode(&DecodeOptions::default()).expect("an image");
    let views = preprocessor.apply(&decoded.image).expect("large enough");
    views.map(|view| view.rows().collect::<Vec<_>>().concat()).collect()
}

/// RAPSDs as a scan reports them.
fn rapsds(images: &[Vec<u8>], side: usize) -> Vec<Vec<f64>> {
    let config = AnalysisConfig {
        standardize: Standardize::None,
        detail: Detail::Radial,
        ..AnalysisConfig::new(Size::square(side))
    };
    let plan = AnalysisPlan::new(config, None);
    let mut totals = Totals::new(&plan);
    let mut analyzer = Analyzer::new(plan);
    let mut summary = ImageSummary::default();
    let mut add = |image: &Vec<u8>| {
        if analyzer.is_full() {
            analyzer.drain_into(&mut totals).expect("finite sums");
        }
        analyzer.add(image.chunks_exact(3 * side), &mut summary);
        summary.rapsd.clone()
    };
    images.iter().map(&mut add).collect()
}

fn plan(side: usize, n_steps: usize) -> TightPlan {
    TightPlan::new(side, Kappa::default(), rounding_power(-1.0, 1.0), n_steps).expect("a plan")
}

fn bounds(rapsd: &[f64]) -> ImageBounds {
    compute_bounds(rapsd, Kappa::default(), rounding_power(-1.0, 1.0))
}

fn assert_relative(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got / want - 1.0).abs() <= tolerance, "{what}: {got} is not {want}");
}

#[test]
fn bounds_and_schedules_equal_numpy() {
    let reference: Reference =
        serde_json::from_str(include_str!("reference/diffusion.json")).expect("the reference file");
    assert!(reference.images.len() >= 9);
    let plan = plan(reference.side, reference.steps);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    for (name, expected) in &reference.images {
        let rapsd = &rapsds(&working_images(&folder.join(name), reference.side, Transform::Crop), reference.side)[0];
        let range = *bounds(rapsd).range().expect("a photograph");
        assert_relative(range.sigma_min, expected.sigma_min, 1e-4, name);
        assert_relative(range.sigma_max, expected.sigma_max, 1e-4, name);
        assert_eq!(range.floor, expected.floor, "{name}");
        for kind in ScheduleKind::ALL {
            let sigma = plan.schedule(rapsd, kind).expect("a photograph").sigma();
            let wanted = &expected.sigma[kind.name()];
            assert_eq!(sigma.len(), wanted.len());
            for (got, want) in sigma.iter().zip(wanted) {
                assert_relative(*got, *want, 1e-3, &format!("{name} {kind}"));
            }
        }
    }
}

#[test]
fn every_photograph_has_sound_bounds_and_schedules() {
    let references = ReferenceSchedule::standard().map(|s| s.sigmas().to_vec());
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bench");
    let more = std::fs::read_dir(bench).into_iter().flatten().filter_map(|e| e.ok().map(|e| e.path()));
    let is_image = |p: &PathBuf| p.extension().is_some_and(|e| e == "JPEG");
    for path in photographs().into_iter().chain(more.filter(is_image)) {
        let name = path.display();
        for (side, transform) in [
            (128, Transform::Crop),
            (64, Transform::CenterCropDhariwal),
            (97, Transform::CenterCrop),
            (50, Transform::Tile),
        ] {
            let plan = plan(side, 101);
            for rapsd in rapsds(&working_images(&path, side, transform), side) {
                let Some(range) = bounds(&rapsd).range().copied() else {
                    assert!(plan.schedule(&rapsd, ScheduleKind::Mixed).is_none(), "{name}");
                    continue;
                };
                assert!(0.0 < range.sigma_min && range.sigma_min < range.sigma_max && range.sigma_max.is_finite());
                for sigmas in &references {
                    let waste = compute_waste(sigmas, &range);
                    assert!(waste.below >= 0.0 && waste.above >= 0.0 && waste.total() <= 1.0, "{name}");
                }
                for kind in ScheduleKind::ALL {
                    let l = plan.schedule(&rapsd, kind).expect("not flat").logsnr;
                    assert_eq!((l[0], l[100]), (range.logsnr_max(), range.logsnr_min()), "{name} {kind}");
                    assert!(l.windows(2).all(|w| w[0] > w[1]), "{name} {kind}");
                }
            }
        }
    }
}

#[test]
fn odd_images_have_a_row_that_says_so() {
    // 97 is prime: its transform leaves rounding noise beside the brightness of a one-colour image.
    for side in [64, 97] {
        let n = side * side;
        let bytes = |value: &dyn Fn(usize) -> [u8; 3]| (0..n).flat_map(value).collect::<Vec<u8>>();
        let hash = |i: usize| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let images = [
            ("black", bytes(&|_| [0; 3]), true),
            ("white", bytes(&|_| [255; 3]), true),
            ("one colour", bytes(&|_| [200, 3, 90]), true),
            ("one pixel a level off", bytes(&|i| [if i == 77 { 129 } else { 128 }; 3]), true),
            ("one bit", bytes(&|i| [if hash(i) % 2 == 0 { 0 } else { 255 }; 3]), false),
            ("one level of contrast", bytes(&|i| [128 + (hash(i) % 2) as u8; 3]), false),
            ("noise", bytes(&|i| [hash(3 * i) as u8, hash(3 * i + 1) as u8, hash(3 * i + 2) as u8]), false),
            ("a checkerboard", bytes(&|i| [if (i / side + i % side) % 2 == 0 { 0 } else { 255 }; 3]), true),
            ("stripes", bytes(&|i| [(i % side) as u8; 3]), false),
        ];
        for (name, image, is_flat) in &images {
            let rapsd = &rapsds(std::slice::from_ref(image), side)[0];
            // The one mode of an even checkerboard lies in the corner, beyond every annulus; an odd side leaks.
            let is_flat = *is_flat && !(*name == "a checkerboard" && side % 2 == 1);
            let bounds = bounds(rapsd);
            assert_eq!(bounds.is_flat(), is_flat, "{name} at {side}: {bounds:?}");
            if let Some(range) = bounds.range() {
                assert!(range.sigma_min < range.sigma_max && range.sigma_max.is_finite(), "{name}");
                for kind in ScheduleKind::ALL {
                    let l = plan(side, 50).schedule(rapsd, kind).expect("not flat").logsnr;
                    assert!(l.windows(2).all(|w| w[0] > w[1]), "{name} {kind}");
                }
            }
            let plan = EffectiveResolutionPlan::new(Size::square(side));
            let resolution = plan.measure_rgb(|| image.chunks_exact(3 * side), &mut plan.workspace());
            assert!(resolution.is_none_or(|px| (0.0..=side as f64).contains(&px)), "{name}: {resolution:?}");
        }
    }
}

#[test]
fn sampled_schedules_match_the_held_out_half_of_photographs() {
    let side = 64;
    let plan = plan(side, N_POINTS);
    let tiles: Vec<Vec<u8>> = photographs().iter().flat_map(|p| working_images(p, side, Transform::Tile)).collect();
    let curves: Vec<Vec<f64>> = rapsds(&tiles, side)
        .iter()
        .filter_map(|rapsd| plan.schedule(rapsd, ScheduleKind::Mixed).map(|s| s.logsnr))
        .collect();
    let (fitted, held_out): (Vec<_>, Vec<_>) = curves.iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let logsnr: Vec<f64> = fitted.iter().flat_map(|(_, l)| l.iter().copied()).collect();
    let data = SamplerData { logsnr: &logsnr, class: &vec![0; fitted.len()], class_names: &[String::new()] };
    let sampler = ScheduleSampler::fit(data, ScheduleKind::Mixed, DEFAULT_MAX_COMPONENTS, 1).expect("schedules");
    assert!(sampler.shape_explained > 0.8, "four coefficients hold {}", sampler.shape_explained);
    let drawer = sampler.drawer("", 2).expect("the class");
    let drawn: Vec<_> = (0..held_out.len() as u64)
        .map(|i| {
            let schedule = drawer.draw(i).logsnr;
            assert!(schedule.windows(2).all(|w| w[0] > w[1]), "draw {i}");
            sampler.coordinates(&schedule).expect("falls")
        })
        .collect();
    let held_out: Vec<_> = held_out.iter().map(|(_, l)| sampler.coordinates(l).expect("falls")).collect();
    for c in 0..N_DIMENSIONS {
        let column = |rows: &[[f64; N_DIMENSIONS]]| rows.iter().map(|r| r[c]).collect::<Vec<_>>();
        let (drawn, held_out) = (column(&drawn), column(&held_out));
        let critical = 1.95 * (2.0 / drawn.len() as f64).sqrt();
        let distance = kolmogorov_smirnov(&drawn, &held_out);
        // The 0.1 % point, so that six coordinates together stay below one per cent.
        assert!(distance <= critical, "coordinate {c}: {distance} > {critical}");
        let std = standard_deviation(&held_out);
        let moved: Vec<f64> = drawn.iter().map(|v| v + 0.6 * std).collect();
        assert!(kolmogorov_smirnov(&moved, &held_out) > critical, "the test sees a shift of coordinate {c}");
    }
}

fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Largest distance between two empirical distribution functions.
fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let share = |values: &[f64], x: f64| values.iter().filter(|v| **v <= x).count() as f64 / values.len() as f64;
    a.iter().chain(b).map(|&x| (share(a, x) - share(b, x)).abs()).fold(0.0, f64::max)
}

/// Enlarges an image to twice its side, linearly between pixel centres.
fn twice(image: &[u8], side: usize) -> Vec<u8> {
    let line = |i: usize| {
        let at = (i as f64 / 2.0 - 0.25).clamp(0.0, (side - 1) as f64);
        (at as usize, (at as usize + 1).min(side - 1), at.fract())
    };
    let value = |y: usize, x: usize, c: usize| f64::from(image[(y * side + x) * 3 + c]);
    let pixel = |i: usize| {
        let ((y0, y1, dy), (x0, x1, dx)) = (line(i / (6 * side)), line(i / 3 % (2 * side)));
        let row = |y: usize| value(y, x0, i % 3) * (1.0 - dx) + value(y, x1, i % 3) * dx;
        (row(y0) * (1.0 - dy) + row(y1) * dy).round() as u8
    };
    (0..12 * side * side).map(pixel).collect()
}

#[test]
fn enlarged_photographs_are_soft_and_native_ones_are_not() {
    // The cat's fur and the deep field are soft at any size; in 64 pixels there are few annuli to tell a third by.
    for (side, n_native) in [(64, 3), (128, 2)] {
        let plan = EffectiveResolutionPlan::new(Size::square(side));
        let mut workspace = plan.workspace();
        let mut measure =
            |image: &[u8]| plan.measure_rgb(|| image.chunks_exact(3 * side), &mut workspace).expect("power");
        // Scaled down by four and more, what camera blur they had is gone.
        let sharp = |path: &PathBuf, side| working_images(path, side, Transform::CenterCropDhariwal).remove(0);
        let paths = photographs();
        let native = paths.iter().filter(|p| plan.is_soft(measure(&sharp(p, side)))).count();
        let enlarged: Vec<f64> = paths.iter().map(|p| measure(&twice(&sharp(p, side / 2), side / 2))).collect();
        let found = enlarged.iter().filter(|px| plan.is_soft(**px)).count();
        assert!(native <= n_native, "{native} of {} native photographs called soft at {side}", paths.len());
        assert!(found + 1 >= paths.len(), "{found} of {} found at {side}: {enlarged:?}", paths.len());
    }
}

/// An image after JPEG at a quality of 75, by another encoder and decoder than specscan's.
fn through_jpeg(image: &[u8], side: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 75);
    let n = u32::try_from(side).expect("a side");
    image::ImageEncoder::write_image(encoder, image, n, n, image::ExtendedColorType::Rgb8).expect("encodes");
    image::load_from_memory(&file).expect("decodes").into_rgb8().into_raw()
}

#[test]
fn enlargement_shows_through_jpeg() {
    let plan = EffectiveResolutionPlan::new(Size::square(256));
    let mut workspace = plan.workspace();
    let mut is_soft = |image: &[u8]| {
        let resolution = plan.measure_rgb(|| image.chunks_exact(3 * 256), &mut workspace).expect("power");
        plan.is_soft(resolution)
    };
    let mut count = |make: &dyn Fn(&PathBuf) -> Vec<u8>| {
        photographs().iter().filter(|path| is_soft(&through_jpeg(&make(path), 256))).count()
    };
    let sharp = |path: &PathBuf, side| working_images(path, side, Transform::CenterCropDhariwal).remove(0);
    let native = count(&|path| sharp(path, 256));
    let enlarged = count(&|path| twice(&sharp(path, 128), 128));
    assert!(enlarged >= 9, "{enlarged} of 12 found");
    assert!(native <= 2, "{native} of 12 native photographs called soft");
}
