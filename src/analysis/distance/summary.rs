//! What `distance` says in words.

use super::{DistanceReport, FullDistanceRow, MetricResult};
use crate::analysis::words::{describe_delta, or_dash};
use crate::noise::distance::{mean_image_w2_square, typical_normalized};
use crate::noise::metric::MODES_FROM_IMAGES;
use crate::noise::monte_carlo::FALSE_ALARM;
use crate::noise::{Comparison, Metric, Moments, TOO_SMOOTH, best};
use crate::report::text::{align, short};

impl DistanceReport {
    /// The answer in words, a line each.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut lines = vec![self.about.describe(), self.describe_metric()];
        lines.extend(self.table());
        lines.extend(self.describe_closest());
        lines.extend(self.describe_smooth());
        lines.extend(self.describe_ends());
        lines.push(self.describe_agreement());
        lines.extend(self.describe_images());
        if let Some(rows) = &self.full_covariance {
            lines.push(String::new());
            lines.extend(full_table(rows));
        }
        if !self.full_disagreeing.is_empty() {
            lines.push(format!(
                "DISAGREEMENT: drawn and expected distances of {} differ by more than chance",
                self.full_disagreeing.join(", ")
            ));
        }
        lines
    }

    fn describe_metric(&self) -> String {
        let model = &self.main().model;
        let n = model.n_images;
        let why = match (self.question.metrics.is_empty(), model.metric) {
            (true, Metric::Modes) => format!("{n} images are enough for Γ of each mode"),
            (true, _) => {
                format!(
                    "with {n} images, fewer than {MODES_FROM_IMAGES}, Γ of each mode is mostly chance, \
                     so its annulus means are used"
                )
            }
            (false, _) => "as asked for".to_owned(),
        };
        let floored = match self.n_floored_modes {
            0 => String::new(),
            n => format!("; Γ of {n} modes lies below 8-bit rounding and is raised to it"),
        };
        let noise_std = self.question.families.noise_std.unwrap_or_else(|| model.pixel_variance.sqrt());
        format!("metric {}: {why}{floored}; noise with pixel deviation {}", model.metric, short(noise_std))
    }

    fn table(&self) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let n = model.n_dimensions();
        let head = ["family", "Δ", "2Δ", "KL(data‖noise)/D", "KL(noise‖data)/D", "W₂/√D", "d/√D drawn", "expected", ""];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        let drawn = |m: Moments| format!("{:.3} ± {:.3}", m.mean / n.sqrt(), m.std.unwrap_or(0.0) / n.sqrt());
        let none = || "–".to_owned();
        for c in compared {
            let d = &c.divergence;
            let power = |factor: f64| or_dash(c.delta, |d| format!("{:.2}", factor * d));
            table.push(vec![
                c.name.clone(),
                power(1.0),
                power(2.0),
                short(d.kl_data_noise / n),
                short(d.kl_noise_data / n),
                short((d.w2_square / n).max(0.0).sqrt()),
                c.to_mean.map_or_else(none, drawn),
                format!("{:.3}", c.expected_normalized(n)),
                if c.is_too_smooth(model) { "too smooth".to_owned() } else { String::new() },
            ]);
        }
        if let Some(m) = self.image_moments() {
            let mut row = vec![self.images_name().to_owned(), none(), none(), none(), none(), none()];
            row.extend([drawn(m), format!("{:.3}", typical_normalized(model)), String::new()]);
            table.push(row);
        }
        let w2 = short((mean_image_w2_square(model) / n).sqrt());
        let mean_image = ["mean image", "–", "–", "∞", "–", &w2, "0", "0", ""];
        table.push(mean_image.map(str::to_owned).to_vec());
        align(&table)
    }

    /// Which family is closest, and how much of that is chance.
    fn describe_closest(&self) -> Vec<String> {
        let MetricResult { model, .. } = self.main();
        let mut lines = Vec::new();
        if let Some((closest, is_after_matched)) = self.closest_family() {
            lines.push(format!(
                "closest by KL(dataset‖noise){}: {}, {} nats per dimension",
                if is_after_matched { " after the images' own spectrum" } else { "" },
                describe_family(closest),
                short(closest.divergence.kl_data_noise / model.n_dimensions())
            ));
        }
        let chance = self.kl_per_dim_by_chance;
        let (n, total, of_mean) = (model.n_images, short(chance.total()), short(chance.mean_image));
        let of_gamma = if chance.gamma > 0.0 { format!(" ({of_mean} of matched noise)") } else { String::new() };
        lines.push(format!(
            "chance alone: noise with exactly the images' spectrum would have a KL(data‖noise)/D of {total}{of_gamma} \
             with {n} images, more where they are far from Gaussian; nothing below that is a difference"
        ));
        lines
    }

    /// Which families are smoother than the images.
    fn describe_smooth(&self) -> Option<String> {
        let MetricResult { model, compared } = self.main();
        let smooth: Vec<_> = compared.iter().filter(|c| c.is_too_smooth(model)).map(|c| c.name.as_str()).collect();
        (!smooth.is_empty()).then(|| {
            format!(
                "smaller is not closer: of the images themselves d/√D is {:.2} (root mean square); \
                 below {TOO_SMOOTH} of that noise is smoother than they are ({})",
                typical_normalized(model),
                smooth.join(", ")
            )
        })
    }

    /// Which best exponents are none, but ends of the range they are sought in.
    fn describe_ends(&self) -> impl Iterator<Item = String> {
        let (low, high) = best::RANGE;
        self.main().compared.iter().filter(|c| c.name.ends_with(":best")).filter_map(move |c| {
            let end = [low, high].into_iter().find(|end| c.delta.is_some_and(|d| (d - end).abs() < 1e-3))?;
            Some(format!("{}: Δ = {end} is the end of the search range", c.name))
        })
    }

    fn describe_agreement(&self) -> String {
        let all = || self.results.iter().flat_map(|r| &r.compared);
        let worst = all().map(Comparison::standard_errors_off).fold(0.0, f64::max);
        let failed: Vec<_> = all().filter(|c| !c.agrees(self.n_compared)).map(|c| c.name.as_str()).collect();
        let n = self.question.samples;
        if failed.is_empty() {
            return format!(
                "{n} drawn samples each agree with the closed forms (worst {worst:.1} standard errors off)"
            );
        }
        format!(
            "DISAGREEMENT: drawn and expected distances of {} differ by up to {worst:.1} standard errors, which chance \
             does in one run of {:.0}; try more --samples, and report it if it persists",
            failed.join(", "),
            1.0 / FALSE_ALARM
        )
    }

    /// How far the images are, and which of them are the farthest.
    fn describe_images(&self) -> Vec<String> {
        let (Some(images), Some(farthest)) = (&self.images, &self.farthest_images) else {
            let line = "no distance_images.csv: a saved spectrum holds no single images; give their folder";
            return if self.has_images { Vec::new() } else { vec![line.to_owned()] };
        };
        let mut lines = Vec::new();
        if let Some(median) = images.baseline_median_square {
            let judge = if self.is_held_out { "by the half of the set without it" } else { "by all others" };
            lines.push(format!(
                "each image is judged {judge}; median d/√D = {:.2}",
                (median / self.n_dimensions).sqrt()
            ));
        }
        let farthest: Vec<_> = farthest.iter().map(|r| format!("{} ({})", r.path, r.describe_side())).collect();
        lines.push(format!("oddest images: {}", farthest.join(", ")));
        lines.push(
            "look at farthest.png: remove what does not belong (blurred, enlarged, noise, text), keep what does"
                .to_owned(),
        );
        lines
    }
}

/// A family with its exponent.
pub(super) fn describe_family(c: &Comparison) -> String {
    match c.delta {
        Some(_) => format!("{} ({})", c.name, describe_delta(c.delta)),
        None => c.name.clone(),
    }
}

/// The table of the full covariance.
fn full_table(rows: &[FullDistanceRow]) -> Vec<String> {
    let head = ["full covariance", "Δ", "KL(data‖noise)/D", "KL(noise‖data)/D", "W₂/√D", "d/√D"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for r in rows {
        table.push(vec![
            r.family.clone(),
            or_dash(r.delta, |d| format!("{d:.2}")),
            or_dash(r.kl_data_noise_per_dim, short),
            or_dash(r.kl_noise_data_per_dim, short),
            or_dash(r.w2_per_dim, short),
            or_dash(r.d_normalized, |d| format!("{d:.3}")),
        ]);
    }
    align(&table)
}
