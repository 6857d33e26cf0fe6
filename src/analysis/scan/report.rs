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
        files: &["*.spectrum", "images.csv", "rapsd.csv", "gamma.npy", "gamma_radial.csv"],
        plots: &["gamma", "rapsd"],
    };

    fn headline(&self) -> Option<Headline> {
        let fit = self.fit.as_ref()?;
        let value = Interval { value: fit.delta, low95: fit.delta_low95, high95: fit.delta_high95 };
        Some(Headline { number: "delta".to_owned(), value })
    }

    fn lines(&self) -> Vec<String> {
        let words = |values: &[f64]| values.iter().map(|v| short(*v)).collect::<Vec<_>>().join(" ");
        let mut lines = Vec::new();
        if let Some(fit) = &self.fit {
            lines.push(describe_law(fit));
            lines.extend(wrap(&explain_law(fit)));
        }
        lines.extend(wrap(&format!(
            "Later commands can start from {}, without reading the images again.",
            key_of_path(self.file_name.as_ref())
        )));
        lines.extend([String::new(), self.about.describe()]);
        lines.push(format!("mean value         {}", words(&self.channel_means)));
        if let (Some(overall), Some(each)) = (self.pixel_std, &self.pixel_std_per_channel) {
            lines.push(format!("pixel deviation    {} (per channel {})", short(overall), words(each)));
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
