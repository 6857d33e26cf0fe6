//! What `offset` answers: how brightness is distributed, which offset matches it here and at other sizes, what is left
//! of it where schedules end.

use serde::Serialize;

use super::NoiseBrightness;
use super::rows::{BrightnessFamilyRow, BrightnessRow, brightness_rows, family_row, variables};
use crate::analysis::words::{describe_enough_of, describe_interval, or_dash, wrap};
use crate::analysis::{About, Headline, Outputs, Report};
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::adjusted_offset::AdjustedOffsetStep;
use crate::diffusion::brightness::{Brightness, terminal_snr};
use crate::diffusion::matching_offset::{MatchingOffset, strength_of_power, zero_frequency_power};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};
use crate::spectrum::Spectrum;
use crate::stats::jackknife::Interval;

/// Sizes for which the offset is told, pixels.
const SIZES_PX: [usize; 6] = [32, 64, 128, 256, 512, 1024];
/// Those that are printed.
const PRINTED_SIZES_PX: [usize; 3] = [64, 256, 1024];

/// The matching offset for square images of another size, if their brightness is distributed as here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OffsetAtSize {
    /// Side, pixels.
    pub resolution_px: usize,
    /// The offset that matches there.
    pub matching_offset: MatchingOffset,
    /// Power of the zero frequency of noise with the independent one, over that of white noise.
    pub zero_frequency_power_over_white: f64,
    /// The independent offset that has the same such power as the matching one has at the working size.
    pub independent_offset_with_the_power_of_the_working_size: f64,
}

/// What a schedule leaves of the brightness at its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TerminalSnr {
    /// The schedule.
    pub schedule: String,
    /// Its largest relative noise level, value; none for pure noise.
    pub sigma_max: Option<f64>,
    /// Signal-to-noise ratio of the zero frequency there, mean over channels; none for one image.
    pub brightness_snr: Option<f64>,
    /// The same of each channel.
    pub brightness_snr_channels: Option<Vec<f64>>,
}

/// The table of the adjusted offset in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdjustedOffsetSummary {
    /// The schedule.
    pub schedule: String,
    /// Its steps.
    pub n_steps: usize,
    /// ψ of the first step, that of the least noise.
    pub psi_first: Option<f64>,
}

/// The content of `offset.json`.
#[derive(Debug, Clone, Serialize)]
pub struct OffsetDocument {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Seed of the blocks in which many files are left out.
    pub seed: u64,
    /// Standard deviation of the pixels of the families, value; none without families.
    pub families_noise_std: Option<f64>,
    /// The offset that matches the images' brightness.
    pub matching_offset: MatchingOffset<Interval>,
    /// Power of the zero frequency of noise with the independent one, over that of white noise.
    pub zero_frequency_power_over_white: f64,
    /// The same brightness at other sizes.
    pub resolutions: [OffsetAtSize; 6],
    /// Γ of the zero frequency of each channel, value²; none for one image.
    pub gamma_zero_frequency: Option<Vec<f64>>,
    /// What schedules leave of the brightness.
    pub terminal: Vec<TerminalSnr>,
    /// The adjusted offset; none for a schedule that ends in pure noise.
    pub adjusted_offset: Option<AdjustedOffsetSummary>,
}

/// Brightness and offsets.
#[derive(Debug, Clone, Serialize)]
pub struct OffsetReport {
    /// What `offset.json` says.
    #[serde(flatten)]
    pub document: OffsetDocument,
    /// Statistics of the brightness.
    #[serde(rename = "brightness")]
    pub rows: Vec<BrightnessRow>,
    /// The brightness against that of noise families.
    pub families: Vec<BrightnessFamilyRow>,
    /// The same statistics by variable.
    #[serde(skip)]
    pub brightness: Brightness,
    /// Edges and densities of a histogram of the brightness of every channel, value and 1/value; none for a saved
    /// spectrum.
    #[serde(skip)]
    pub histogram: Option<(Vec<f64>, Vec<f64>)>,
    /// The table of the adjusted offset.
    #[serde(skip)]
    pub adjusted: Option<Vec<AdjustedOffsetStep>>,
    /// The schedule's name.
    #[serde(skip)]
    pub(super) schedule: String,
}

/// What was found of a set.
pub(super) struct Found {
    pub noises: Vec<NoiseBrightness>,
    pub brightness: Brightness,
    pub histogram: Option<(Vec<f64>, Vec<f64>)>,
    pub adjusted: Option<Vec<AdjustedOffsetStep>>,
    pub seed: u64,
}

impl OffsetReport {
    pub(super) fn new(spectrum: &Spectrum, schedule: &ReferenceSchedule, found: Found) -> Self {
        let Found { noises, brightness, histogram, adjusted, seed } = found;
        let about = About::of(spectrum);
        let power_here = zero_frequency_power(brightness.matching.independent.value, about.preprocess.size.n_pixels());
        let at_zero: Option<Vec<f64>> =
            spectrum.mode_covariance().ok().map(|gamma| gamma.channels.iter().map(|g| g[0]).collect());
        let document = OffsetDocument {
            seed,
            families_noise_std: noises.first().map(|n| n.noise_std).filter(|std| std.is_finite()),
            matching_offset: brightness.matching,
            zero_frequency_power_over_white: power_here,
            resolutions: SIZES_PX.map(|side| at_size(side, &brightness.covariance, power_here)),
            terminal: terminal_schedules(schedule)
                .iter()
                .map(|schedule| terminal(schedule, at_zero.as_deref()))
                .collect(),
            gamma_zero_frequency: at_zero,
            adjusted_offset: adjusted.as_ref().map(|table| AdjustedOffsetSummary {
                schedule: schedule.to_string(),
                n_steps: table.len(),
                psi_first: table.first().map(|step| step.psi),
            }),
            about,
        };
        let rows = brightness_rows(&document.about, &brightness);
        let families = noises.into_iter().zip(&brightness.against).map(|(noise, a)| family_row(noise, a)).collect();
        Self { document, rows, families, brightness, histogram, adjusted, schedule: schedule.to_string() }
    }
}

fn at_size(side: usize, covariance: &[f64], power_here: f64) -> OffsetAtSize {
    let n_pixels = side * side;
    let matching_offset = MatchingOffset::new(covariance, n_pixels);
    OffsetAtSize {
        resolution_px: side,
        matching_offset,
        zero_frequency_power_over_white: zero_frequency_power(matching_offset.independent, n_pixels),
        independent_offset_with_the_power_of_the_working_size: strength_of_power(power_here, n_pixels),
    }
}

/// Schedules whose terminal brightness is told: the common ones, and the user's.
fn terminal_schedules(own: &ReferenceSchedule) -> Vec<ReferenceSchedule> {
    let mut schedules = Vec::from(ReferenceSchedule::standard());
    schedules.extend(["vp:1000", "flow:50"].into_iter().flat_map(str::parse));
    if !schedules.contains(own) {
        schedules.push(own.clone());
    }
    schedules
}

/// `at_zero` is Γ of the zero frequency of each channel, value².
fn terminal(schedule: &ReferenceSchedule, at_zero: Option<&[f64]>) -> TerminalSnr {
    let highest = schedule.sigmas().first().copied().unwrap_or(f64::INFINITY);
    let mean = |gamma: &[f64]| gamma.iter().sum::<f64>() / gamma.len() as f64;
    TerminalSnr {
        schedule: schedule.to_string(),
        sigma_max: Some(highest).filter(|s| s.is_finite()),
        brightness_snr: at_zero.map(|gamma| terminal_snr(mean(gamma), highest)),
        brightness_snr_channels: at_zero.map(|gamma| gamma.iter().map(|g| terminal_snr(*g, highest)).collect()),
    }
}

/// A number and its interval, if there is one.
fn with_interval(i: Interval) -> String {
    match (i.low95, i.high95) {
        (Some(low), Some(high)) => format!("{:.4} [{low:.4}, {high:.4}]", i.value),
        _ => format!("{:.4}", i.value),
    }
}

/// Whether a mean is further from 0 than its error says, and than matters: three standard errors (1.5 halves of its
/// interval) and 0.1.
fn is_far_from_zero(mean: Interval) -> bool {
    mean.half_width().is_some_and(|half| mean.value.abs() > 1.5 * half) && mean.value.abs() > 0.1
}

impl Report for OffsetReport {
    const OUTPUTS: Outputs = Outputs {
        files: &["adjusted_offset.csv", "brightness.csv", "brightness_families.csv", "offset.json"],
        plots: &["offset", "adjusted_offset"],
    };

    fn headline(&self) -> Option<Headline> {
        let value = self.document.matching_offset.independent;
        (self.document.about.counts.n_images > 1).then(|| Headline { number: "noise_offset".to_owned(), value })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.result_lines();
        lines.extend([String::new(), self.document.about.describe()]);
        lines.extend(self.brightness_lines());
        lines.push(String::new());
        lines.extend(self.matching_lines());
        lines.push(String::new());
        lines.extend(self.schedule_lines());
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let adjusted = self.adjusted.as_ref().map(|table| Content::table("adjusted_offset.csv", table));
        let brightness = Content::table("brightness.csv", &self.rows);
        let families = (!self.families.is_empty()).then(|| Content::table("brightness_families.csv", &self.families));
        let document = Content::json("offset.json", &self.document);
        adjusted.into_iter().chain([brightness]).chain(families).chain([document]).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        let adjusted = self.adjusted_figure().map(|figure| Plot::new("adjusted_offset", figure));
        [Plot::new("offset", self.figure())].into_iter().chain(adjusted).collect()
    }
}

impl OffsetReport {
    /// The one strength to use, what it means, and how surely it is known.
    fn result_lines(&self) -> Vec<String> {
        let strength = self.document.matching_offset.independent;
        let counts = self.document.about.counts;
        if counts.n_images < 2 {
            let text = "the matching offset is unknown: one image has no spread of brightness";
            return vec![text.to_owned()];
        }
        let mut lines = vec![format!("noise_offset = {}", describe_interval(strength))];
        lines.extend(wrap(match self.document.about.are_latents() {
            true => {
                "As training scripts mean it: for each channel a constant of this deviation, added to N(0, 1) noise at \
                 this size, makes noise vary in mean as the latents do. In units of the latents as stored: divide by \
                 the deviation that training divides them by."
            }
            false => {
                "As training scripts mean it: for each channel a constant of this deviation, added to pixels of N(0, 1) \
                 noise at this \
                 size, makes noise vary in brightness as the images do. For latents measure latents."
            }
        }));
        if self.document.matching_offset.to_array().iter().all(|m| m.value == 0.0) {
            let is_constant = self.brightness.covariance.iter().all(|k| k.abs() <= 1e-12);
            let reason = match is_constant {
                true => "the images are all equally bright",
                false => "the images' brightness varies no more than that of white noise",
            };
            lines.push(format!("{reason}: the matching offset is 0"));
        }
        if let Some(mean) = self.brightness.variables.last().map(|v| v.mean).filter(|mean| is_far_from_zero(*mean)) {
            lines.extend(wrap(&format!(
                "The set's mean is {}, far from 0: noise of zero mean cannot reach that at any strength.",
                describe_interval(mean)
            )));
        }
        lines.extend(match (self.histogram.is_some(), strength.half_width()) {
            (false, None) => Some("no interval: a saved spectrum holds no single images; give their folder".to_owned()),
            _ => describe_enough_of(counts.n_files, strength),
        });
        lines
    }

    /// How brightness is distributed, and against noise.
    fn brightness_lines(&self) -> Vec<String> {
        let mut table = vec![["brightness", "mean", "variance", "skewness"].map(str::to_owned).to_vec()];
        for (channel, of) in variables(&self.document.about).into_iter().zip(&self.brightness.variables) {
            let skewness = of.skewness.map(|i| i.value).filter(|s| s.is_finite());
            let skewness = or_dash(skewness, |s| format!("{s:.2}"));
            table.push(vec![channel.to_owned(), with_interval(of.mean), with_interval(of.variance), skewness]);
        }
        let mut lines = align(&table);
        let Some(first) = self.families.first() else { return lines };
        lines.push(String::new());
        lines.extend(wrap(&format!(
            "noise with standard deviation {} (--noise-std 1 for a trainer's); families draw each channel on its own, \
             with --color \
             as the images do",
            short(first.noise_std)
        )));
        let head = ["noise", "brightness deviation", "variance of images over it", "1-Wasserstein"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for (f, against) in self.families.iter().zip(&self.brightness.against) {
            // In the table an infinite ratio is an empty cell.
            let ratio = Some(against.variance_ratio.value).filter(|ratio| !ratio.is_nan());
            let (ratio, distance) = (or_dash(ratio, short), or_dash(f.wasserstein1, short));
            table.push(vec![f.family.clone(), short(f.brightness_std), ratio, distance]);
        }
        lines.extend(align(&table));
        lines
    }

    /// The offsets that match in each way, and those of other sizes.
    fn matching_lines(&self) -> Vec<String> {
        let MatchingOffset { overall, shared, per_channel, independent } =
            self.document.matching_offset.map(with_interval);
        let mut table = vec![vec!["offset that matches".to_owned(), "strength".to_owned()]];
        for (name, strength) in [
            ("drawn for each channel (noise_offset)", independent),
            ("one for all channels", overall),
            ("both: the shared part", shared),
            ("both: on top for each channel", per_channel),
        ] {
            table.push(vec![name.to_owned(), strength]);
        }
        let mut lines = align(&table);
        let printed = self.document.resolutions.iter().filter(|at| PRINTED_SIZES_PX.contains(&at.resolution_px));
        let sizes: Vec<String> = printed
            .map(|at| {
                let power = short(at.zero_frequency_power_over_white);
                format!("{} px: {:.4} ({power}×)", at.resolution_px, at.matching_offset.independent)
            })
            .collect();
        lines.push("noise_offset at other sizes (zero-frequency power over white noise):".to_owned());
        lines.push(sizes.join(", "));
        lines
    }

    /// What schedules leave of the brightness, and the adjusted offset.
    fn schedule_lines(&self) -> Vec<String> {
        let mut table = vec![["schedule", "sigma_max", "brightness SNR at its end"].map(str::to_owned).to_vec()];
        for row in &self.document.terminal {
            let sigma = row.sigma_max.map_or("∞".to_owned(), short);
            table.push(vec![row.schedule.clone(), sigma, or_dash(row.brightness_snr, short)]);
        }
        let mut lines = align(&table);
        if let Some(adjusted) = &self.document.adjusted_offset {
            lines.push(format!(
                "adjusted offset over {}: ψ from {} to 1",
                adjusted.schedule,
                adjusted.psi_first.map_or(String::new(), short)
            ));
        }
        lines
    }
}
