//! Tests on sets of which the spectra are known, or of which less is known: one image, equal or flat images, white
//! noise, fewer details.

use super::*;

#[test]
fn one_image_has_a_spectrum_and_no_covariance() {
    let config = AnalysisConfig { coherence: true, diagonality_side: Some(4), ..AnalysisConfig::new(Size::square(8)) };
    let images = random_images(config.size, 1, 6);
    let spectrum = analyze(&config, &images);
    let too_few = |error: Option<SpectrumError>| {
        assert!(matches!(error, Some(SpectrumError::TooFewImages { n_images: 1, needed: 2 })), "{error:?}");
    };
    too_few(spectrum.mode_covariance().err());
    too_few(spectrum.color_covariance().err());
    too_few(spectrum.cross_covariance(1, 0).err());
    too_few(spectrum.real_form_covariance().err());
    assert!(spectrum.radial_statistics(RapsdOf::ChannelMean).covariance_of_mean.is_empty());
    // Without means to remove, one image has a mean power.
    let none = analyze(&AnalysisConfig { standardize: Standardize::None, ..config }, &images);
    assert!(none.mode_covariance().is_ok());
}

#[test]
fn equal_images_do_not_vary() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        for (name, config) in configs(size) {
            if config.standardize == Standardize::None {
                continue;
            }
            let image = random_images(size, 1, 7).remove(0);
            let spectrum = analyze(&config, &[image.clone(), image.clone(), image]);
            let scale = (config.range.width() / 2.0).powi(2);
            for g in spectrum.mode_covariance().expect("three images").channels.concat() {
                assert!((0.0..=1e-4 * scale).contains(&g), "{name}, {size}: {g}");
            }
        }
    }
}

#[test]
fn flat_images_have_no_power_beside_their_brightness() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        for (name, config) in configs(size) {
            let flat = |v: [u8; 3]| v.repeat(size.n_pixels());
            let images = [flat([0; 3]), flat([255; 3]), flat([200, 30, 90]), flat([77; 3])];
            let spectrum = analyze(&config, &images);
            let scale = (config.range.width() / 2.0).powi(2).max(config.range.low.powi(2));
            let gamma = spectrum.mode_covariance().expect("four images");
            for channel in &gamma.channels {
                // A window spreads nothing either: it is applied around each image's own mean.
                for (k, g) in channel.iter().enumerate().skip(1) {
                    assert!((0.0..=1e-6 * scale).contains(g), "{name}, {size}, mode {k}: {g}");
                }
                assert!(channel[0].is_finite());
            }
            let finite = |values: &[f64]| assert!(values.iter().all(|v| v.is_finite()), "{name}, {size}");
            finite(&spectrum.radial_statistics(RapsdOf::ChannelMean).covariance_of_mean);
            finite(&spectrum.centred_rapsd(RapsdOf::ChannelMean));
            finite(&spectrum.rapsd_quantiles(RapsdOf::ChannelMean, &[0.05, 0.5, 0.95]).concat());
            finite(&spectrum.color_covariance().expect("four images"));
            finite(&spectrum.real_form_covariance().expect("four images").expect("summed up").covariance);
            for moments in (0..config.channels.count()).filter_map(|c| spectrum.raw_moments(c)) {
                finite(&moments.power_square);
            }
        }
    }
}

#[test]
fn white_noise_is_flat() {
    use rand::{RngExt, SeedableRng};
    let (size, n) = (Size::new(16, 18), 400);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(12);
    let images: Vec<Vec<u8>> =
        (0..n).map(|_| (0..size.n_pixels() * 3).map(|_| random.random_range(0..=255u8)).collect()).collect();
    let spectrum = analyze(&AnalysisConfig::new(size), &images);
    // 256 equally likely levels, 2/255 apart.
    let variance = (2.0f64 / 255.0).powi(2) * (256.0f64.powi(2) - 1.0) / 12.0;
    let gamma = spectrum.mode_covariance().expect("images");
    let relative: Vec<f64> = gamma.channels.concat().iter().map(|g| g / variance).collect();
    let mean = relative.iter().sum::<f64>() / relative.len() as f64;
    assert!((mean - 1.0).abs() <= 5.0 / (relative.len() as f64 * f64::from(n)).sqrt(), "mean {mean}");
    // Each is a mean of n squares of relative deviation 1 (√2 on the few real modes).
    let spread = (relative.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / relative.len() as f64).sqrt();
    assert!((spread * f64::from(n).sqrt() - 1.0).abs() <= 0.1, "spread {spread}");
    assert!(relative.iter().all(|g| (g - 1.0).abs() <= 6.0 * (2.0 / f64::from(n)).sqrt()));
    let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
    let n_modes = spectrum.grid().modes_per_annulus();
    for (j, (r, modes)) in statistics.mean.iter().zip(n_modes).enumerate() {
        let se = (2.0 / (modes * 3.0 * f64::from(n))).sqrt();
        assert!((r / variance - 1.0).abs() <= 5.0 * se, "annulus {j}: {}", r / variance);
    }
}

#[test]
fn less_detail_leaves_the_same_sums_and_says_what_it_lacks() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let images = random_images(size, 11, 5);
        for (name, config) in configs(size) {
            if config.standardize == Standardize::Pixel {
                continue;
            }
            let full = analyze(&config, &images);
            for detail in [Detail::Pixels, Detail::Radial, Detail::Power] {
                let less = analyze(&config.with_less_detail(detail), &images);
                assert!(less.tensors.len() < full.tensors.len(), "{name}");
                for (a, b) in less.tensors.iter().zip(&full.tensors) {
                    if a.spec == b.spec {
                        assert_eq!(a, b, "{name}, {detail:?}");
                    } else {
                        // Squares at every pixel, and those of a channel.
                        assert_eq!((a.spec.name, detail < Detail::Power), ("pixel_square_sum", true), "{name}");
                        let channels = a.totals.chunks_exact(size.n_pixels()).map(|plane| plane.iter().sum());
                        assert_eq!(channels.collect::<Vec<i128>>(), b.totals, "{name}, {detail:?}");
                    }
                }
                assert!(less.raw_moments(0).is_none());
                let is_saved = less.to_bytes().map(|bytes| Spectrum::from_bytes(&bytes).expect("reads") == less);
                assert_eq!(is_saved.ok(), (detail == Detail::Power).then_some(true), "{name}, {detail:?}");
                assert!(full.clone().merge(&less, true).is_err());
            }
            let power = analyze(&config.with_less_detail(Detail::Power), &images);
            let (a, b) = (power.mode_covariance().expect("enough"), full.mode_covariance().expect("enough"));
            assert_eq!(a.channels, b.channels);
            let levels = [0.1, 0.5];
            assert_eq!(
                power.rapsd_quantiles(RapsdOf::ChannelMean, &levels),
                full.rapsd_quantiles(RapsdOf::ChannelMean, &levels)
            );
        }
    }
}

#[test]
fn what_pixels_are_standardised_by_is_kept_for_later_passes() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let images = random_images(size, 11, 5);
        for (name, config) in configs(size).into_iter().filter(|(_, config)| config.standardize == Standardize::Pixel) {
            let first = pass(&config.with_less_detail(Detail::Pixels), None, &images, 5).0.reference(true);
            for detail in [Detail::Power, Detail::Full] {
                let later = analyze(&config.with_less_detail(detail), &images).reference(true);
                assert_eq!(later.mean_code, first.mean_code, "{name}, {detail:?}");
                assert_eq!(later.inverse_std, first.inverse_std, "{name}, {detail:?}");
            }
        }
    }
}

#[test]
fn without_channels_the_spread_is_that_of_their_mean() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let images = random_images(size, 11, 5);
        for (name, config) in configs(size) {
            let full = analyze(&config, &images);
            let mean_only = AnalysisConfig { per_channel: false, ..config.clone() };
            let less = analyze(&mean_only, &images);
            let covariance = |s: &Spectrum, of| s.radial_statistics(of).covariance_of_mean;
            assert_eq!(covariance(&less, RapsdOf::ChannelMean), covariance(&full, RapsdOf::ChannelMean), "{name}");
            let is_one_of_several = config.channels.count() > 1;
            assert_eq!(covariance(&less, RapsdOf::Channel(0)).is_empty(), is_one_of_several, "{name}");
            let [a, b] = [&less, &full].map(|s| s.radial_statistics(RapsdOf::Channel(0)));
            assert_eq!((a.mean, a.variance), (b.mean, b.variance), "{name}");
            let bytes = less.to_bytes().expect("serialises");
            let read = Spectrum::from_bytes(&bytes).expect("reads");
            assert_eq!(read, less, "{name}");
            assert_eq!(read.analysis_config(), mean_only, "{name}");
            if config.standardize != Standardize::Pixel && is_one_of_several {
                let error = full.clone().merge(&less, true).expect_err("made differently").to_string();
                assert!(error.contains("per-channel"), "{error}");
            }
        }
    }
}

#[test]
fn deviations_below_the_fixed_point_grid_are_not_given() {
    // One pixel at 1 to 3 of 255 in black images: powers near 1e-8, whose squares the grid does not hold.
    let size = Size::new(64, 64);
    let image = |i: usize| {
        let mut bytes = vec![0; 3 * size.n_pixels()];
        bytes[3 * (97 * i % size.n_pixels())] = 1 + (i % 3) as u8;
        bytes
    };
    let faint = analyze(&AnalysisConfig::new(size), &(0..30).map(image).collect::<Vec<_>>());
    let statistics = faint.radial_statistics(RapsdOf::ChannelMean);
    assert!(statistics.mean[20] > 0.0 && statistics.std_of(20).is_none(), "{}", statistics.mean[20]);
    let moments = faint.raw_moments(0).expect("full detail");
    assert!(moments.grid_error.iter().all(|e| *e > 0.0));
    // Photographs are far above it.
    let plain = analyze(&AnalysisConfig::new(size), &random_images(size, 30, 8));
    let statistics = plain.radial_statistics(RapsdOf::ChannelMean);
    for (j, std) in statistics.std().into_iter().enumerate() {
        assert_eq!(statistics.std_of(j), Some(std));
    }
}

#[test]
fn an_image_is_flat_only_if_every_channel_is() {
    let size = Size::new(5, 7);
    for (varying, is_flat) in [(None, true), (Some(0), false), (Some(1), false), (Some(2), false)] {
        let mut image = [200u8, 30, 90].repeat(size.n_pixels());
        if let Some(c) = varying {
            image[3 * 17 + c] += 1;
        }
        for channels in [Channels::Rgb, Channels::Luma, Channels::Ycbcr] {
            let config = AnalysisConfig { channels, ..AnalysisConfig::new(size) };
            let (_, summaries) = pass(&config, None, &[image.clone()], 1);
            assert_eq!(summaries[0].flat, is_flat, "{} with channel {varying:?} a level off", channels.name());
        }
    }
}
