//! What `distance` says: rows of its table, its plot, and the lines on the terminal.

use anyhow::Result;
use serde_json::json;

use super::full::FullOutcome;
use super::rows::{family_row, images_row, is_too_smooth, mean_image_row, typical};
use super::{DistanceArgs, MetricResult};
use crate::cli::console::{self, align, short};
use crate::cli::noise_plots;
use crate::cli::scan::describe;
use crate::cli::session::{Scanned, Session};
use crate::cli::sinks::DistanceTable;
use crate::noise::distance::{kl_by_chance_per_dimension, mean_image_w2_square};
use crate::noise::metric::MODES_FROM_IMAGES;
use crate::noise::monte_carlo::{AGREEMENT_SE, MIN_SAMPLES};
use crate::noise::{Comparison, Metric, Moments, TOO_SMOOTH};
use crate::report::noise_tables::DistanceRow;
use crate::report::plot::distance::DistanceBar;
use crate::spectrum::order_statistics::quantile;

/// The family that is the images' own spectrum.
const MATCHED: &str = "matched";

/// Images named in the summary.
const N_NAMED: usize = 3;

/// Everything that was found.
pub struct Outcome<'a> {
    pub args: &'a DistanceArgs,
    pub scanned: &'a Scanned,
    /// A result for each metric; the first is the main one.
    pub results: &'a [MetricResult],
    pub images: Option<&'a DistanceTable>,
    /// Whether images were judged by the half they are not in.
    pub is_held_out: bool,
}

impl Outcome<'_> {
    fn main(&self) -> &MetricResult {
        &self.results[0]
    }

    /// Distances of the images, in the main metric.
    fn image_moments(&self) -> Option<Moments> {
        Moments::of(&self.images?.baseline_squares())
    }

    /// The rows of `distance.csv`.
    pub fn rows(&self) -> Vec<DistanceRow> {
        let mut rows = Vec::new();
        for (i, MetricResult { model, compared }) in self.results.iter().enumerate() {
            rows.extend(compared.iter().map(|c| family_row(model, c)));
            let images = if i == 0 { self.image_moments() } else { None };
            rows.extend(images.map(|m| images_row(model, m)));
            rows.push(mean_image_row(model, images));
        }
        rows
    }

    /// The plot of the families.
    pub fn draw(&self, session: &Session<'_>) {
        let MetricResult { model, compared } = self.main();
        let n = model.n_dimensions();
        let mut bars: Vec<DistanceBar> = compared
            .iter()
            .map(|c| DistanceBar {
                name: c.name.clone(),
                kl_per_dimension: Some(c.divergence.kl_data_noise / n),
                distance: c.to_mean.map_or(f64::NAN, |m| m.mean / n.sqrt()),
                distance_std: c.to_mean.and_then(|m| m.std).unwrap_or(0.0) / n.sqrt(),
                is_baseline: false,
            })
            .collect();
        bars.extend(self.image_moments().map(|m| DistanceBar {
            name: self.images_name().to_owned(),
            kl_per_dimension: None,
            distance: m.mean / n.sqrt(),
            distance_std: m.std.unwrap_or(0.0) / n.sqrt(),
            is_baseline: true,
        }));
        let title = match (compared.first(), closest_but_matched(compared)) {
            (Some(first), Some(closest)) if first.name == MATCHED => {
                format!("After their own spectrum, {} is the noise closest to these images", describe_family(closest))
            }
            (Some(closest), _) => format!("The noise closest to these images is {}", describe_family(closest)),
            (None, _) => "No noise family was compared".to_owned(),
        };
        let subtitle = format!("{}; metric {}, closest first", describe(&self.scanned.spectrum), model.metric);
        noise_plots::distances(&session.out, &self.args.shared, title, subtitle, bars, TOO_SMOOTH);
    }

    fn images_name(&self) -> &'static str {
        if self.is_held_out { "images (other half)" } else { "images (all others)" }
    }

    /// Prints the summary, or the JSON object.
    pub fn print(&self, full: Option<&FullOutcome>) -> Result<()> {
        let shared = &self.args.shared;
        let MetricResult { model, compared } = self.main();
        let spectrum = &self.scanned.spectrum;
        if shared.output.json {
            let farthest = self.images.map(|t| t.rows(model.n_dimensions()).take(N_NAMED).collect::<Vec<_>>());
            return console::print_json(&json!({
                "schema_version": 1,
                "counts": spectrum.counts(),
                "preprocess": spectrum.preprocess(),
                "seed": shared.input.seed,
                "metric": model.metric,
                "image_metric": self.args.image_metric,
                "color_axes": model.color.as_ref().map(|c| &c.axes),
                "n_dimensions": model.n_dimensions(),
                "n_floored_modes": model.n_floored(),
                "images_judged_by": if self.is_held_out { "the other half" } else { "all others" },
                "kl_per_dim_by_chance": kl_by_chance_per_dimension(model),
                "closest": compared.first().map(|c| &c.name),
                "drawn_agrees": self.results.iter().flat_map(|r| &r.compared).all(Comparison::agrees)
                    && full.is_none_or(|f| f.disagreeing.is_empty()),
                "distances": self.rows(),
                "full_covariance": full.map(|f| &f.rows),
                "farthest_images": farthest,
            }));
        }
        let mut lines = vec![describe(spectrum), self.describe_metric()];
        lines.extend(self.table());
        lines.extend(self.remarks());
        lines.extend(full.map(full_lines).unwrap_or_default());
        console::print_lines(shared.output.quiet, &lines)
    }

    fn describe_metric(&self) -> String {
        let model = &self.main().model;
        let n = model.n_images;
        let why = match (self.args.metric.is_empty(), model.metric) {
            (true, Metric::Modes) => format!("{n} images are enough for Γ of each mode"),
            (true, _) => {
                format!(
                    "with {n} images, fewer than {MODES_FROM_IMAGES}, Γ of each mode is mostly chance, so its annulus means are used"
                )
            }
            (false, _) => "as asked for".to_owned(),
        };
        let floored = match model.n_floored() {
            0 => String::new(),
            n => format!("; Γ of {n} modes lies below 8-bit rounding and is held there"),
        };
        format!(
            "metric {}: {why}{floored}; noise with pixel deviation {}",
            model.metric,
            short(self.args.families.noise_std.unwrap_or_else(|| model.pixel_variance.sqrt()))
        )
    }

    fn table(&self) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let n = model.n_dimensions();
        let head = ["family", "Δ", "2Δ", "KL(data‖noise)/D", "KL(noise‖data)/D", "W₂/√D", "d/√D drawn", "expected", ""];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        let drawn = |m: Option<Moments>| {
            m.map_or("–".to_owned(), |m| format!("{:.3} ± {:.3}", m.mean / n.sqrt(), m.std.unwrap_or(0.0) / n.sqrt()))
        };
        for c in compared {
            let d = &c.divergence;
            let power = |factor: f64| c.delta.map_or("–".to_owned(), |d| format!("{:.2}", factor * d));
            let expected = c.expected_normalized(n);
            table.push(vec![
                c.name.clone(),
                power(1.0),
                power(2.0),
                short(d.kl_data_noise / n),
                short(d.kl_noise_data / n),
                short((d.w2_square / n).max(0.0).sqrt()),
                drawn(c.to_mean),
                format!("{expected:.3}"),
                if is_too_smooth(model, c) { "too smooth".to_owned() } else { String::new() },
            ]);
        }
        let none = || "–".to_owned();
        if let Some(m) = self.image_moments() {
            let name = self.images_name().to_owned();
            table.push(vec![
                name,
                none(),
                none(),
                none(),
                none(),
                none(),
                drawn(Some(m)),
                format!("{:.3}", typical(model)),
                String::new(),
            ]);
        }
        let w2 = short((mean_image_w2_square(model) / n).sqrt());
        table.push(vec![
            "mean image".to_owned(),
            none(),
            none(),
            "∞".to_owned(),
            none(),
            w2,
            "0".to_owned(),
            "0".to_owned(),
            String::new(),
        ]);
        align(&table)
    }

    /// What the table alone does not say.
    fn remarks(&self) -> Vec<String> {
        let MetricResult { model, compared } = self.main();
        let n = model.n_dimensions();
        let mut lines = Vec::new();
        let nats = |c: &Comparison| short(c.divergence.kl_data_noise / n);
        match (compared.first(), closest_but_matched(compared)) {
            (Some(first), Some(closest)) if first.name == MATCHED => lines.push(format!(
                "closest by KL(dataset‖noise) after the images' own spectrum: {}, {} nats per dimension",
                describe_family(closest),
                nats(closest)
            )),
            (Some(closest), _) => lines.push(format!(
                "closest by KL(dataset‖noise): {}, {} nats per dimension",
                describe_family(closest),
                nats(closest)
            )),
            (None, _) => {}
        }
        if let Some(chance) = kl_by_chance_per_dimension(model) {
            lines.push(format!(
                "of every KL but that of matched noise at least {} is the chance in Γ of {} images (as much if they were Gaussian)",
                short(chance),
                model.n_images
            ));
        }
        let smooth: Vec<_> = compared.iter().filter(|c| is_too_smooth(model, c)).map(|c| c.name.as_str()).collect();
        if !smooth.is_empty() {
            lines.push(format!(
                "smaller is not closer: of the images themselves d/√D is {:.2} (root mean square); below {TOO_SMOOTH} of that noise is smoother \
                 than they are ({})",
                typical(model),
                smooth.join(", ")
            ));
        }
        for c in compared.iter().filter(|c| c.name.ends_with(":best")) {
            let (low, high) = crate::noise::best::RANGE;
            if let Some(end) = c.delta.and_then(|d| [low, high].into_iter().find(|end| (d - end).abs() < 1e-3)) {
                lines.push(format!("{} stops at Δ = {end}, the end of the range it is sought in", c.name));
            }
        }
        lines.push(self.describe_agreement());
        if let Some(images) = self.images {
            if let Some(median) = median(images.baseline_squares()) {
                let judge =
                    if self.is_held_out { "by the half of the set that does not hold it" } else { "by all others" };
                lines.push(format!(
                    "each image is judged {judge}; half of them lie below d/√D = {:.2}",
                    (median / n).sqrt()
                ));
            }
            let farthest = images.rows(n).take(N_NAMED).map(|r| format!("{} ({:.2})", r.path, r.d_normalized));
            lines.push(format!(
                "farthest images (d/√D, metric {}): {}",
                self.args.image_metric,
                farthest.collect::<Vec<_>>().join(", ")
            ));
        } else if self.scanned.images.is_none() {
            lines.push("a saved spectrum holds no single images: give their folder for distance_images.csv".to_owned());
        }
        lines
    }

    fn describe_agreement(&self) -> String {
        let all = || self.results.iter().flat_map(|r| &r.compared);
        let off = |c: &Comparison| {
            let d = &c.divergence;
            let of =
                |m: Option<Moments>, expected| m.and_then(|m: Moments| m.standard_errors_from(expected)).unwrap_or(0.0);
            of(c.to_mean, d.expected_square).max(of(c.to_member, d.expected_square_to_member))
        };
        let worst = all().map(off).fold(0.0, f64::max);
        let failed: Vec<_> = all().filter(|c| !c.agrees()).map(|c| c.name.as_str()).collect();
        let n = self.args.samples;
        if failed.is_empty() && (n as usize) < MIN_SAMPLES {
            return format!(
                "{n} samples are too few to tell whether drawn and expected distances agree; give {MIN_SAMPLES} or more"
            );
        }
        if failed.is_empty() {
            return format!(
                "{n} drawn samples each agree with the closed forms within {AGREEMENT_SE} standard errors (worst {worst:.1})"
            );
        }
        format!(
            "DISAGREEMENT: drawn and expected distances of {} differ by up to {worst:.1} standard errors, more than {AGREEMENT_SE}; \
             try more --samples, and report it if it stays",
            failed.join(", ")
        )
    }
}

/// The closest family that is not the images' own spectrum.
fn closest_but_matched(compared: &[Comparison]) -> Option<&Comparison> {
    compared.iter().find(|c| c.name != MATCHED)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

/// A family with its exponent.
fn describe_family(c: &Comparison) -> String {
    match c.delta {
        Some(_) => format!("{} ({})", c.name, noise_plots::describe_delta(c.delta)),
        None => c.name.clone(),
    }
}

/// The table of the full covariance.
fn full_lines(full: &FullOutcome) -> Vec<String> {
    let head = ["full covariance", "Δ", "KL(data‖noise)/D", "KL(noise‖data)/D", "W₂/√D", "d/√D"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    let number = |v: Option<f64>| v.map_or("–".to_owned(), short);
    for r in &full.rows {
        table.push(vec![
            r.family.clone(),
            r.delta.map_or("–".to_owned(), |d| format!("{d:.2}")),
            number(r.kl_data_noise_per_dim),
            number(r.kl_noise_data_per_dim),
            number(r.w2_per_dim),
            r.d_normalized.map_or("–".to_owned(), |d| format!("{d:.3}")),
        ]);
    }
    let mut lines: Vec<String> = std::iter::once(String::new()).chain(align(&table)).collect();
    if !full.disagreeing.is_empty() {
        lines.push(format!(
            "DISAGREEMENT: drawn and expected distances of {} differ by more than {AGREEMENT_SE} standard errors",
            full.disagreeing.join(", ")
        ));
    }
    lines
}
