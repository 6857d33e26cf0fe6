//! What `snr` answers: when frequencies emerge from each noise, and how far these times spread.

use serde::Serialize;

use crate::analysis::words::{describe_enough, or_dash, wrap};
use crate::analysis::{About, Headline, Outputs, Report};
use crate::diffusion::snr::{Emergence, SnrSchedule};
use crate::report::arrays::NamedArray;
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::plot::snr::{SnrFigure, SnrPanel};
use crate::report::text::{align, short};
use crate::spectrum::order_statistics::quantiles;
use crate::stats::jackknife::Interval;

/// Spreads below are rounding: all frequencies emerge together.
const NO_SPREAD: f64 = 1e-9;

/// Row of `snr_crossing.csv`: when one frequency emerges from one noise.
#[derive(Debug, Clone, Serialize)]
pub struct SnrCrossingRow<'a> {
    /// The family.
    pub family: &'a str,
    /// Annulus, 0 the brightness.
    pub bin: usize,
    /// Frequency, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// Mean power of the mean-removed images, value² per mode.
    pub power_mean: f64,
    /// Mean power of the noise, value² per mode.
    pub noise_power_mean: f64,
    /// Step at which the ratio is nearest to 1, from 1 (least noise).
    pub step: Option<usize>,
    /// Time at which it is 1, step over T, interpolated.
    pub t: Option<f64>,
    /// Half the width of the 95 % interval of `t` with the noise as it is; empty below five files, and where `inside`
    /// is not true.
    pub t_half_width: Option<f64>,
    /// Whether it passes 1 within the schedule; if not, `t` is the nearer end.
    pub inside: Option<bool>,
}

/// When frequencies emerge from one noise. Times are steps over T, 1 at the end of the schedule.
#[derive(Debug, Clone, Serialize)]
pub struct FamilySnr {
    /// The family.
    pub family: String,
    /// Standard deviation of these times over frequencies; none where some do not emerge within the schedule.
    pub spread: Option<f64>,
    /// Time of the frequency that emerges first, from the most noise.
    pub t_first: Option<f64>,
    /// Time of the last.
    pub t_last: Option<f64>,
    /// Time of the brightness.
    pub t_brightness: Option<f64>,
    /// Half the width of the 95 % interval of these times, with the noise as it is: median over frequencies; none below
    /// five files.
    pub t_half_width_typical: Option<f64>,
    /// The largest of them.
    pub t_half_width_worst: Option<f64>,
    /// Frequencies whose ratio does not pass 1 within the schedule.
    pub n_outside: usize,
    /// Each frequency's half-width.
    #[serde(skip)]
    pub half_widths: Vec<Option<f64>>,
    /// Each frequency's.
    #[serde(skip)]
    pub emergence: Emergence,
    /// Annulus means of the noise's power, value² per mode.
    #[serde(skip)]
    pub power: Vec<f64>,
}

impl FamilySnr {
    pub(super) fn new(family: String, emergence: Emergence, half_widths: Vec<Option<f64>>, power: Vec<f64>) -> Self {
        let (t_first, t_last) = emergence.first_and_last_time().unzip();
        let [typical, worst] = quantiles(half_widths.iter().skip(1).flatten().copied().collect(), [0.5, 1.0]);
        Self {
            family,
            spread: emergence.spread,
            t_first,
            t_last,
            t_brightness: emergence.brightness_time(),
            t_half_width_typical: typical,
            t_half_width_worst: worst,
            n_outside: emergence.n_outside,
            half_widths,
            emergence,
            power,
        }
    }

    fn panel(&self) -> SnrPanel {
        SnrPanel {
            name: self.family.clone(),
            note: match self.spread {
                None => "spread unknown: some never at 1".to_owned(),
                Some(spread) if spread < NO_SPREAD => "all at once (spread 0)".to_owned(),
                Some(spread) => format!("spread of t/T: {spread:.3}"),
            },
            unit_snr_t: self.emergence.times_within().skip(1).collect(),
            brightness_t: self.t_brightness,
            log_ratio: self.emergence.log_ratio.iter().skip(1).copied().collect(),
        }
    }
}

/// Signal-to-noise ratio over frequency and time.
#[derive(Debug, Clone, Serialize)]
pub struct SnrReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// The schedule.
    pub schedule: String,
    /// Its steps, T.
    pub n_steps: usize,
    /// Standard deviation of the noises' pixels, value.
    pub noise_std: f64,
    /// Each noise.
    pub families: Vec<FamilySnr>,
    /// The schedule's ratios.
    #[serde(skip)]
    pub times: SnrSchedule,
    /// Mean power of the mean-removed images by annulus from 0 on, value² per mode.
    #[serde(skip)]
    pub rapsd: Vec<f64>,
}

impl SnrReport {
    /// Frequency of each annulus, cycles per pixel.
    fn frequencies(&self) -> impl Iterator<Item = f64> {
        let longer_side = self.about.preprocess.size.longer_side() as f64;
        (0..self.rapsd.len()).map(move |j| j as f64 / longer_side)
    }

    /// SNR of families × steps × annuli.
    pub fn array(&self) -> NamedArray {
        NamedArray {
            name: "snr",
            shape: vec![self.families.len(), self.n_steps, self.rapsd.len()],
            values: self.families.iter().flat_map(|f| f.emergence.ratios(&self.times)).collect(),
        }
    }

    /// When each frequency emerges from each noise.
    pub fn crossings(&self) -> impl Iterator<Item = SnrCrossingRow<'_>> {
        self.families.iter().flat_map(|f| {
            let annuli = f.emergence.crossings.iter().zip(self.frequencies()).enumerate();
            annuli.map(|(j, (crossing, frequency))| SnrCrossingRow {
                family: &f.family,
                bin: j,
                frequency_cycles_per_px: frequency,
                power_mean: self.rapsd[j],
                noise_power_mean: f.power[j],
                step: crossing.map(|c| c.nearest_step),
                t: crossing.map(|c| f.emergence.time(&c)),
                t_half_width: f.half_widths[j],
                inside: crossing.map(|c| c.is_inside),
            })
        })
    }

    /// When frequencies emerge from white noise.
    fn answer(&self) -> String {
        let white = self.families.iter().find(|f| f.family == "white" && f.spread.is_some());
        match white.and_then(|f| f.t_first.zip(f.t_last)) {
            Some((first, last)) => {
                let schedule = &self.schedule;
                format!(
                    "Along {schedule} the first frequency emerges from white noise at t/T = {first:.2}, the last at \
                     {last:.2}"
                )
            }
            None => format!("When each frequency emerges from noise along {}", self.schedule),
        }
    }

    /// How surely the times of the first noise are known.
    fn describe_enough(&self) -> Vec<String> {
        let n_files = self.about.counts.n_files;
        let known = self.families.iter().find_map(|f| Some((f, f.t_half_width_typical?, f.t_half_width_worst?)));
        match known {
            Some((f, typical, worst)) => wrap(&format!(
                "{n_files} files give the times of {} ± {typical:.4} (95 %; at worst ± {worst:.4}); about {} would halve \
                 that",
                f.family,
                4 * n_files
            )),
            None => describe_enough(n_files, None).into_iter().collect(),
        }
    }

    fn figure(&self) -> SnrFigure {
        SnrFigure {
            title: self.answer(),
            subtitle: format!(
                "{}, {}, noise with standard deviation {}; line: SNR = 1; dot: brightness",
                self.about.describe(),
                self.schedule,
                short(self.noise_std)
            ),
            frequency_cycles_per_px: self.frequencies().skip(1).collect(),
            schedule_log_ratio: (1..=self.n_steps).map(|t| self.times.log_snr(t, 0.0)).collect(),
            panels: self.families.iter().map(FamilySnr::panel).collect(),
        }
    }
}

impl Report for SnrReport {
    const OUTPUTS: Outputs = Outputs { files: &["snr.npy", "snr_crossing.csv"], plots: &["snr"] };

    fn headline(&self) -> Option<Headline> {
        // The frequency that emerges last, from the first noise.
        let family = self.families.first()?;
        let times = family.emergence.times_within().zip(&family.half_widths).skip(1).filter(|(t, _)| t.is_finite());
        let (value, half) = times.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let value = Interval { value, low95: half.map(|h| value - h), high95: half.map(|h| value + h) };
        Some(Headline { number: format!("t_last of {}", family.family), value })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = wrap(&self.answer());
        lines.extend(wrap(
            "White noise hides fine frequencies first, so a sampler draws coarse structure before detail; the smaller \
             the spread, the \
             more of the image each step works on at once.",
        ));
        lines.extend(self.describe_enough());
        lines.extend([String::new(), self.about.describe()]);
        lines.extend(wrap(&format!(
            "time t/T of {} at which a frequency's signal-to-noise ratio is 1 (1: the end of the schedule); noise \
             with standard deviation {}",
            self.schedule,
            short(self.noise_std)
        )));
        let head = ["noise", "first frequency", "last", "brightness", "spread of t/T", "never at 1"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for f in &self.families {
            let time = |t: Option<f64>| or_dash(t, |t| format!("{t:.3}"));
            let spread = match f.spread {
                None => "unknown".to_owned(),
                Some(spread) if spread < NO_SPREAD => "0".to_owned(),
                Some(spread) => short(spread),
            };
            let [first, last, brightness] = [f.t_first, f.t_last, f.t_brightness].map(time);
            table.push(vec![f.family.clone(), first, last, brightness, spread, f.n_outside.to_string()]);
        }
        lines.extend(align(&table));
        if self.families.iter().any(|f| f.n_outside > 0) {
            lines.push("where frequencies never pass 1 within the schedule, their times are its".to_owned());
            lines.push("ends and the spread is unknown".to_owned());
        }
        lines.push("spread 0: all frequencies emerge together".to_owned());
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::npy("snr.npy", || self.array()), Content::table("snr_crossing.csv", self.crossings())]
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("snr", self.figure())]
    }
}
