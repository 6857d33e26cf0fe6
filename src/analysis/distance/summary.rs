//! What `distance` says in words.

use super::{DistanceReport, FullDistanceRow, MetricResult};
use crate::analysis::words::{describe_delta, or_dash, wrap};
use crate::noise::distance::{mean_image_w2_square, typical_normalized};
use crate::noise::metric::MODES_FROM_IMAGES;
use crate::noise::monte_carlo::FALSE_ALARM;
use crate::noise::{Comparison, Metric, Moments, TOO_SMOOTH, best};
use crate::report::text::{align, short};

impl DistanceReport {
    /// The answer in words, a line each.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut lines = self.describe_closest();
        lines.extend(self.explain_fit());
        lines.extend(self.describe_odd_images());
        lines.extend([String::new(), self.about.describe()]);
        lines.extend(self.table());
        lines.extend(wrap(
            "KL/D: KL(dataset‖noise) per dimension in nats, smaller is closer; d/√D: distance of drawn samples from \
             the mean image, 1 for a typical image.",
        ));
        lines.extend(self.describe_smooth());
        lines.extend(self.describe_ends());
        if let Some(rows) = &self.full_covariance {
            lines.push(String::new());
            lines.extend(full_table(rows));
        }
        lines.extend(self.describe_disagreement());
        lines
    }

    /// What the answer rests on.
    pub(super) fn rests_on(&self) -> Vec<String> {
        let mut lines = wrap(&self.describe_metric());
        lines.extend(wrap(&self.describe_agreement()));
        if let Some(median) = self.images.as_ref().and_then(|images| images.baseline_median_square) {
            let judge = if self.is_held_out { "by the half of the set without it" } else { "by all others" };
            let median = (median / self.n_dimensions).sqrt();
            lines.push(format!("each image is judged {judge}; median d/√D = {median:.2}"));
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
            n => format!("; Γ of {n} modes lies below {} and is raised to it", self.about.rounding()),
        };
        let noise_std = self.question.families.noise_std.unwrap_or_else(|| model.pixel_variance.sqrt());
        format!("metric {}: {why}{floored}; noise with standard deviation {}", model.metric, short(noise_std))
    }

    fn table(&self) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let n = model.n_dimensions();
        let head = ["noise", "Δ", "2Δ", "KL/D", "W₂/√D", "d/√D", ""];
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
                short((d.w2_square / n).max(0.0).sqrt()),
                c.to_mean.map_or_else(none, drawn),
                if c.is_too_smooth(model) { "too smooth".to_owned() } else { String::new() },
            ]);
        }
        if let Some(m) = self.image_moments() {
            let name = self.images_name().to_owned();
            table.push(vec![name, none(), none(), none(), none(), drawn(m), String::new()]);
        }
        let w2 = short((mean_image_w2_square(model) / n).sqrt());
        let mean_image = ["mean image", "–", "–", "∞", &w2, "0", ""];
        table.push(mean_image.map(str::to_owned).to_vec());
        align(&table)
    }

    /// Which family is closest, what to do with it, and how much of that is chance.
    fn describe_closest(&self) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let per_dimension = |c: &Comparison| short(c.divergence.kl_data_noise / model.n_dimensions());
        let mut text = String::new();
        let mut lines = match self.closest_family() {
            Some((closest, is_after_matched)) => {
                let alike = self.cannot_be_told_from(closest);
                if alike.is_empty() {
                    text += "Take it where a trainer lets you choose the noise";
                    if let (true, Some(matched)) = (is_after_matched, compared.first()) {
                        let kl = per_dimension(matched);
                        text += &format!("; only matched, the images' own spectrum, is closer ({kl})");
                    }
                    text += ". ";
                } else {
                    text += &format!("It cannot be told from {}: more images are needed. ", alike.join(", "));
                }
                vec![format!("closest noise: {}, KL/D = {}", describe_family(closest), per_dimension(closest))]
            }
            None => vec!["no noise here has power wherever these images have: none is closest".to_owned()],
        };
        let chance = self.kl_per_dim_by_chance;
        let of_mean = short(chance.mean_image);
        let of_gamma = if chance.gamma > 0.0 { format!(" ({of_mean} of matched)") } else { String::new() };
        text += &format!(
            "By chance KL/D is {}{of_gamma} with {} images, more where they are far from Gaussian: a smaller difference \
             is none; about {} would halve it.",
            short(chance.total()),
            model.n_images,
            2 * model.n_images
        );
        lines.extend(wrap(&text));
        lines
    }

    /// Other families, `matched` among them, whose KL differs from that of `closest` by no more than chance.
    fn cannot_be_told_from(&self, closest: &Comparison) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let per_dimension = |c: &Comparison| c.divergence.kl_data_noise / model.n_dimensions();
        let chance = self.kl_per_dim_by_chance.total();
        let is_alike = |c: &&Comparison| (per_dimension(c) - per_dimension(closest)).abs() <= chance;
        let others = compared.iter().filter(|c| c.name != closest.name);
        others.filter(is_alike).map(|c| format!("{} ({})", c.name, short(per_dimension(c)))).collect()
    }

    /// Why noise with the set's own Δ can be far from the set: KL weighs fine detail more, or brightness takes most of
    /// the deviation.
    fn explain_fit(&self) -> Vec<String> {
        let of = |name: &str| self.main().compared.iter().find(|c| c.name == name);
        let (Some(fit), Some(best)) = (of("cloud:fit"), of("cloud:best")) else { return Vec::new() };
        let n = self.main().model.n_dimensions();
        let excess = (fit.divergence.kl_data_noise - best.divergence.kl_data_noise) / n;
        if excess <= self.kl_per_dim_by_chance.total() {
            return Vec::new();
        }
        let bend = self.main().model.fit.as_ref().ok().and_then(|law| law.bend.as_ref());
        let steepens = bend.zip(best.delta).is_some_and(|(bend, best)| {
            let (coarse, fine) = (bend.coarse.value, bend.fine.value);
            // The exponent at the end of the range, if the law bends evenly.
            let finest = fine + 0.5 * (fine - coarse);
            fine > coarse && best <= finest && Some(best) > fit.delta
        });
        let brightness = self.main().model.brightness_share();
        if steepens {
            wrap(
                "cloud:fit has the Δ of the set, in which all octaves weigh alike; KL counts modes, most of them in \
                 the finest octave, where these images fall off more steeply.",
            )
        } else if brightness > 0.5 {
            wrap(&format!(
                "{:.0} % of the images' variance is brightness (f = 0), which a power law does not hold: noise of the \
                 same deviation has too much power elsewhere. --noise-std sets the deviation.",
                100.0 * brightness
            ))
        } else {
            Vec::new()
        }
    }

    /// Which families are smoother than the images.
    fn describe_smooth(&self) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let smooth: Vec<_> = compared.iter().filter(|c| c.is_too_smooth(model)).map(|c| c.name.as_str()).collect();
        let text = format!(
            "A small d/√D is not close: of the images themselves it is {:.2} (root mean square), and below {TOO_SMOOTH} \
             of that noise is smoother than they are ({}).",
            typical_normalized(model),
            smooth.join(", ")
        );
        if smooth.is_empty() { Vec::new() } else { wrap(&text) }
    }

    /// Which best exponents are none, but ends of the range they are sought in.
    fn describe_ends(&self) -> impl Iterator<Item = String> {
        let (low, high) = best::RANGE;
        self.main().compared.iter().filter(|c| c.name.ends_with(":best")).filter_map(move |c| {
            let end = [low, high].into_iter().find(|end| c.delta.is_some_and(|d| (d - end).abs() < 1e-3))?;
            Some(format!("{}: Δ = {end} is the end of the search range", c.name))
        })
    }

    /// Families of which the drawn and the expected distances do not agree, and the largest deviation of any, in
    /// standard errors.
    fn disagreeing(&self) -> (Vec<&str>, f64) {
        let all = || self.results.iter().flat_map(|r| &r.compared);
        let worst = all().map(Comparison::standard_errors_off).fold(0.0, f64::max);
        (all().filter(|c| !c.agrees(self.n_compared)).map(|c| c.name.as_str()).collect(), worst)
    }

    fn describe_agreement(&self) -> String {
        let (_, worst) = self.disagreeing();
        let n = self.question.samples;
        format!(
            "{n} samples of each noise were drawn; at worst they are {worst:.1} standard errors off the closed forms"
        )
    }

    fn describe_disagreement(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let (failed, worst) = self.disagreeing();
        if !failed.is_empty() {
            lines.extend(wrap(&format!(
                "DISAGREEMENT: drawn and expected distances of {} differ by up to {worst:.1} standard errors, which \
                 chance does in one run of {:.0}; try more --samples, and report it if it persists",
                failed.join(", "),
                1.0 / FALSE_ALARM
            )));
        }
        if !self.full_disagreeing.is_empty() {
            lines.extend(wrap(&format!(
                "DISAGREEMENT: drawn and expected distances of {} from the full covariance differ by more than chance",
                self.full_disagreeing.join(", ")
            )));
        }
        lines
    }

    /// Which images are the oddest, and what to do about them.
    fn describe_odd_images(&self) -> Vec<String> {
        let Some(farthest) = &self.farthest_images else {
            let line = "no distance_images.csv: a saved spectrum holds no single images; give their folder";
            return if self.has_images { Vec::new() } else { vec![line.to_owned()] };
        };
        let mut lines = vec!["oddest images:".to_owned()];
        lines.extend(farthest.iter().map(|row| format!("  {} ({})", row.path, row.describe_side())));
        let how = "remove what does not belong (blurred, enlarged, noise, text), keep what does.";
        lines.extend(match self.question.has_pictures && !self.about.are_latents() {
            true => wrap(&format!("Look at farthest.png: {how}")),
            false => wrap(&format!("All are in distance_images.csv, by oddness: look at the first, {how}")),
        });
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
    let head = ["full covariance", "Δ", "KL/D", "W₂/√D", "d/√D"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for r in rows {
        table.push(vec![
            r.family.clone(),
            or_dash(r.delta, |d| format!("{d:.2}")),
            or_dash(r.kl_data_noise_per_dim, short),
            or_dash(r.w2_per_dim, short),
            or_dash(r.d_normalized, |d| format!("{d:.3}")),
        ]);
    }
    align(&table)
}
