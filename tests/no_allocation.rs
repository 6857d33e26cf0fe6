//! What memory the engine takes: none per image once it runs, and none on the word of a damaged file.

#[path = "support/engine.rs"]
mod engine;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use safetensors::SafeTensors;
use specscan::detect::peaks::PeakPlan;
use specscan::detect::tones::Tones;
use specscan::detect::{FileLook, Measured};
use specscan::diffusion::{EffectiveResolutionPlan, Kappa, ScheduleKind, TightPlan, rounding_power};
use specscan::spectral::{Channels, Size, Window};
use specscan::spectrum::analyzer::Totals;
use specscan::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer, Detail, ImageSummary, Spectrum};

/// Counts what the current thread asks for; other tests run on other threads.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // A thread that ends may allocate after its counters are gone.
    let _ = CALLS.try_with(|n| n.set(n.get() + 1));
    let _ = BYTES.try_with(|n| n.set(n.get() + bytes));
}

// SAFETY: every call is handed to the system allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Calls to the allocator, and bytes asked for, while `work` runs.
fn measured<T>(work: impl FnOnce() -> T) -> (usize, usize, T) {
    let (calls, bytes) = (CALLS.get(), BYTES.get());
    let result = work();
    (CALLS.get() - calls, BYTES.get() - bytes, result)
}

fn images(size: Size, n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|i| (0..size.n_pixels() * 3).map(|p| ((p * p * (i + 3)) >> 3) as u8).collect()).collect()
}

#[test]
fn the_allocator_is_watched() {
    let (calls, bytes, _) = measured(|| vec![1u8; 1000]);
    assert_eq!((calls, bytes), (1, 1000));
}

#[test]
fn images_are_added_without_any_allocation() {
    let size = Size::new(48, 64);
    let full = AnalysisConfig { coherence: true, diagonality_side: Some(8), ..AnalysisConfig::new(size) };
    let mut cases = vec![
        ("rgb", full.clone()),
        ("luma", AnalysisConfig { channels: Channels::Luma, ..full.clone() }),
        ("ycbcr, hann", AnalysisConfig { channels: Channels::Ycbcr, window: Window::Hann, ..full.clone() }),
        ("odd size", AnalysisConfig { size: Size::new(37, 41), ..full.clone() }),
        ("radial", full.with_less_detail(Detail::Radial)),
    ];
    cases.push(("pixels", full.with_less_detail(Detail::Pixels)));
    cases.push(("power", full.with_less_detail(Detail::Power)));
    cases.push(("kept spectra", AnalysisConfig { keep_spectra: true, ..full.with_less_detail(Detail::Power) }));
    for (name, config) in cases {
        let images = images(config.size, 20);
        let reference =
            engine::spectrum_of(&full_at(config.size, config.channels).with_less_detail(Detail::Pixels), &images)
                .reference(true);
        for reference in [None, Some(reference)] {
            let plan = AnalysisPlan::new(config.clone(), reference);
            let (mut analyzer, mut totals) = (Analyzer::new(plan.clone()), Totals::new(&plan));
            let mut summary = ImageSummary::default();
            let mut pass = || {
                for image in &images {
                    analyzer.add(image.chunks_exact(3 * config.size.width), &mut summary);
                }
                analyzer.drain_into(&mut totals).expect("finite sums");
            };
            // The first images size the summary and the few chunks whose sums outgrow 64 bits.
            pass();
            let (calls, _, ()) = measured(|| {
                pass();
                pass();
            });
            assert_eq!(calls, 0, "{name}: allocations for 40 images");
        }
    }
}

#[test]
fn latents_are_added_without_any_allocation() {
    let size = Size::new(24, 17);
    let config = AnalysisConfig { channels: Channels::Latent(5), coherence: true, ..AnalysisConfig::new(size) };
    let values: Vec<f32> = (0..5 * size.n_pixels()).map(|i| ((i * 7919 % 1000) as f32 - 400.0) / 300.0).collect();
    let plan = AnalysisPlan::new(config, None);
    let (mut analyzer, mut totals) = (Analyzer::new(plan.clone()), Totals::new(&plan));
    let mut summary = ImageSummary::default();
    let mut pass = || {
        for _ in 0..20 {
            analyzer.add_latent(values.chunks_exact(size.width), &mut summary);
        }
        analyzer.drain_into(&mut totals).expect("finite sums");
    };
    pass();
    let (calls, _, ()) = measured(|| {
        pass();
        pass();
    });
    assert_eq!(calls, 0, "allocations for 40 latents");
}

#[test]
fn noise_levels_are_found_without_any_allocation() {
    let size = Size::square(96);
    let config = AnalysisConfig { keep_spectra: true, ..AnalysisConfig::new(size).with_less_detail(Detail::Power) };
    let plan = AnalysisPlan::new(config, None);
    let mut analyzer = Analyzer::new(plan);
    let sharpness = EffectiveResolutionPlan::new(size);
    let mut workspace = sharpness.workspace();
    let rounding = rounding_power(-1.0, 1.0);
    let tight = TightPlan::new(96, Kappa::default(), rounding, 50).expect("a plan");
    let (mut tight_workspace, mut logsnr) = (tight.workspace(), vec![0.0; 50]);
    let mut summary = ImageSummary::default();
    let images = images(size, 6);
    let mut pass = || {
        for image in &images {
            let rows = || image.chunks_exact(3 * size.width);
            analyzer.add(rows(), &mut summary);
            let spectra = analyzer.latest_spectra().expect("kept");
            let resolution = sharpness.measure_spectra(spectra, 1.0 / 255.0, rows, &mut workspace);
            assert!(resolution.is_some());
            assert!(!tight.fill(&summary.rapsd, ScheduleKind::Mixed, &mut tight_workspace, &mut logsnr).is_flat());
        }
    };
    pass();
    let (calls, _, ()) = measured(&mut pass);
    assert_eq!(calls, 0, "allocations for 6 images");
}

#[test]
fn detectors_allocate_nothing_per_image() {
    let size = Size::new(80, 96);
    let config = AnalysisConfig { keep_spectra: true, ..full_at(size, Channels::Rgb) };
    let mut analyzer = Analyzer::new(AnalysisPlan::new(config, None));
    let mut summary = ImageSummary::default();
    let (mut look, mut peaks) = (FileLook::default(), PeakPlan::new(size).expect("large enough"));
    let mut numbers = Vec::new();
    // Blocks with clipped pixels are left out.
    let unclipped = |image: Vec<u8>| image.into_iter().map(|v| v / 2 + 60).collect::<Vec<u8>>();
    let images: Vec<Vec<u8>> = images(size, 6).into_iter().map(unclipped).collect();
    let mut n_calls = 0;
    for (i, image) in images.iter().enumerate() {
        analyzer.add(image.chunks_exact(3 * size.width), &mut summary);
        let spectra = analyzer.latest_spectra().expect("kept");
        let (calls, _, found) = measured(|| {
            let mut found = Measured::default();
            look.measure(image, size, &mut found);
            found.peak_deviations = Some(peaks.largest(spectra, 1.0 / 255.0));
            found.contrast_codes = Some(Tones::of(image.chunks_exact(3 * size.width)).contrast_codes);
            numbers.clear();
            found.append_to(&mut numbers);
            found
        });
        assert!(found.noise_codes.is_some() && found.repeat_ratio.is_some(), "{found:?}");
        // The first one sizes the list of numbers.
        n_calls += if i > 0 { calls } else { 0 };
    }
    assert_eq!(n_calls, 0, "allocations for 5 images");
}

fn full_at(size: Size, channels: Channels) -> AnalysisConfig {
    AnalysisConfig { channels, ..AnalysisConfig::new(size) }
}

/// A `.spectrum` file that claims another working size, under a checksum that fits.
fn claiming(bytes: &[u8], side: usize) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let json = &metadata.metadata().as_ref().expect("metadata")["specscan"];
    let mut header: serde_json::Value = serde_json::from_str(json).expect("JSON");
    header["preprocess"]["size"] = serde_json::json!({"height": side, "width": side});
    header["checksum"] = "".into();
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(header.to_string().as_bytes());
    for (name, view) in &tensors {
        hasher.update(name.as_bytes());
        hasher.update(view.data());
    }
    header["checksum"] = format!("{:032x}", hasher.digest128()).into();
    safetensors::serialize(tensors, Some([("specscan".to_owned(), header.to_string())].into())).expect("serialises")
}

#[test]
fn a_file_that_claims_a_huge_size_is_refused_before_memory_is_asked_for() {
    let config = AnalysisConfig::new(Size::square(4));
    let bytes = engine::spectrum_of(&config, &images(config.size, 3)).to_bytes().expect("serialises");
    assert!(Spectrum::from_bytes(&claiming(&bytes, 4)).is_ok(), "the checksum of this test is the file's");
    for side in [5, 8192, 1 << 30] {
        let file = claiming(&bytes, side);
        let (_, asked_for, result) = measured(|| Spectrum::from_bytes(&file));
        let error = result.expect_err("its tensors are too small").to_string();
        assert!(error.contains("working size"), "{error}");
        assert!(asked_for <= 1 << 20, "{asked_for} bytes for a side of {side}");
    }
}
