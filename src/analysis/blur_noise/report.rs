//! What `blur-noise` answers: the ratio that keeps every band, what single images say, and both limits.

use serde::Serialize;

use super::BlurNoiseRatios;
use crate::analysis::words::{describe_enough_of, describe_interval, or_dash, percent, wrap};
use crate::analysis::{About, Headline, Outputs, QUANTILE_LEVELS, Report};
use crate::diffusion::blur_noise::{BlurNoise, RATIOS};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::plot::blur_noise::BlurNoiseFigure;
use crate::report::text::{align, short};
use crate::spectrum::order_statistics::quantiles;
use crate::spectrum::{RapsdOf, Spectrum};
use crate::stats::jackknife::Interval;

/// Row of `blur_noise.csv`: one annulus. Shares and ratios of bands without power are empty.
#[derive(Debug, Clone, Serialize)]
pub struct BandRow {
    /// Annulus, from 1.
    pub bin: usize,
    /// Frequency, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// Mean power of the mean-removed images, value² per mode.
    pub power_mean: f64,
    /// Noise level that hides the band, value.
    pub hidden_sigma: f64,
    /// Ratio up to which the band keeps the wanted share until then, pixels per value.
    pub ratio_retaining: Option<f64>,
    /// Ratio from which blur has emptied the band (8-bit rounding) by then, pixels per value.
    pub ratio_emptying: Option<f64>,
    /// Share of the band's power left then at ρ = 0.25.
    pub retained_0_25: f64,
    /// At ρ = 0.5.
    pub retained_0_5: f64,
    /// At ρ = 1.
    pub retained_1: f64,
    /// At ρ = 2.
    pub retained_2: f64,
    /// At ρ = 10.
    pub retained_10: f64,
}

/// Blur against noise.
#[derive(Debug, Clone, Serialize)]
pub struct BlurNoiseReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Share of every band's power that blur leaves.
    pub retain: f64,
    /// Noise-to-signal ratio at which noise hides a band.
    pub kappa: f64,
    /// ρ*, pixels per value; none if no band has power.
    pub blur_noise_ratio: Option<f64>,
    /// Lower end of its 95 % interval, from the spread between files of the power at the limiting frequency.
    pub blur_noise_ratio_low95: Option<f64>,
    /// Upper end of its 95 % interval.
    pub blur_noise_ratio_high95: Option<f64>,
    /// Frequency that limits it, cycles per pixel.
    pub limiting_cycles_per_px: Option<f64>,
    /// Ratio from which blur empties some band before noise hides it, pixels per value.
    pub ratio_emptying_min: Option<f64>,
    /// Levels of the quantiles.
    pub quantile_levels: [f64; 5],
    /// Quantiles over images of their own ρ*; none for a saved spectrum.
    pub image_ratio_quantiles: Option<[Option<f64>; 5]>,
    /// Quantiles over images of the ratio from which blur empties a band.
    pub image_ratio_emptying_quantiles: Option<[Option<f64>; 5]>,
    /// Images that have a ρ*.
    pub n_images_with_ratio: Option<usize>,
    /// Noise level that hides every band without blur, value.
    pub hot_sigma: f64,
    /// Blur that empties every band without noise, pixels.
    pub cold_blur_px: f64,
    /// Power of 8-bit rounding, value² per mode.
    pub rounding_power: f64,
    /// Mean power of the mean-removed images by annulus from 0 on, value² per mode.
    #[serde(skip)]
    pub rapsd: Vec<f64>,
}

impl BlurNoiseReport {
    /// `images` are the ratios of single images, as [`super::ImageRatios`] leaves them.
    pub(super) fn new(
        options: BlurNoiseRatios,
        spectrum: &Spectrum,
        images: Option<[Vec<f64>; 2]>,
        rounding_power: f64,
    ) -> Self {
        let BlurNoiseRatios { retain, kappa } = options;
        let longer_side = spectrum.grid().size().longer_side();
        let rapsd = spectrum.centred_rapsd(RapsdOf::ChannelMean);
        let blur = BlurNoise::new(&rapsd, longer_side, kappa);
        let star = blur.largest_ratio(retain);
        let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
        let interval = star.map(|star| blur.interval(star, &statistics));
        let n_images_with_ratio = images.as_ref().map(|[retaining, _]| retaining.len());
        let of_images = images.map(|lists| lists.map(|list| quantiles(list, QUANTILE_LEVELS)));
        Self {
            about: About::of(spectrum),
            retain,
            kappa,
            blur_noise_ratio: star.map(|s| s.ratio),
            blur_noise_ratio_low95: interval.and_then(|i| i.low95),
            blur_noise_ratio_high95: interval.and_then(|i| i.high95),
            limiting_cycles_per_px: star.map(|s| s.annulus as f64 / longer_side as f64),
            ratio_emptying_min: blur.least_emptying_ratio(rounding_power),
            quantile_levels: QUANTILE_LEVELS,
            image_ratio_quantiles: of_images.map(|[ratio, _]| ratio),
            image_ratio_emptying_quantiles: of_images.map(|[_, emptying]| emptying),
            n_images_with_ratio,
            hot_sigma: blur.hot_sigma(),
            cold_blur_px: blur.cold_blur_px(rounding_power),
            rounding_power,
            rapsd,
        }
    }

    /// ρ* with its interval.
    fn ratio(&self) -> Option<Interval> {
        let (low95, high95) = (self.blur_noise_ratio_low95, self.blur_noise_ratio_high95);
        Some(Interval { value: self.blur_noise_ratio?, low95, high95 })
    }

    /// ρ*, what it means, and how surely it is known.
    fn result_lines(&self) -> Vec<String> {
        let (Some(ratio), Some(frequency)) = (self.ratio(), self.limiting_cycles_per_px) else {
            return vec!["no band has power: nothing limits the blur".to_owned()];
        };
        let mut lines = wrap(&format!("blur-to-noise ratio ρ* = {} px per value", describe_interval(ratio)));
        lines.extend(wrap(&format!(
            "Up to ρ* pixels of blur to each unit of noise, every band keeps {} % of its power until noise hides it \
             (κ = {}): \
             blur noise at most so much. The limit is at f = {frequency:.4} cycles/px.",
            percent(self.retain),
            self.kappa
        )));
        lines.extend(describe_enough_of(self.about.counts.n_files, ratio));
        lines
    }

    fn longer_side(&self) -> usize {
        self.about.preprocess.size.longer_side()
    }

    fn blur(&self) -> BlurNoise<'_> {
        BlurNoise::new(&self.rapsd, self.longer_side(), self.kappa)
    }

    /// What blur leaves of each annulus from 1 on.
    pub fn bands(&self) -> impl Iterator<Item = BandRow> {
        let blur = self.blur();
        (1..self.rapsd.len()).map(move |j| {
            let [quarter, half, one, two, ten] = RATIOS.map(|ratio| blur.retained(j, ratio));
            BandRow {
                bin: j,
                frequency_cycles_per_px: j as f64 / self.longer_side() as f64,
                power_mean: self.rapsd[j],
                hidden_sigma: blur.hidden_sigma(j),
                ratio_retaining: blur.ratio_of_band(j, self.retain),
                ratio_emptying: blur.emptying_ratio(j, self.rounding_power),
                retained_0_25: quarter,
                retained_0_5: half,
                retained_1: one,
                retained_2: two,
                retained_10: ten,
            }
        })
    }

    fn figure(&self) -> BlurNoiseFigure {
        let blur = self.blur();
        let annuli = 1..self.rapsd.len();
        let curve = |ratio: f64| (ratio, annuli.clone().map(|j| blur.retained(j, ratio)).collect::<Vec<_>>());
        // A usual ratio next to the images' own would lie on its line.
        let is_apart = |ratio: &f64| self.blur_noise_ratio.is_none_or(|own| (ratio / own).ln().abs() > 0.1);
        let title = match self.blur_noise_ratio {
            Some(ratio) => {
                let share = percent(self.retain);
                format!("Up to ρ = {ratio:.2} px per value, every band keeps {share} % until noise hides it")
            }
            None => "No band has power that blur could empty".to_owned(),
        };
        BlurNoiseFigure {
            title,
            subtitle: format!(
                "{}; power left when noise hides the band (noise-to-signal ratio κ = {})",
                self.about.describe(),
                self.kappa
            ),
            curves: RATIOS.into_iter().filter(is_apart).map(curve).collect(),
            star: self.blur_noise_ratio.map(curve),
            frequency_cycles_per_px: annuli.map(|j| j as f64 / self.longer_side() as f64).collect(),
            retain: self.retain,
        }
    }
}

impl Report for BlurNoiseReport {
    const OUTPUTS: Outputs = Outputs { files: &["blur_noise_images.csv", "blur_noise.csv"], plots: &["blur_noise"] };

    fn headline(&self) -> Option<Headline> {
        Some(Headline { number: "blur_noise_ratio_px".to_owned(), value: self.ratio()? })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.result_lines();
        lines.extend([String::new(), self.about.describe()]);
        if let (Some(ratio), Some(emptying)) = (self.image_ratio_quantiles, self.image_ratio_emptying_quantiles) {
            let row = |name: &str, quantiles: [Option<f64>; 5]| -> Vec<String> {
                let cells = quantiles.map(|q| or_dash(q, |q| format!("{q:.4}")));
                std::iter::once(name.to_owned()).chain(cells).collect()
            };
            let head = ["single images", "5 %", "25 %", "median", "75 %", "95 %"].map(str::to_owned).to_vec();
            lines.extend(align(&[head, row("ρ*", ratio), row("ρ that empties a band", emptying)]));
        }
        if let Some(ratio) = self.ratio_emptying_min {
            let ratio = short(ratio);
            let rounding = self.about.rounding();
            lines.push(format!("from ρ = {ratio} on blur empties a band ({rounding}) before noise hides it"));
        }
        lines.push(format!("noise alone (hot, ρ = 0) hides every band at σ = {}", short(self.hot_sigma)));
        lines.push(format!("blur alone (cold, ρ = ∞) empties every band at {} px", short(self.cold_blur_px)));
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::table("blur_noise.csv", self.bands())]
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("blur_noise", self.figure())]
    }
}
