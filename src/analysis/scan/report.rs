//! What `scan` answers: brightness, contrast and power law of the set, and the `.spectrum` file.

use std::sync::Arc;

use serde::Serialize;

use crate::analysis::covariance::{gamma_array, gamma_radial_rows};
use crate::analysis::rapsd::rapsd_rows;
use crate::analysis::words::{describe_enough, describe_law, explain_law, wrap};
use crate::analysis::{About, Headline, Outputs, Report, figures};
use crate::dataset::key_of_path;
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::short;
use crate::spectrum::{ModeCovariance, RapsdOf, Spectrum};
use crate::stats::jackknife::Interval;
use crate::stats::power_law::PowerLawFit;

/// Row of `latents.csv`: one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatentsRow {
    /// Its number, from 0 on.
    pub channel: usize,
    /// Mean over all pixels of all latents, value.
    pub raw_mean: f64,
    /// Standard deviation over the same (over their number), value.
    pub raw_std: f64,
}

/// Channels whose means and deviations are printed.
const PRINTED_CHANNELS: usize = 16;

/// Latents are normalised if their channels' means are no further from 0, and deviations from 1.
const NORMALISED: f64 = 0.1;

/// A scanned set.
#[derive(Debug, Clone, Serialize)]
pub struct ScanReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Order-independent identity of the images.
    pub content_id: String,
    /// Mean of each channel, value.
    pub channel_means: Vec<f64>,
    /// Standard deviation of each channel of latents over all of their values, value; none of images.
    pub raw_std: Option<Vec<f64>>,
    /// Standard deviation of the pixels over the set, all channels, value; none for one image.
    pub pixel_std: Option<f64>,
    /// The same of each channel.
    pub pixel_std_per_channel: Option<Vec<f64>>,
    /// The power law of the set; none where none can be fitted.
    pub fit: Option<PowerLawFit>,
    /// Name of the `.spectrum` file, and its content.
    #[serde(skip)]
    pub file_name: String,
    #[serde(skip)]
    pub(super) bytes: Vec<u8>,
    /// Γ; none for one image.
    #[serde(skip)]
    pub gamma: Option<ModeCovariance>,
    /// The sums.
    #[serde(skip)]
    pub spectrum: Arc<Spectrum>,
}

impl Report for ScanReport {
    const OUTPUTS: Outputs = Outputs {
        files: &["*.spectrum", "images.csv", "latents.csv", "rapsd.csv", "gamma.npy", "gamma_radial.csv"],
        plots: &["gamma", "rapsd"],
    };

    fn headline(&self) -> Option<Headline> {
        let fit = self.fit.as_ref()?;
        let value = Interval { value: fit.delta, low95: fit.delta_low95, high95: fit.delta_high95 };
        Some(Headline { number: "delta".to_owned(), value })
    }

    fn lines(&self) -> Vec<String> {
        let words = |values: &[f64]| values.iter().map(|v| short(*v)).collect::<Vec<_>>().join(" ");
        let mut lines = self.latent_lines();
        if let Some(fit) = &self.fit {
            lines.push(describe_law(fit));
            lines.extend(wrap(&explain_law(fit, self.about.are_latents())));
        }
        lines.extend(wrap(&format!(
            "Later commands can start from {}, without reading the images again.",
            key_of_path(self.file_name.as_ref())
        )));
        lines.extend([String::new(), self.about.describe()]);
        lines.push(format!("mean value         {}", words(&self.channel_means)));
        if let (Some(overall), Some(each)) = (self.pixel_std, &self.pixel_std_per_channel) {
            lines.push(format!("{:<18} {} (per channel {})", self.about.deviation(), short(overall), words(each)));
        }
        if let Some(fit) = &self.fit {
            let (low, high) = fit.fitted_cycles_per_px;
            let amplitude = short(fit.amplitude);
            lines.push(format!("power law          A = {amplitude}, f = {} … {} cycles/px", short(low), short(high)));
            let half = fit.delta_high95.map(|high| high - fit.delta);
            lines.extend(describe_enough(fit.n_files, half));
        }
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let spectrum = &*self.spectrum;
        let mut tables = vec![
            Content::bytes(self.file_name.clone(), &self.bytes),
            Content::table("rapsd.csv", rapsd_rows(spectrum, RapsdOf::ChannelMean)),
        ];
        if self.raw_std.is_some() {
            tables.push(Content::table("latents.csv", self.latents()));
        }
        if let Some(gamma) = &self.gamma {
            tables.push(Content::npy("gamma.npy", || gamma_array(spectrum, gamma)));
            tables.push(Content::table("gamma_radial.csv", gamma_radial_rows(spectrum, gamma)));
        }
        tables
    }

    fn figures(&self) -> Vec<Plot> {
        let gamma = self.gamma.as_ref().map(|gamma| Plot::new("gamma", figures::gamma(&self.spectrum, gamma)));
        let rapsd = Plot::new("rapsd", figures::rapsd(&self.spectrum, &[]));
        gamma.into_iter().chain([rapsd]).collect()
    }
}

impl ScanReport {
    /// Mean and deviation of each channel of latents; none of images.
    fn latents(&self) -> Vec<LatentsRow> {
        let channels = self.raw_std.iter().flatten().zip(&self.channel_means).enumerate();
        channels.map(|(channel, (std, mean))| LatentsRow { channel, raw_mean: *mean, raw_std: *std }).collect()
    }

    /// What latents are normalised by, as a list to be copied.
    fn latent_lines(&self) -> Vec<String> {
        let Some(deviations) = &self.raw_std else { return Vec::new() };
        let list = |name: &str, values: &[f64]| {
            let numbers: Vec<_> = values.iter().take(PRINTED_CHANNELS).map(|v| short(*v)).collect();
            let more = if values.len() > PRINTED_CHANNELS { ", …" } else { "" };
            wrap(&format!("{name} = [{}{more}]", numbers.join(", ")))
        };
        let mut lines = [list("raw_mean", &self.channel_means), list("raw_std", deviations)].concat();
        let is_normalised =
            |row: &LatentsRow| row.raw_mean.abs() <= NORMALISED && (row.raw_std - 1.0).abs() <= NORMALISED;
        lines.extend(wrap(if self.latents().iter().all(is_normalised) {
            "The latents are normalised as they are stored: train on them unscaled."
        } else if deviations.contains(&0.0) {
            "A channel that never varies cannot be normalised: look at how the latents were made."
        } else {
            "Train on (x − raw_mean) / raw_std, channel by channel: then each has mean 0 and deviation 1."
        }));
        if deviations.len() > PRINTED_CHANNELS {
            lines.push(format!("All {} channels are in latents.csv.", deviations.len()));
        }
        lines.push(String::new());
        lines
    }
}
