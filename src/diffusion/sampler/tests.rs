//! The sampler: draws fall strictly and follow a held-out half, whatever the set; files read back.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::diffusion::bounds::{Kappa, rounding_power};
use crate::diffusion::tight::TightPlan;

/// Tight schedules of `n` power laws with random exponents, strengths and wiggles, some of them floored.
fn schedules(n: usize, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let plan = TightPlan::new(64, Kappa::default(), rounding_power(-1.0, 1.0), N_POINTS).expect("a plan");
    let one = |_| {
        let exponent = 2.0 + 0.8 * (random.random::<f64>() + random.random::<f64>() - 1.0);
        let strength = 40.0 * (3.0 * random.random::<f64>()).exp();
        let wiggle = random.random::<f64>();
        let cut = if random.random::<f64>() < 0.4 { 1e-8 } else { 1.0 };
        let band = |j: usize| {
            let law = (j.max(1) as f64).powf(-exponent) * strength * (1.0 + 0.5 * wiggle * (j as f64).sin());
            if j > 28 { law * cut } else { law }
        };
        let rapsd: Vec<f64> = (0..=32).map(band).collect();
        plan.schedule(&rapsd, ScheduleKind::Mixed).expect("not flat").logsnr
    };
    (0..n).flat_map(one).collect()
}

fn fit(logsnr: &[f64]) -> ScheduleSampler {
    let class = vec![0; logsnr.len() / N_POINTS];
    let data = SamplerData { logsnr, class: &class, class_names: &[String::new()] };
    ScheduleSampler::fit(data, ScheduleKind::Mixed, DEFAULT_MAX_COMPONENTS, 1).expect("schedules")
}

fn coordinates(sampler: &ScheduleSampler, logsnr: &[f64]) -> Vec<[f64; N_DIMENSIONS]> {
    logsnr.chunks_exact(N_POINTS).map(|l| sampler.coordinates(l).expect("falls")).collect()
}

/// Energy distance of two samples, coordinates in units of the pooled deviation, and its permutation p-value.
fn energy_p_value(a: &[[f64; N_DIMENSIONS]], b: &[[f64; N_DIMENSIONS]], n_permutations: usize) -> f64 {
    let mut all: Vec<[f64; N_DIMENSIONS]> = a.iter().chain(b).copied().collect();
    let n = all.len();
    for c in 0..N_DIMENSIONS {
        let mean = all.iter().map(|r| r[c]).sum::<f64>() / n as f64;
        let std = (all.iter().map(|r| (r[c] - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        all.iter_mut().for_each(|r| r[c] = (r[c] - mean) / std);
    }
    let distance = |i: usize, j: usize| all[i].iter().zip(&all[j]).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
    let distances: Vec<f64> = (0..n * n).map(|k| distance(k / n, k % n)).collect();
    let energy = |order: &[usize]| {
        let mean = |s: &[usize], t: &[usize]| {
            let sum: f64 =
                s.iter().flat_map(|i| t.iter().map(move |j| (i, j))).map(|(i, j)| distances[i * n + j]).sum();
            sum / (s.len() * t.len()) as f64
        };
        let (s, t) = order.split_at(a.len());
        2.0 * mean(s, t) - mean(s, s) - mean(t, t)
    };
    let mut order: Vec<usize> = (0..n).collect();
    let observed = energy(&order);
    let mut random = ChaCha8Rng::seed_from_u64(99);
    let mut as_large = 1;
    for _ in 0..n_permutations {
        for i in (1..n).rev() {
            order.swap(i, random.random_range(0..=i));
        }
        as_large += usize::from(energy(&order) >= observed);
    }
    as_large as f64 / (n_permutations + 1) as f64
}

#[test]
fn draws_match_a_held_out_half() {
    let sampler = fit(&schedules(400, 1));
    let held_out = coordinates(&sampler, &schedules(150, 2));
    let drawer = sampler.drawer("", 7).expect("the class");
    let drawn: Vec<f64> = (0..150).flat_map(|i| drawer.draw(i).logsnr).collect();
    let drawn = coordinates(&sampler, &drawn);
    let p = energy_p_value(&drawn, &held_out, 99);
    assert!(p > 0.01, "drawn schedules differ from held-out ones, p = {p}");
    // The test has power: another strength of the images is seen.
    let moved: Vec<_> = drawn.iter().map(|r| [r[0] + 1.0, r[1] + 1.0, r[2], r[3], r[4], r[5]]).collect();
    assert!(energy_p_value(&moved, &held_out, 99) <= 0.01);
}

#[test]
fn every_draw_falls_strictly() {
    let sampler = fit(&schedules(60, 3));
    let drawer = sampler.drawer("", 5).expect("the class");
    for i in 0..2000 {
        let schedule = drawer.draw(i);
        assert_eq!(schedule.logsnr.len(), N_POINTS);
        assert!(schedule.logsnr.windows(2).all(|w| w[0] > w[1]), "draw {i}");
        assert!(schedule.logsnr[0] <= sampler.classes[0].logsnr_cleanest, "not below the rounding floor");
    }
    // Also from coordinates no set has.
    for wild in [[20.0, -20.0, 90.0, -90.0, 90.0, 90.0], [1.0, 1.0 - 1e-3, -300.0, 0.0, 0.0, 300.0]] {
        assert!(sampler.schedule_at(&wild).logsnr.windows(2).all(|w| w[0] > w[1]));
    }
}

#[test]
fn a_draw_does_not_depend_on_the_others() {
    let sampler = fit(&schedules(60, 3));
    let drawer = sampler.drawer("", 5).expect("the class");
    let forwards: Vec<_> = (0..10).map(|i| drawer.draw(i)).collect();
    for i in (0..10).rev() {
        assert_eq!(sampler.drawer("", 5).expect("the class").draw(i), forwards[i as usize]);
    }
    assert_ne!(forwards[0], forwards[1]);
    assert_ne!(sampler.drawer("", 6).expect("the class").draw(0), forwards[0]);
}

#[test]
fn four_coefficients_rebuild_a_schedule() {
    let logsnr = schedules(200, 4);
    let sampler = fit(&logsnr);
    assert!(sampler.shape_explained > 0.9, "{}", sampler.shape_explained);
    let mut worst: f64 = 0.0;
    for l in logsnr.chunks_exact(N_POINTS) {
        let rebuilt = sampler.schedule_at(&sampler.coordinates(l).expect("falls")).logsnr;
        assert_eq!((rebuilt[0], rebuilt[N_POINTS - 1]), (l[0], l[N_POINTS - 1]));
        worst = rebuilt.iter().zip(l).map(|(r, l)| (r - l).abs()).fold(worst, f64::max);
    }
    assert!(worst <= 1.0, "logSNR off by {worst}");
}

#[test]
fn one_image_and_equal_images_draw_themselves() {
    for n in [1, 30] {
        let one = schedules(1, 8);
        let sampler = fit(&one.repeat(n));
        assert_eq!(sampler.classes[0].mixture.components.len(), 1);
        let drawn = sampler.drawer("", 0).expect("the class").draw(3).logsnr;
        assert!(drawn.iter().zip(&one).all(|(d, l)| (d - l).abs() <= 1e-6), "{n} images");
    }
}

#[test]
fn classes_keep_apart() {
    let (dark, light) = (schedules(50, 1), schedules(50, 2).iter().map(|l| l - 6.0).collect::<Vec<_>>());
    let logsnr: Vec<f64> = dark.iter().chain(&light).copied().collect();
    let class: Vec<usize> = (0..100).map(|i| i / 50).collect();
    let names = ["dark".to_owned(), "light".to_owned()];
    let data = SamplerData { logsnr: &logsnr, class: &class, class_names: &names };
    let sampler = ScheduleSampler::fit(data, ScheduleKind::Mixed, 2, 0).expect("schedules");
    let mean_end = |name: &str| {
        let drawer = sampler.drawer(name, 0).expect("the class");
        (0..200).map(|i| drawer.draw(i).logsnr[N_POINTS - 1]).sum::<f64>() / 200.0
    };
    assert!((mean_end("dark") - mean_end("light") - 6.0).abs() <= 0.6);
    let error = sampler.drawer("other", 0).err().expect("unknown");
    assert_eq!(error.to_string(), "the sampler has no class 'other'; it has 'dark', 'light'");
}

#[test]
fn a_file_reads_back_and_damage_is_seen() {
    let sampler = fit(&schedules(40, 5));
    let text = serde_json::to_string(&sampler).expect("plain numbers");
    let read = ScheduleSampler::from_json(&text).expect("its own text");
    let draw = |s: &ScheduleSampler| s.drawer("", 1).expect("the class").draw(0).logsnr;
    // Decimal text is read to the last bit but one.
    assert!(draw(&read).iter().zip(draw(&sampler)).all(|(a, b)| (a - b).abs() <= 1e-12));
    let damaged = |change: &dyn Fn(&mut ScheduleSampler)| {
        let mut copy = sampler.clone();
        change(&mut copy);
        ScheduleSampler::from_json(&serde_json::to_string(&copy).expect("plain numbers")).is_err()
    };
    assert!(!damaged(&|_| ()));
    assert!(damaged(&|s| s.version = 2));
    assert!(damaged(&|s| s.format = "other".to_owned()));
    assert!(damaged(&|s| s.shape_basis[2].clear()));
    assert!(damaged(&|s| s.shape_mean[0] = f64::NAN));
    assert!(damaged(&|s| s.shape_least_step = 0.0));
    assert!(damaged(&|s| s.classes.clear()));
    assert!(damaged(&|s| s.classes[0].mixture.components[0].mean.clear()));
    assert!(damaged(&|s| s.classes[0].logsnr_least_span = -1.0));
    // Finite numbers that lead to infinite noise levels.
    assert!(damaged(&|s| s.classes[0].logsnr_least_span = 1e300));
    assert!(damaged(&|s| s.classes[0].logsnr_cleanest = 1e300));
    assert!(damaged(&|s| s.classes[0].logsnr_clean_std = 1e300));
    assert!(damaged(&|s| s.classes[0].mixture.components[0].mean[1] = -1e300));
    assert!(damaged(&|s| s.classes[0].mixture.components[0].covariance[0] = 1e300));
    assert!(damaged(&|s| s.shape_mean[3] = 1e300));
    assert!(damaged(&|s| s.shape_basis[0][3] = -1e300));
}

#[test]
fn a_newer_version_is_told_before_its_fields_and_other_texts_are_no_samplers() {
    let newer = r#"{"format": "specscan-schedule-sampler", "version": 2, "novelty": []}"#;
    let format = FORMAT.to_owned();
    assert_eq!(ScheduleSampler::from_json(newer), Err(SamplerError::Format { format, version: 2 }));
    for text in ["", "[]", r#"{"files": []}"#, &newer.replace(": 2", ": 1")] {
        let error = ScheduleSampler::from_json(text).expect_err("no sampler");
        assert!(matches!(error, SamplerError::NoSampler(_)), "{text}: {error}");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let fit = |logsnr: &[f64], class: &[usize], names: &[String]| {
        ScheduleSampler::fit(SamplerData { logsnr, class, class_names: names }, ScheduleKind::Mixed, 2, 0)
    };
    let names = ["a".to_owned(), "b".to_owned()];
    assert!(matches!(fit(&[], &[], &names), Err(SamplerError::NoSchedules(_))));
    let error = fit(&schedules(2, 0), &[0, 0], &names).expect_err("b is empty");
    assert!(error.to_string().starts_with("no schedules to fit the sampler of class 'b' to"));
    assert_eq!(fit(&[1.0; N_POINTS], &[0], &names[..1]), Err(SamplerError::NotDecreasing(1)));
}

#[test]
fn classes_draw_from_random_streams_of_their_own() {
    // Two classes with the same schedules have the same model.
    let logsnr = schedules(30, 8).repeat(2);
    let class: Vec<usize> = (0..60).map(|i| i / 30).collect();
    let names = ["a".to_owned(), "b".to_owned()];
    let data = SamplerData { logsnr: &logsnr, class: &class, class_names: &names };
    let sampler = ScheduleSampler::fit(data, ScheduleKind::Mixed, 2, 0).expect("schedules");
    let draw = |class: &str| sampler.drawer(class, 5).expect("a class").draw(0);
    assert_eq!(sampler.classes[0].mixture, sampler.classes[1].mixture);
    assert_ne!(draw("a"), draw("b"));
}
