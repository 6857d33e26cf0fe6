//! The recommended numbers in the order in which they are told, each with its reason.

use super::measure::{DecidedBy, Measured, SHIFT_SIDE_PX, interval};
use super::text::percent;
use super::{AuditRow, Setting};
use crate::analysis::About;
use crate::report::text::short;
use crate::stats::jackknife::Interval;

/// Pixel deviation that EDM sets for all sets.
const EDM_SIGMA_DATA: f64 = 0.5;
/// Ends of EDM's levels, value.
const EDM_SIGMAS: [f64; 2] = [0.002, 80.0];
/// Mean and deviation of ln σ in EDM's training.
const EDM_DRAWS: [f64; 2] = [-1.2, 1.2];
/// Blur-to-noise ratio that Warm Diffusion chose, pixels per value.
const WARM_RATIO: f64 = 0.5;

/// All settings.
pub(super) fn settings(measured: &Measured<'_>, about: &About, audits: &[AuditRow]) -> Vec<Setting> {
    let mut all = deviations(measured, about);
    all.extend(levels(measured, about, audits));
    all.extend(densities(measured, audits));
    all.extend(others(measured, about));
    all
}

fn deviations(measured: &Measured<'_>, about: &About) -> Vec<Setting> {
    let why = "The deviation about the mean image, which the network is to scale by; the default was set for others.";
    let overall = measured.sigma_data;
    let difference = Setting::ratio_to(overall, EDM_SIGMA_DATA);
    let mut all = vec![Setting::new("sigma_data", "value", overall, about.deviation(), why.to_owned()).beside(
        EDM_SIGMA_DATA,
        "EDM",
        difference,
    )];
    let names = about.preprocess.channels.names();
    if names.len() > 1 {
        for (name, estimate) in names.iter().zip(&measured.sigma_data_channels) {
            let why = format!("The same of channel {name} alone, for trainers that scale channels one by one.");
            all.push(Setting::new(&format!("sigma_data_{name}"), "value", *estimate, "of that channel", why));
        }
    }
    all
}

/// What the audit of `name` says in words.
fn audited(audits: &[AuditRow], name: &str) -> String {
    let Some(AuditRow { audit, of, .. }) = audits.iter().find(|row| row.name == name) else { return String::new() };
    format!(
        "{} of its {of} are too fine and {} too coarse; it ends above sigma_min of {} of the images and below sigma_max of {}",
        percent(audit.waste_below),
        percent(audit.waste_above),
        percent(audit.unreached_below),
        percent(audit.unreached_above)
    )
}

fn levels(measured: &Measured<'_>, about: &About, audits: &[AuditRow]) -> Vec<Setting> {
    let (sigma_max, decided_by) = measured.sigma_max();
    let rounding = about.rounding();
    let why = format!("Finer noise harms no band of 95 % of the images, and {rounding} hides what is finer still.");
    let why_max = match decided_by {
        DecidedBy::Brightness => {
            "It hides how bright an image is, which takes more noise than its strongest band: a sampler that begins below it begins with the wrong brightness."
        }
        DecidedBy::Bands => {
            "It hides every band of 95 % of the images, and their brightness: a sampler can begin with pure noise there."
        }
    };
    let why_bands = "Coarser noise finds no band left to hide in 95 % of the images.";
    let why_brightness = "There the noise in the mean of an image hides the spread of brightness between images.";
    let steps = audited(audits, "edm:18");
    let [low, high] = EDM_SIGMAS;
    vec![
        Setting::new("sigma_min", "value", measured.sigma_min, "5 % of images below", why).beside(
            low,
            "EDM",
            steps.clone(),
        ),
        Setting::new("sigma_max", "value", sigma_max, "larger of these two", why_max.to_owned())
            .beside(high, "EDM", steps),
        Setting::new("sigma_bands", "value", measured.sigma_max_bands, "95 % of images below", why_bands.to_owned()),
        Setting::new(
            "sigma_brightness",
            "value",
            measured.sigma_max_brightness,
            "hides brightness",
            why_brightness.to_owned(),
        ),
    ]
}

fn densities(measured: &Measured<'_>, audits: &[AuditRow]) -> Vec<Setting> {
    let draws = audited(audits, "edm:-1.2,1.2");
    let [mean, std] = EDM_DRAWS;
    let why =
        "With it every radial frequency gets the same share of training noise, drawn where it just hides that band.";
    let why_std = "It spreads the draws over the levels that just hide the bands of the mean spectrum.";
    let why_wide = "The upper end of P_std: draws from where no band is harmed to where all are hidden.";
    let p_mean = interval(measured.density.p_mean);
    // A deviation is not below zero, whatever the delta method says.
    let [p_std, wide] = [measured.density.p_std, measured.wide_density.p_std].map(|std| {
        let Interval { value, low95, high95 } = interval(std);
        Interval { value, low95: low95.map(|low| low.max(0.0)), high95 }
    });
    vec![
        Setting::new("P_mean", "ln value", p_mean, "mean of ln sigma", why.to_owned()).beside(
            mean,
            "EDM",
            draws.clone(),
        ),
        Setting::new("P_std", "ln value", p_std, "its deviation", why_std.to_owned()).beside(std, "EDM", draws),
        Setting::new("P_std_wide", "ln value", wide, "at most", why_wide.to_owned()),
    ]
}

fn others(measured: &Measured<'_>, about: &About) -> Vec<Setting> {
    let rule = about.preprocess.size.longer_side() as f64 / SHIFT_SIDE_PX as f64;
    let exact = match measured.shift.low95 {
        Some(_) => "",
        None => " The same band is the strongest at both sizes: this follows from them alone and has no interval.",
    };
    let why = format!(
        "Noise levels of a model for {SHIFT_SIDE_PX} pixels, times this, hide the strongest band here as well as \
         there.{exact}"
    );
    let offset = match measured.sigma_max().1 {
        DecidedBy::Brightness => "without it noise is less varied in brightness than the images".to_owned(),
        DecidedBy::Bands => {
            format!("for a sigma_max below {} alone", short(measured.sigma_max_brightness.value))
        }
    };
    let mut all = vec![
        Setting::new("shift", "1", measured.shift, "of noise from 64 px", why).beside(
            rule,
            "side / 64",
            Setting::ratio_to(measured.shift, rule),
        ),
        Setting::new(
            "noise_offset",
            "1",
            measured.noise_offset,
            "matches brightness",
            "Unit noise with a constant of this deviation for each channel varies in brightness as the images do."
                .to_owned(),
        )
        .beside(0.0, "most trainers", offset),
    ];
    if let Some(ratio) = measured.blur_ratio {
        let why =
            "Up to so many pixels of blur to a unit of noise every band keeps 90 % of its power until noise hides it.";
        all.push(Setting::new("blur_noise_ratio", "px/value", ratio, "at most", why.to_owned()).beside(
            WARM_RATIO,
            "Warm Diffusion",
            Setting::ratio_to(ratio, WARM_RATIO),
        ));
    }
    if let Some(law) = &measured.law {
        let delta = Interval { value: law.delta, low95: law.delta_low95, high95: law.delta_high95 };
        let why = format!("Power falls as 1/f^{}: cloud noise with this Δ falls alike.", short(2.0 * law.delta));
        all.push(Setting::new("delta", "1", delta, "Δ of cloud noise", why));
        let why = "The deviation of a mode at f = 1 cycle per pixel that the power law gives.";
        let amplitude = Interval { value: law.amplitude, low95: law.amplitude_low95, high95: law.amplitude_high95 };
        all.push(Setting::new("amplitude", "value", amplitude, "A of cloud noise", why.to_owned()));
    }
    all
}
