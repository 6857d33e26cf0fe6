//! Tests of everything derived from the exact sums against the definitions, computed image by image in double
//! precision.

use super::*;
use crate::spectral::naive::{half_of, naive_dft, radial_mean};
use crate::spectral::{Channels, Grid, RealForm, Size, Window};
use crate::spectrum::testing::{Naive, analyze, pass, pass_in_files, random_images};
use crate::spectrum::{AnalysisConfig, Detail, SpectrumError};

mod full_covariance;
mod special_sets;

const SIZES: [(usize, usize); 3] = [(8, 8), (9, 7), (16, 16)];

/// What single precision may get wrong, relative to the mean power of a mode.
const SINGLE: f64 = 3e-6;

/// Every way of preparing planes, by itself.
fn configs(size: Size) -> Vec<(&'static str, AnalysisConfig)> {
    let base = AnalysisConfig { coherence: true, diagonality_side: Some(6), ..AnalysisConfig::new(size) };
    vec![
        ("rgb", base.clone()),
        ("luma", AnalysisConfig { channels: Channels::Luma, ..base.clone() }),
        ("ycbcr", AnalysisConfig { channels: Channels::Ycbcr, ..base.clone() }),
        ("hann", AnalysisConfig { window: Window::Hann, ..base.clone() }),
        ("range 0:1", AnalysisConfig { range: [0.0, 1.0].into(), ..base.clone() }),
        ("range -3:29", AnalysisConfig { range: [-3.0, 29.0].into(), ..base.clone() }),
        ("no standardisation", AnalysisConfig { standardize: Standardize::None, ..base.clone() }),
        ("pixels", AnalysisConfig { standardize: Standardize::Pixel, ..base.clone() }),
        ("pixels, hann", AnalysisConfig { standardize: Standardize::Pixel, window: Window::Hann, ..base }),
    ]
}

/// Calls `check` with every size, number of images and way of preparing them.
fn on_every_set(numbers: &[usize], check: impl Fn(&str, &AnalysisConfig, &Spectrum, &Naive)) {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        for &n in numbers {
            let images = random_images(size, n, 10 + n as u64);
            for (name, config) in configs(size) {
                let label = format!("{name}, {n} images of {size}");
                check(&label, &config, &analyze(&config, &images), &Naive::new(&config, &images));
            }
        }
    }
}

/// What single precision may get wrong in a second moment of mode `k`: the mode's own power and its share of the
/// plane's.
fn single(naive: &Naive, c: usize, k: usize) -> f64 {
    let power = naive.mean(|i| naive.spectra[i][c][k].norm_sqr());
    4.0 * SINGLE * (power + naive.scale()) * naive.n() as f64
}

fn assert_close(label: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "{label}: {got} instead of {want} (at most {tolerance:.1e} off)");
}

#[test]
fn gamma_is_the_covariance_of_each_mode() {
    on_every_set(&[2, 3, 17], |label, config, spectrum, naive| {
        let gamma = spectrum.mode_covariance().expect("enough images");
        assert_eq!(gamma.channels.len(), config.channels.count());
        for (c, channel) in gamma.channels.iter().enumerate() {
            for (k, g) in channel.iter().enumerate() {
                let want = naive.covariance(c, c, k).re;
                assert_close(&format!("{label}, channel {c}, mode {k}"), *g, want, single(naive, c, k));
                assert!(*g >= 0.0);
            }
        }
        for (k, mean) in gamma.channel_mean().iter().enumerate() {
            let want = gamma.channels.iter().map(|g| g[k]).sum::<f64>() / gamma.channels.len() as f64;
            assert_close(label, *mean, want, 1e-12 * naive.scale());
        }
    });
}

#[test]
fn mean_images_and_fields_are_those_of_the_planes() {
    on_every_set(&[1, 17], |label, config, spectrum, naive| {
        for (c, plane) in spectrum.mean_image().iter().enumerate() {
            for (p, value) in plane.iter().enumerate() {
                assert_close(label, *value, naive.mean(|i| naive.raw[i][c][p]), 1e-12 * config.range.width());
            }
        }
        for (c, field) in spectrum.mean_field().iter().enumerate() {
            for (k, m) in field.iter().enumerate() {
                let want = naive.field(c, k);
                let scale = naive.scale().sqrt() * (naive.size.n_pixels() as f64).sqrt();
                assert!((m - want).norm() <= 1e-6 * scale, "{label}, channel {c}, mode {k}: {m} instead of {want}");
            }
        }
        for (c, mean) in spectrum.channel_means().iter().enumerate() {
            let plane_mean = |i: usize| naive.raw[i][c].iter().sum::<f64>() / naive.size.n_pixels() as f64;
            assert_close(label, *mean, naive.mean(plane_mean), 1e-12 * config.range.width());
        }
    });
}

#[test]
fn raw_moments_are_means_over_images() {
    on_every_set(&[1, 3, 17], |label, config, spectrum, naive| {
        for c in 0..config.channels.count() {
            let moments = spectrum.raw_moments(c).expect("full detail");
            for k in 0..spectrum.grid().n_modes() {
                let x = |i: usize| naive.spectra[i][c][k];
                let at = format!("{label}, channel {c}, mode {k}");
                let power = naive.mean(|i| x(i).norm_sqr());
                // An error of a mode is a share of the whole plane's root mean square.
                let error = SINGLE * (naive.scale() * (power + naive.scale())).sqrt() * if k == 0 { 16.0 } else { 1.0 };
                let near = |name: &str, got: Complex64, want: Complex64, order: i32| {
                    let tolerance = error * (power.max(naive.scale()).sqrt()).powi(order - 2) * f64::from(4 * order);
                    assert!((got - want).norm() <= tolerance, "{at}: {name} is {got}, not {want} ± {tolerance:.1e}");
                };
                near("E|X|²", moments.power[k].into(), power.into(), 2);
                near("E X²", moments.pseudo_power[k], naive.mean(|i| x(i) * x(i)), 2);
                near("E|X|⁴", moments.power_square[k].into(), naive.mean(|i| x(i).norm_sqr().powi(2)).into(), 6);
                near("E|X|²X", moments.power_field[k], naive.mean(|i| x(i) * x(i).norm_sqr()), 5);
                near("M", moments.field[k], naive.field(c, k), 3);
            }
        }
    });
}

#[test]
fn the_mean_varies_between_files_not_between_their_images() {
    let config = AnalysisConfig::new(Size::new(7, 8));
    let images = random_images(config.size, 17, 3);
    // Files of 1, 4, 2 and 10 images.
    let last = [0, 4, 6, 16];
    let file_of = |i: usize| last.iter().position(|l| i <= *l).expect("a file");
    for drain_every in [1, 3, 100] {
        let (spectrum, summaries) = pass_in_files(&config, None, &images, drain_every, &|i| last.contains(&i));
        let annuli = spectrum.grid().n_annuli();
        for of in [RapsdOf::ChannelMean, RapsdOf::Channel(1)] {
            let rapsd = |i: usize, j: usize| match of {
                RapsdOf::ChannelMean => summaries[i].rapsd[j],
                RapsdOf::Channel(c) => summaries[i].channel_rapsd[c * annuli + j],
            };
            let statistics = spectrum.radial_statistics(of);
            assert_eq!((statistics.n_images, statistics.n_files), (17, 4));
            let off = |file: usize, j: usize| -> f64 {
                (0..17).filter(|i| file_of(*i) == file).map(|i| rapsd(i, j) - statistics.mean[j]).sum()
            };
            for j in 0..annuli {
                for l in 0..annuli {
                    let naive = (0..4).map(|c| off(c, j) * off(c, l)).sum::<f64>() * 4.0 / 3.0 / (17.0 * 17.0);
                    let got = statistics.covariance_of_mean[j * annuli + l];
                    let scale = statistics.mean[j] * statistics.mean[l];
                    assert!((got - naive).abs() <= 1e-9 * scale, "{drain_every}, {j}, {l}: {got}, not {naive}");
                }
            }
            let gradient: Vec<f64> = (0..annuli).map(|j| (j as f64 - 2.0) / statistics.mean[j]).collect();
            let along = |c: usize| -> f64 { (0..annuli).map(|j| gradient[j] * off(c, j)).sum() };
            let naive = (0..4).map(|c| along(c).powi(2)).sum::<f64>() * 4.0 / 3.0 / (17.0 * 17.0);
            let got = statistics.variance_of(&gradient).expect("files");
            assert!((got / naive - 1.0).abs() <= 1e-6, "{got}, not {naive}");
        }
    }
}

#[test]
fn radial_statistics_are_those_of_the_images() {
    on_every_set(&[1, 2, 17], |label, config, spectrum, naive| {
        let mut rows: Vec<_> = (0..config.channels.count()).map(|c| (RapsdOf::Channel(c), Some(c))).collect();
        rows.push((RapsdOf::ChannelMean, None));
        let annuli = spectrum.grid().n_annuli();
        let n = naive.n() as f64;
        for (of, channel) in rows {
            let statistics = spectrum.radial_statistics(of);
            assert_eq!(statistics.n_images, naive.n() as u64);
            let mean = |j: usize| naive.mean(|i| naive.rapsd(i, channel, j));
            for j in 0..annuli {
                assert_close(label, statistics.mean[j], mean(j), 1e-5 * (mean(j) + naive.scale()));
            }
            assert_eq!(statistics.covariance_of_mean.len(), if naive.n() < 2 { 0 } else { annuli * annuli });
            assert_eq!(statistics.std().len(), if naive.n() < 2 { 0 } else { annuli });
            for j in 0..if naive.n() < 2 { 0 } else { annuli } {
                let covariance = |l: usize| {
                    let product =
                        |i: usize| (naive.rapsd(i, channel, j) - mean(j)) * (naive.rapsd(i, channel, l) - mean(l));
                    naive.mean(product) * n / (n - 1.0)
                };
                for l in 0..annuli {
                    // Files of one image each.
                    let scale = (mean(j) + naive.scale()) * (mean(l) + naive.scale());
                    let got = statistics.covariance_of_mean[j * annuli + l];
                    assert_close(label, got, covariance(l) / n, 2e-5 * scale);
                }
                let scale = (mean(j) + naive.scale()).powi(2);
                assert_close(label, statistics.std()[j].powi(2), covariance(j).max(0.0), 2e-5 * scale);
            }
        }
    });
}

#[test]
fn centred_rapsds_are_those_of_the_images_less_their_mean() {
    on_every_set(&[2, 17], |label, config, spectrum, naive| {
        let radial = |c: usize| {
            let size = naive.size;
            let centred = |i: usize| -> Vec<f64> {
                let mean = |p: usize| naive.mean(|i| naive.planes[i][c][p]);
                let none = config.standardize == Standardize::None;
                let plane: Vec<f64> =
                    (0..size.n_pixels()).map(|p| naive.planes[i][c][p] - if none { 0.0 } else { mean(p) }).collect();
                radial_mean(size, &naive_dft(size, &plane).iter().map(|x| x.norm_sqr()).collect::<Vec<_>>())
            };
            let each: Vec<Vec<f64>> = (0..naive.n()).map(centred).collect();
            (0..spectrum.grid().n_annuli()).map(|j| naive.mean(|i| each[i][j])).collect::<Vec<f64>>()
        };
        let channels: Vec<Vec<f64>> = (0..config.channels.count()).map(radial).collect();
        // The brightness of single images stands high above what remains of it.
        let tolerance = |j: usize| 1e-5 * (naive.mean(|i| naive.rapsd(i, None, j)) + naive.scale() * naive.n() as f64);
        for (j, got) in spectrum.centred_rapsd(RapsdOf::ChannelMean).iter().enumerate() {
            let want = channels.iter().map(|r| r[j]).sum::<f64>() / channels.len() as f64;
            assert_close(label, *got, want, tolerance(j));
        }
        for (c, channel) in channels.iter().enumerate() {
            for (j, (got, want)) in spectrum.centred_rapsd(RapsdOf::Channel(c)).iter().zip(channel).enumerate() {
                assert_close(label, *got, *want, 3.0 * tolerance(j));
            }
        }
    });
}

#[test]
fn colour_covariance_is_that_of_the_pixels_and_sums_up_gamma() {
    on_every_set(&[2, 17], |label, config, spectrum, naive| {
        if config.standardize == Standardize::None {
            return;
        }
        let channels = config.channels.count();
        let n = naive.n() as f64;
        let covariance = spectrum.color_covariance().expect("enough images");
        let unit = (0.5 * config.range.width()).powi(2);
        for c in 0..channels {
            for d in 0..channels {
                let at = |p: usize| {
                    let (a, b) = (naive.mean(|i| naive.raw[i][c][p]), naive.mean(|i| naive.raw[i][d][p]));
                    naive.mean(|i| (naive.raw[i][c][p] - a) * (naive.raw[i][d][p] - b)) * n / (n - 1.0)
                };
                let want = (0..naive.size.n_pixels()).map(at).sum::<f64>() / naive.size.n_pixels() as f64;
                assert_close(label, covariance[c * channels + d], want, 1e-10 * unit);
            }
        }
        if config.standardize == Standardize::Mean && config.window == Window::None {
            let gamma = spectrum.mode_covariance().expect("enough images");
            for (c, gamma) in gamma.channels.iter().enumerate() {
                let total: f64 = spectrum.grid().to_full_plane(gamma).iter().sum();
                let want = covariance[c * channels + c];
                assert_close(label, total / naive.size.n_pixels() as f64, want, 1e-5 * naive.scale());
            }
        }
    });
}

#[test]
fn cross_covariances_are_those_of_each_pair_of_channels() {
    on_every_set(&[2, 17], |label, config, spectrum, naive| {
        for c in 0..config.channels.count() {
            for d in 0..config.channels.count() {
                let cross = spectrum.cross_covariance(c, d).expect("enough images");
                if d >= c {
                    assert!(cross.is_none(), "{label}: channels {c} and {d}");
                    continue;
                }
                for (k, got) in cross.expect("summed up").iter().enumerate() {
                    let want = naive.covariance(c, d, k);
                    let tolerance = single(naive, c, k) + single(naive, d, k);
                    assert!(
                        (got - want).norm() <= tolerance,
                        "{label}, channels {c} and {d}, mode {k}: {got} and {want}"
                    );
                }
            }
        }
    });
    let images = random_images(Size::square(8), 3, 1);
    let without = analyze(&AnalysisConfig::new(Size::square(8)), &images);
    assert!(without.cross_covariance(1, 0).expect("enough images").is_none());
}

/// Area averages the obvious way: every pixel is cut into as many pieces as there are output pixels.
#[test]
fn quantiles_are_those_of_the_images_to_the_width_of_a_bin() {
    let levels = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
    on_every_set(&[1, 2, 17], |label, _, spectrum, naive| {
        for (of, channel) in [(RapsdOf::ChannelMean, None), (RapsdOf::Channel(0), Some(0))] {
            let got = spectrum.rapsd_quantiles(of, &levels);
            for (level, row) in levels.iter().zip(&got) {
                for (j, value) in row.iter().enumerate() {
                    let mut sorted: Vec<f64> = (0..naive.n()).map(|i| naive.rapsd(i, channel, j)).collect();
                    sorted.sort_by(f64::total_cmp);
                    let position = level * (sorted.len() - 1) as f64;
                    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
                    let want = low + position.fract() * (high - low);
                    // Standardised planes have no brightness, so their zero frequency is rounding noise.
                    let noise = 1e-9 * naive.scale();
                    assert_close(&format!("{label}, level {level}, annulus {j}"), *value, want, 0.0219 * want + noise);
                }
            }
        }
    });
}

#[test]
fn half_the_range_has_a_quarter_of_the_power() {
    let size = Size::new(9, 7);
    let images = random_images(size, 5, 2);
    let full = AnalysisConfig::new(size);
    let half = AnalysisConfig { range: [0.0, 1.0].into(), ..full.clone() };
    let (full, half) = (analyze(&full, &images), analyze(&half, &images));
    let (g, q) = (full.mode_covariance().expect("images"), half.mode_covariance().expect("images"));
    for (g, q) in g.channels.concat().iter().zip(q.channels.concat()) {
        assert_close("Γ", q, g / 4.0, 1e-6 * (g + 1e-2));
    }
    let of = RapsdOf::ChannelMean;
    let (r, s) = (full.rapsd_quantiles(of, &[0.5]), half.rapsd_quantiles(of, &[0.5]));
    for (a, b) in r[0].iter().zip(&s[0]).skip(1) {
        assert_close("median", *b, a / 4.0, 1e-12);
    }
}

#[test]
fn summaries_describe_their_images() {
    for (name, config) in configs(Size::new(9, 7)) {
        if config.standardize == Standardize::Pixel {
            continue;
        }
        let images = random_images(config.size, 4, 3);
        let naive = Naive::new(&config, &images);
        let unit = 0.5 * config.range.width();
        for (i, summary) in pass(&config, None, &images, 2).1.iter().enumerate() {
            let values = naive.raw[i].concat();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert_close(name, summary.mean, mean, 1e-12 * unit);
            assert_close(name, summary.std, variance.sqrt(), 1e-10 * unit);
            for (j, r) in summary.rapsd.iter().enumerate() {
                assert_close(name, *r, naive.rapsd(i, None, j), 1e-5 * (naive.rapsd(i, None, j) + naive.scale()));
            }
            let each = summary.channel_rapsd.chunks_exact(summary.rapsd.len());
            for (c, rapsd) in each.enumerate() {
                for (j, r) in rapsd.iter().enumerate() {
                    let want = naive.rapsd(i, Some(c), j);
                    assert_close(name, *r, want, 1e-5 * (want + naive.scale()));
                }
            }
        }
    }
}
