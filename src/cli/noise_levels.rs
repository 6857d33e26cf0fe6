//! Options of the commands about noise levels: the thresholds κ and the reference schedules.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::console::{self, short};
use super::session::Input;
use crate::diffusion::bounds::KappaReading;
use crate::diffusion::schedules::{ScheduleError, find_schedule, schedule_usages};
use crate::diffusion::{Kappa, ReferenceSchedule, rounding_power};
use crate::report::arrays::read_sigmas_npz;
use crate::spectrum::Standardize;

/// How strictly noise bounds are drawn.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds")]
pub struct KappaArgs {
    /// Noise-to-signal ratio of the weakest band at sigma_min [default: 0.1]
    #[arg(long, value_name = "K")]
    kappa_min: Option<f64>,

    /// Noise-to-signal ratio of the strongest band at sigma_max [default: 10]
    #[arg(long, value_name = "K")]
    kappa_max: Option<f64>,

    /// In place of --kappa-min: share of a band's power that denoising may get wrong at sigma_min, as 0.09
    #[arg(long, value_name = "SHARE", conflicts_with = "kappa_min")]
    max_relative_error: Option<f64>,

    /// In place of --kappa-max: bits per mode that may be left of a band at sigma_max, as 0.07
    #[arg(long, value_name = "BITS", conflicts_with = "kappa_max")]
    max_bits_left: Option<f64>,
}

impl KappaArgs {
    /// The thresholds.
    pub fn kappa(&self) -> Result<Kappa> {
        let default = Kappa::default();
        let min = match self.max_relative_error {
            Some(error) => Kappa::min_from_relative_error(error)?,
            None => self.kappa_min.unwrap_or(default.min()),
        };
        let max = match self.max_bits_left {
            Some(bits) => Kappa::max_from_bits_left(bits)?,
            None => self.kappa_max.unwrap_or(default.max()),
        };
        Ok(Kappa::new(min, max)?)
    }
}

/// The schedule of a diffusion.
#[derive(Debug, Args)]
#[command(next_help_heading = "Schedule")]
pub struct DiffusionScheduleArgs {
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "linear",
        help = format!("Schedule: a name, with its steps or --steps, or a file of sigmas. Names: {}", schedule_usages())
    )]
    schedule: String,

    /// Steps of a schedule given by its bare name [default: its own, 1000 for linear and cosine]
    #[arg(long, value_name = "T")]
    steps: Option<usize>,
}

impl DiffusionScheduleArgs {
    /// The schedule.
    pub fn read(&self, quiet: bool) -> Result<ReferenceSchedule> {
        let name = &self.schedule;
        let schedule = match self.steps {
            None => read_schedule(name)?,
            Some(n_steps) if find_schedule(name).is_some() => format!("{name}:{n_steps}").parse()?,
            Some(_) => {
                bail!(
                    "--steps goes with a bare name, as linear or cosine; the schedule {name} says itself how many it has"
                )
            }
        };
        let highest = schedule.sigmas().first().copied().unwrap_or(0.0);
        if highest < 1.0 {
            let message = format!(
                "the largest sigma of the schedule {schedule} is {}: are these betas? Sigmas are σ/α, up to 80 or more",
                short(highest)
            );
            console::warn(quiet, &message);
        }
        Ok(schedule)
    }
}

/// Both thresholds in words, a line each.
pub fn describe_kappa(kappa: Kappa) -> [String; 2] {
    let percent = |r: KappaReading| format!("{:.3} % of its power denoised wrong", 100.0 * r.relative_error);
    let bits = |r: KappaReading| format!("{:.3} bits per mode", r.bits_left);
    let (low, high) = (kappa.reading_at_min(), kappa.reading_at_max());
    let plain = |value: f64| match short(value) {
        text if text.contains('.') && !text.contains('e') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        text => text,
    };
    [
        format!(
            "κ_min = {}: at sigma_min no band keeps less than {}, with at most {}",
            plain(kappa.min()),
            bits(low),
            percent(low)
        ),
        format!(
            "κ_max = {}: at sigma_max no band keeps more than {}, with at least {}",
            plain(kappa.max()),
            bits(high),
            percent(high)
        ),
    ]
}

/// A schedule by its name, or else from a file of sigmas: one a line, a JSON list, or an npz archive.
pub fn read_schedule(text: &str) -> Result<ReferenceSchedule> {
    let path = Path::new(text);
    match text.parse() {
        Err(_) if path.is_file() => {}
        // What is no name either was most likely meant as a path.
        Err(ScheduleError::UnknownName(_))
            if text.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some() =>
        {
            bail!("there is no file {text} with a schedule; check its path, or give a name like edm:18")
        }
        parsed => return Ok(parsed?),
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the schedule {text}"))?;
    let name = path.file_stem().map_or_else(|| text.to_owned(), |s| s.to_string_lossy().into_owned());
    if bytes.starts_with(b"PK") {
        let sigmas = read_sigmas_npz(&bytes).with_context(|| format!("cannot use the schedule {text}"))?;
        return Ok(ReferenceSchedule::from_list(&name, &sigmas)?);
    }
    let content = String::from_utf8(bytes)
        .with_context(|| format!("the schedule {text} is no text; give one sigma a line, a JSON list, or an npz"))?;
    ReferenceSchedule::from_text(&name, &content).with_context(|| format!("cannot use the schedule {text}"))
}

/// The power of 8-bit rounding in the value range of `input`, value² per mode; refuses inputs whose powers are in other units.
pub fn rounding_power_of(input: &Input) -> Result<f64> {
    let (range, standardize) = match input {
        Input::Saved(spectrum) => (spectrum.preprocess().range, spectrum.preprocess().standardize),
        Input::Images(images) => {
            let analysis = &images.config.analysis;
            (analysis.range, analysis.standardize)
        }
    };
    if standardize == Standardize::Pixel {
        bail!("noise levels are in pixel values, which --standardize pixel divides away; leave it out");
    }
    Ok(rounding_power(range.low, range.high))
}
