//! `recommend` in words: the table of settings, what they are compared with, and what to do.

use super::measure::DecidedBy;
use super::{RecommendReport, by_class_text};
use crate::analysis::words::{describe_enough, describe_kappa, wrap};
use crate::report::text::{align, short};

/// Share of the mean image in the variance from which it is told, and of how many files one of none is larger: what
/// chance leaves of it is about a half over their number.
const LEAST_MEAN_IMAGE_SHARE: f64 = 0.01;
const MEAN_IMAGE_BY_CHANCE: f64 = 2.0;

/// Deviation of ln σ below which draws are of one level.
const LEAST_P_STD: f64 = 0.1;

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The answer, lines of at most 80 columns.
pub(super) fn lines(report: &RecommendReport) -> Vec<String> {
    let t = &report.trainer;
    let [mean, std, data, low, high] = [t.p_mean, t.p_std, t.sigma_data, t.sigma_min, t.sigma_max].map(short);
    let mut lines = wrap(&format!("P_mean = {mean}, P_std = {std}, sigma_data = {data}; sigma {low} to {high}"));
    lines.extend(wrap(&advice(report)));
    lines.push(String::new());
    lines.extend(table(report));
    lines.push(String::new());
    lines.extend(audits(report));
    lines.push(String::new());
    lines.extend(wrap(&distances(report)));
    lines.extend(wrap(&closest(report)));
    if !report.planner.is_empty() {
        lines.push(String::new());
        lines.extend(align(&planner(report)));
        lines.extend(wrap(PLANNER_NOTE));
    }
    lines.extend([String::new(), report.about.describe()]);
    let half = report.setting("P_mean").and_then(|setting| setting.estimate.half_width());
    lines.extend(describe_enough(report.about.counts.n_files, half).map(|text| format!("P_mean: {text}")));
    if !report.by_class.is_empty() {
        lines.push(String::new());
        lines.extend(by_class_text::lines(&report.by_class));
    }
    lines
}

/// What the bounds rest on.
pub(super) fn details(report: &RecommendReport) -> Vec<String> {
    let mut lines: Vec<String> = describe_kappa(report.kappa).iter().flat_map(|text| wrap(text)).collect();
    lines.push(format!("{} images have bounds, {} are flat", report.n_images_with_bounds, report.n_flat));
    for setting in &report.settings {
        lines.extend(wrap(&format!("{}: {}", setting.name, setting.why)));
    }
    lines
}

/// What the planner's rows are.
pub(super) const PLANNER_NOTE: &str = "measured: on the same images at that size; predicted: for what was scanned \
     here (images, pieces or latents) made smaller or larger, finer detail continued by its power law, without an \
     interval. shift is relative to the size here.";

/// What to do with the numbers.
pub(super) fn advice(report: &RecommendReport) -> String {
    let t = &report.trainer;
    let mut text = format!(
        "Train with ln sigma drawn from N({}, {}²) and sigma_data = {}; sample from sigma = {} down to {}. ",
        short(t.p_mean),
        short(t.p_std),
        short(t.sigma_data),
        short(t.sigma_max),
        short(t.sigma_min)
    );
    let bands = report.setting("sigma_bands").map_or_else(String::new, |s| s.value_text());
    text += &match report.sigma_max_decided_by {
        DecidedBy::Brightness => format!(
            "Brightness decides sigma_max; the bands alone need {bands}. Either begin there, or keep a lower sigma_max \
             and train with offset noise: noise_offset = {} gives noise the images' spread of brightness.",
            short(t.noise_offset)
        ),
        DecidedBy::Bands if t.noise_offset > 0.0 => format!(
            "The bands decide sigma_max: it hides the brightness, too, and no offset noise is needed; a trainer with a \
             sigma_max below {} takes noise_offset = {}.",
            short(t.sigma_brightness),
            short(t.noise_offset)
        ),
        DecidedBy::Bands => {
            "The bands decide sigma_max: it hides the brightness, too, and no offset noise is needed.".to_owned()
        }
    };
    if has_mean_image(report) {
        text += &format!(
            " sigma_data is about the mean image, which has {} of the power and which trainers do not subtract: with \
             sigma_data = {} (np.std over all {}, each channel about its mean) what the network sees has unit \
             variance.",
            percent(report.mean_image_share),
            short(t.raw_std_overall()),
            if t.is_latent { "values" } else { "pixels" },
        );
    }
    if t.p_std < LEAST_P_STD {
        let wide = report.setting("P_std_wide").map_or_else(String::new, |s| format!(" = {}", s.value_text()));
        text += &format!(
            " All bands are nearly equally strong: one level of noise hides them all, and so narrow a density trains \
             that level alone. Take P_std_wide{wide}."
        );
    }
    text
}

/// Whether the images have a mean image worth a word.
fn has_mean_image(report: &RecommendReport) -> bool {
    let by_chance = MEAN_IMAGE_BY_CHANCE / report.about.counts.n_files as f64;
    report.mean_image_share > LEAST_MEAN_IMAGE_SHARE.max(by_chance)
}

/// The settings, in columns.
fn table(report: &RecommendReport) -> Vec<String> {
    let widest = report.settings.iter().map(|s| s.what.chars().count()).max().unwrap_or(0);
    // The last column is read from the left.
    let padded = |text: &str| format!("{text}{}", " ".repeat(widest.saturating_sub(text.chars().count())));
    let head = ["setting", "value", "95 % interval", "default"].map(str::to_owned);
    let mut rows = vec![head.into_iter().chain([padded("what it is")]).collect::<Vec<_>>()];
    for setting in &report.settings {
        let cells = [setting.name.clone(), setting.value_text(), setting.interval_text(), setting.default_text()];
        rows.push(cells.into_iter().chain([padded(setting.what)]).collect());
    }
    align(&rows)
}

/// What common choices waste on these images, and do not reach.
fn audits(report: &RecommendReport) -> Vec<String> {
    let mut lines = align(&audit_rows(report));
    lines.extend(wrap(
        "Shares of its draws or steps below sigma_min and above sigma_max, mean over images; short: images whose \
         bounds it does not reach (of draws: fewer than 1 % lie beyond). Normal densities of ln sigma, EDM's too, \
         reach few of them: sampling begins and ends where draws are rare.",
    ));
    lines
}

/// The cells of the audits, header first.
pub(super) fn audit_rows(report: &RecommendReport) -> Vec<Vec<String>> {
    let head = ["schedule, density", "from", "to", "too fine", "coarse", "short below", "short above"];
    let row = |row: &super::AuditRow| {
        let a = &row.audit;
        vec![
            row.name.clone(),
            short(a.sigma_low),
            a.sigma_high.map_or_else(|| "∞".to_owned(), short),
            percent(a.waste_below),
            percent(a.waste_above),
            percent(a.unreached_below),
            percent(a.unreached_above),
        ]
    };
    std::iter::once(head.map(str::to_owned).to_vec()).chain(report.audits.iter().map(row)).collect()
}

/// Why the largest distance of two images is another rule for `sigma_max`.
pub(super) fn distances(report: &RecommendReport) -> String {
    let pairs = &report.pair_distances;
    let largest = pairs.largest.map_or_else(String::new, |largest| {
        format!(" and at most {} in {} sampled pairs", short(largest), pairs.n_pairs)
    });
    format!(
        "Two images lie {} apart (root mean square){largest}. Song and Ermon take the largest for sigma_max: it is the \
         total energy of a difference, where sigma_bands asks only that its strongest band is hidden.",
        short(pairs.typical)
    )
}

/// Which noise is closest to the images.
pub(super) fn closest(report: &RecommendReport) -> String {
    let Some(closest) = &report.closest_noise else { return String::new() };
    let white = closest.white_kl_per_dim.filter(|_| closest.family != "white");
    let white = white.map_or_else(String::new, |kl| format!(", white noise {}", short(kl)));
    format!(
        "Of the noise families {} is closest, KL/D = {}{white}: `specscan distance` compares them.",
        closest.family,
        short(closest.kl_per_dim)
    )
}

/// The cells of the planner, header first.
pub(super) fn planner(report: &RecommendReport) -> Vec<Vec<String>> {
    let head = ["side (px)", "", "hides mean", "P_mean", "P_std", "shift", "noise_offset"];
    let row = |row: &super::PlanRow| {
        vec![
            row.resolution_px.to_string(),
            row.source.to_owned(),
            short(row.sigma_hides_mean),
            short(row.p_mean),
            short(row.p_std),
            short(row.shift),
            short(row.noise_offset),
        ]
    };
    std::iter::once(head.map(str::to_owned).to_vec()).chain(report.planner.iter().map(row)).collect()
}
