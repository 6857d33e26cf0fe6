//! Tests of the `.spectrum` bytes: they hold everything, betray every damage, and do not depend on how the set was cut.

use safetensors::tensor::TensorView;

use super::*;
use crate::spectral::{Channels, Size, Window};
use crate::spectrum::testing::{analyze, pass, random_images};
use crate::spectrum::{AnalysisConfig, Standardize};

fn config(size: Size) -> AnalysisConfig {
    AnalysisConfig { coherence: true, diagonality_side: Some(4), ..AnalysisConfig::new(size) }
}

fn small_spectrum() -> Spectrum {
    let config = AnalysisConfig { channels: Channels::Luma, ..AnalysisConfig::new(Size::new(3, 4)) };
    analyze(&config, &random_images(config.size, 2, 1))
}

/// The same tensors under a header changed by `change`, with a checksum that fits.
fn with_header(bytes: &[u8], change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let json = &metadata.metadata().as_ref().expect("metadata")["specscan"];
    let mut header: serde_json::Value = serde_json::from_str(json).expect("JSON");
    change(&mut header);
    header["checksum"] = "".into();
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let data = tensors.iter().map(|(name, view)| (name.as_str(), view.data()));
    header["checksum"] = checksum(&header.to_string(), data).into();
    safetensors::serialize(tensors, Some([("specscan".to_owned(), header.to_string())].into())).expect("serialises")
}

fn message(result: Result<Spectrum, SpectrumError>) -> String {
    result.expect_err("is refused").to_string()
}

#[test]
fn bytes_hold_the_whole_spectrum() {
    for (h, w) in [(1, 1), (3, 4), (8, 8), (9, 7)] {
        for channels in [Channels::Rgb, Channels::Luma, Channels::Ycbcr] {
            let config = AnalysisConfig { channels, ..config(Size::new(h, w)) };
            let spectrum = analyze(&config, &random_images(config.size, 3, 1));
            let bytes = spectrum.to_bytes().expect("serialises");
            let read = Spectrum::from_bytes(&bytes).expect("reads");
            assert_eq!(read, spectrum, "{h}x{w}");
            assert_eq!(read.to_bytes().expect("serialises"), bytes, "{h}x{w}");
            assert_eq!(read.analysis_config(), config);
        }
    }
}

#[test]
fn every_damaged_byte_is_noticed() {
    let spectrum = small_spectrum();
    let bytes = spectrum.to_bytes().expect("serialises");
    for i in 0..bytes.len() {
        for damage in [0x01, 0x40, 0xFF] {
            let mut damaged = bytes.clone();
            damaged[i] ^= damage;
            // Blanks between the parts of the header may be any blanks; everything else has to be as it was.
            if let Ok(read) = Spectrum::from_bytes(&damaged) {
                assert_eq!(read, spectrum, "byte {i} of {} ^ {damage:#x}", bytes.len());
            }
        }
    }
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let bytes = small_spectrum().to_bytes().expect("serialises");
    for n in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        assert!(Spectrum::from_bytes(&bytes[..n]).is_err(), "{n} of {} bytes", bytes.len());
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(Spectrum::from_bytes(&longer).is_err());
}

#[test]
fn another_layout_version_is_named_whatever_its_fields() {
    let bytes = small_spectrum().to_bytes().expect("serialises");
    let newer = with_header(&bytes, |h| h["format_version"] = (FORMAT_VERSION + 1).into());
    let other_fields =
        with_header(&bytes, |h| *h = serde_json::json!({"format_version": FORMAT_VERSION + 1, "novelty": true}));
    for file in [newer, other_fields] {
        let error = message(Spectrum::from_bytes(&file));
        assert!(
            error.contains(&format!("layout version {}", FORMAT_VERSION + 1))
                && error.contains("scan the images again"),
            "{error}"
        );
    }
}

#[test]
fn other_files_are_told_from_spectra() {
    assert!(message(Spectrum::from_bytes(b"path,reason\n")).contains("no safetensors file"));
    assert!(message(Spectrum::from_bytes(b"")).contains("no safetensors file"));
    let view = TensorView::new(Dtype::U64, vec![1], &[0; 8]).expect("a view");
    let foreign = safetensors::serialize([("weights", view)], None).expect("serialises");
    assert!(message(Spectrum::from_bytes(&foreign)).contains("metadata key `specscan`"));
}

#[test]
fn a_header_that_contradicts_the_tensors_is_refused() {
    let bytes = small_spectrum().to_bytes().expect("serialises");
    assert_eq!(Spectrum::from_bytes(&with_header(&bytes, |_| ())).expect("unchanged"), small_spectrum());
    type Change = fn(&mut serde_json::Value);
    let contradictions: [(&str, Change); 14] = [
        ("size", |h| h["preprocess"]["size"] = serde_json::json!({"height": 8192, "width": 8192})),
        ("size", |h| h["preprocess"]["size"] = serde_json::json!({"height": 1u64 << 40, "width": 1u64 << 40})),
        ("size", |h| h["preprocess"]["size"] = serde_json::json!({"height": 0, "width": 4})),
        ("shape", |h| h["preprocess"]["channels"] = "rgb".into()),
        ("diagonality", |h| h["diagonality_side"] = (1u64 << 50).into()),
        ("real_form_outer", |h| h["diagonality_side"] = 4.into()),
        ("n_skipped", |h| h["counts"]["n_skipped"] = u64::MAX.into()),
        ("contradict", |h| h["counts"]["n_files"] = 0.into()),
        ("contradict", |h| h["counts"]["n_converted"] = 9.into()),
        ("range", |h| h["preprocess"]["range"] = serde_json::json!([0.0, 1e-300])),
        ("count", |h| h["counts"]["n_images"] = 3.into()),
        ("count", |h| h["counts"]["n_images"] = 0.into()),
        ("range", |h| h["preprocess"]["range"] = serde_json::json!([1.0, 1.0])),
        ("quantum", |h| h["quantum_log2"]["power_sum"] = 0.into()),
    ];
    for (what, change) in contradictions {
        let error = message(Spectrum::from_bytes(&with_header(&bytes, change)));
        assert!(error.contains(what), "{what}: {error}");
    }
}

/// The same header over tensors changed by `change`, with a checksum that fits.
fn with_tensor(bytes: &[u8], name: &str, change: impl Fn(&mut Dtype, &mut Vec<usize>, &mut Vec<u8>)) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let view = file.tensor(name).expect("there");
    let (mut dtype, mut shape, mut data) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
    change(&mut dtype, &mut shape, &mut data);
    let mut tensors = file.tensors();
    tensors.retain(|(other, _)| other != name);
    tensors.push((name.to_owned(), TensorView::new(dtype, shape, &data).expect("a view")));
    with_header(&safetensors::serialize(tensors, metadata.metadata().clone()).expect("serialises"), |_| ())
}

#[test]
fn sums_that_no_images_have_are_refused_though_the_checksum_fits() {
    let bytes = small_spectrum().to_bytes().expect("serialises");
    let negative = |_: &mut Dtype, _: &mut Vec<usize>, data: &mut Vec<u8>| data[..8].fill(0xFF);
    for name in checks::NON_NEGATIVE.iter().filter(|name| !name.starts_with("real_form")) {
        let error = message(Spectrum::from_bytes(&with_tensor(&bytes, &format!("{name}.hi"), negative)));
        assert!(error.contains(name) && error.contains("negative"), "{error}");
    }
    let large = |_: &mut Dtype, _: &mut Vec<usize>, data: &mut Vec<u8>| data[..8].copy_from_slice(&1u64.to_le_bytes());
    let error = message(Spectrum::from_bytes(&with_tensor(&bytes, "pixel_sum.hi", large)));
    assert!(error.contains("pixel_sum") && error.contains("larger"), "{error}");
    let error = message(Spectrum::from_bytes(&with_tensor(&bytes, "vector_outer.hi", negative)));
    assert!(error.contains("vector_outer") && error.contains("negative"), "{error}");
    for (name, other) in [("power_sum.hi", Dtype::U64), ("power_sum.lo", Dtype::F64), ("content_sketch", Dtype::I64)] {
        let retyped = with_tensor(&bytes, name, |dtype, _, _| *dtype = other);
        let error = message(Spectrum::from_bytes(&retyped));
        assert!(error.contains(name) && error.contains("type"), "{error}");
    }
}

#[test]
fn histograms_that_no_images_have_are_refused_though_the_checksum_fits() {
    let bytes = small_spectrum().to_bytes().expect("serialises");
    let swapped = with_tensor(&bytes, "extreme_histogram", |_, _, data| {
        let half = data.len() / 2;
        data.rotate_left(half);
    });
    let error = message(Spectrum::from_bytes(&swapped));
    assert!(error.contains("weakest bands are stronger"), "{error}");
    for name in ["rapsd_histogram", "extreme_histogram"] {
        let more = with_tensor(&bytes, name, |_, _, data| data[..8].copy_from_slice(&u64::MAX.to_le_bytes()));
        let error = message(Spectrum::from_bytes(&more));
        assert!(error.contains("does not match its histograms"), "{name}: {error}");
        let shorter = with_tensor(&bytes, name, |_, shape, data| {
            data.truncate(8);
            *shape = vec![1, 1];
        });
        let error = message(Spectrum::from_bytes(&shorter));
        assert!(error.contains(name) && error.contains("shape"), "{name}: {error}");
    }
    let beyond = with_header(&bytes, |h| h["extreme_first_bin"] = (1u64 << 60).into());
    assert!(message(Spectrum::from_bytes(&beyond)).contains("extreme_histogram"));
}

#[test]
fn counts_do_not_wrap_when_spectra_merge() {
    let config = AnalysisConfig::new(Size::square(4));
    let mut spectrum = analyze(&config, &random_images(config.size, 2, 2));
    let other = analyze(&config, &random_images(config.size, 10, 3));
    spectrum.counts.n_images = u64::MAX;
    let before = spectrum.clone();
    assert!(message(spectrum.merge(&other, true).map(|()| before.clone())).contains("n_images"));
    assert_eq!(spectrum, before, "a refused merge changes nothing");
    spectrum.counts.n_images = 2;
    spectrum.histogram.fill(u64::MAX);
    assert!(message(spectrum.merge(&other, true).map(|()| before)).contains("histogram"));
}

#[test]
fn parts_merged_in_any_order_are_the_whole_to_the_last_byte() {
    let config = config(Size::new(9, 7));
    let images = random_images(config.size, 14, 5);
    let whole = pass(&config, None, &images, 3).0.to_bytes().expect("serialises");
    let part = |range: std::ops::Range<usize>| pass(&config, None, &images[range], 2).0;
    let parts = [part(0..1), part(1..6), part(6..14)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let mut merged = parts[order[0]].clone();
        merged.merge(&parts[order[1]], false).expect("alike");
        merged.merge(&parts[order[2]], false).expect("alike");
        assert_eq!(merged.to_bytes().expect("serialises"), whole, "{order:?}");
    }
    let mut grouped = parts[1].clone();
    grouped.merge(&parts[2], false).expect("alike");
    let mut first = parts[0].clone();
    first.merge(&grouped, false).expect("alike");
    assert_eq!(first.to_bytes().expect("serialises"), whole);
}

#[test]
fn spectra_made_differently_do_not_merge_and_the_difference_is_named() {
    let base = AnalysisConfig::new(Size::square(4));
    let images = random_images(base.size, 2, 2);
    let other_images = random_images(base.size, 2, 3);
    let spectrum = analyze(&base, &images);
    let changed = |change: fn(&mut AnalysisConfig)| {
        let mut config = base.clone();
        change(&mut config);
        analyze(&config, &other_images)
    };
    let recorded = |change: fn(&mut Preprocess)| {
        let mut other = analyze(&base, &other_images);
        change(&mut other.preprocess);
        other
    };
    let mut other_kernel = analyze(&base, &other_images);
    other_kernel.fft_kernel = "another".to_owned();
    let other_size = AnalysisConfig::new(Size::new(4, 5));
    let cases = [
        ("resolution is 4×4 in one and 5×4", analyze(&other_size, &random_images(other_size.size, 2, 4))),
        ("channels is rgb in one and luma", changed(|c| c.channels = Channels::Luma)),
        ("window is none in one and hann", changed(|c| c.window = Window::Hann)),
        ("range is -1:1 in one and 0:1", changed(|c| c.range = [0.0, 1.0].into())),
        ("standardize is mean in one and none", changed(|c| c.standardize = Standardize::None)),
        ("diagonality is none in one and 3", changed(|c| c.diagonality_side = Some(3))),
        ("coherence is false in one and true", changed(|c| c.coherence = true)),
        ("transform is none in one and crop", recorded(|p| p.transform = "crop".to_owned())),
        ("exif is ignore in one and apply", recorded(|p| p.exif = "apply".to_owned())),
        ("allow-upscale is false in one and true", recorded(|p| p.allow_upscale = true)),
        ("drop-letterbox is false in one and true", recorded(|p| p.drop_letterbox = true)),
        ("decode-scale is false in one and true", recorded(|p| p.decode_scale = true)),
        ("FFT kernel is rustfft", other_kernel),
    ];
    for (difference, other) in cases {
        let mut merged = spectrum.clone();
        let error = merged.merge(&other, true).expect_err("they differ").to_string();
        assert!(error.contains(difference), "{error}");
        assert_eq!(merged, spectrum, "a refused merge changes nothing");
    }
}

#[test]
fn shared_images_and_own_references_do_not_merge() {
    let config = AnalysisConfig::new(Size::square(4));
    let images = random_images(config.size, 5, 2);
    let (mut left, right) = (pass(&config, None, &images[..3], 9).0, pass(&config, None, &images[2..], 9).0);
    let before = left.clone();
    assert!(matches!(left.merge(&right, false), Err(SpectrumError::SharedImages { n_shared: 1 })));
    assert_eq!(left, before);
    left.merge(&right, true).expect("allowed");
    assert_eq!((left.counts().n_images, left.counts().n_files), (6, 6));

    let pixel = AnalysisConfig { standardize: Standardize::Pixel, ..config };
    let mut standardised = analyze(&pixel, &images[..2]);
    let other = analyze(&pixel, &images[2..]);
    assert!(matches!(standardised.merge(&other, true), Err(SpectrumError::OwnReference)));
}

#[test]
fn the_content_id_is_the_sets_whatever_its_order() {
    let config = AnalysisConfig::new(Size::square(4));
    let mut images = random_images(config.size, 4, 8);
    let id = analyze(&config, &images).content_id();
    images.reverse();
    assert_eq!(analyze(&config, &images).content_id(), id);
    assert_ne!(analyze(&config, &images[1..]).content_id(), id);
    assert_eq!(id.len(), 32);
}
