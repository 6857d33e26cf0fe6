//! The metrics of a policy: their names, what is in brackets behind them, and what their numbers are of.

use anyhow::{Context, Result, bail, ensure};

use crate::spectral::nearest;

/// Which numbers of a column are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// Smaller ones.
    Less,
    /// Smaller or equal ones.
    LessOrEqual,
    /// Larger ones.
    Greater,
    /// Larger or equal ones.
    GreaterOrEqual,
}

impl Comparator {
    /// Whether small numbers are counted.
    pub fn is_below(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }

    /// Whether a number is counted; one that is none is not.
    pub fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Less => number < limit,
            Self::LessOrEqual => number <= limit,
            Self::Greater => number > limit,
            Self::GreaterOrEqual => number >= limit,
        }
    }
}

/// What a number is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Metric {
    /// Images that were used.
    NImages,
    /// Share of the files that could not be read.
    UnreadableFraction,
    /// Exponent of the set's power law.
    Delta,
    /// Its amplitude, value.
    Amplitude,
    /// Its coefficient of determination.
    R2,
    /// Deviation of the pixels around their channel's mean, value.
    SigmaData,
    /// Mean log power of a range of frequencies, as a difference from the baseline, dB.
    BandDb {
        /// Lowest frequency, cycles per pixel.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Root mean square over annuli of the difference from the baseline, dB.
    LogSpectralDistanceDb,
    /// 2-Wasserstein distance from the baseline over √D, value.
    W2PerDim,
    /// Difference of the mean brightness from the baseline, value.
    BrightnessShift,
    /// Largest blur per unit of noise.
    BlurNoiseRatio,
    /// Highest periodic peak of the set, dB.
    ArtefactPeakDb,
    /// Mean of a column.
    Mean(String),
    /// Share of the files whose number is on one side of a value.
    Fraction {
        /// The column.
        column: String,
        /// Which side.
        comparator: Comparator,
        /// The value, in the unit of the column.
        value: f64,
    },
    /// Quantile of a column.
    Quantile {
        /// The column.
        column: String,
        /// Its level, 0 … 1.
        level: f64,
    },
}

/// What a metric's limits can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number of the set without a known error: `min` and `max` only.
    Fact,
    /// A number of the set that can also be held against the baseline's.
    Number,
    /// A difference from the baseline: `atol`, `min` and `max` limit it.
    Difference,
    /// A distance from the baseline: `max` limits it.
    Distance,
}

/// Every metric by the name it begins with, and how it is written.
pub const METRICS: &[(&str, &str)] = &[
    ("n_images", "n_images"),
    ("unreadable_fraction", "unreadable_fraction"),
    ("delta", "delta"),
    ("amplitude", "amplitude"),
    ("r2", "r2"),
    ("sigma_data", "sigma_data"),
    ("sigma_min", "sigma_min"),
    ("sigma_max", "sigma_max"),
    ("band_db", "band_db[0.25,0.5]"),
    ("log_spectral_distance_db", "log_spectral_distance_db"),
    ("w2_per_dim", "w2_per_dim"),
    ("brightness_shift", "brightness_shift"),
    ("blur_noise_ratio", "blur_noise_ratio"),
    ("artefact_peak_db", "artefact_peak_db"),
    ("jpeg_grid_db", "jpeg_grid_db"),
    ("letterboxed_fraction", "letterboxed_fraction"),
    ("fraction", "fraction(COLUMN < VALUE)"),
    ("quantile", "quantile(COLUMN, Q)"),
    ("mean", "mean(COLUMN)"),
];

/// Level of the quantile over images that `sigma_min` is; that of `sigma_max` is as far from the other end.
const LEAST_LEVEL: f64 = 0.05;

impl Metric {
    /// Reads a metric as a policy has it.
    ///
    /// # Errors
    ///
    /// What is wrong with it; for an unknown name with the nearest one.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let end = text.find(['(', '[']).unwrap_or(text.len());
        let (name, rest) = (text[..end].trim(), text[end..].trim());
        let Some((_, usage)) = METRICS.iter().find(|(known, _)| *known == name) else {
            let names = METRICS.iter().map(|(known, _)| *known);
            match nearest(name, names.clone()) {
                Some(near) => bail!("there is no metric `{name}`; did you mean `{near}`?"),
                None => bail!("there is no metric `{name}`; there are {}", names.collect::<Vec<_>>().join(", ")),
            }
        };
        let inside = |open: char, close: char| {
            let inside = rest.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            inside.with_context(|| format!("`{text}`: write it as `{usage}`"))
        };
        let column = |name: &str| -> Result<String> {
            let name = name.trim();
            ensure!(!name.is_empty(), "`{text}`: write it as `{usage}`");
            Ok(name.to_owned())
        };
        let quantile = |column: &str, level| Self::Quantile { column: column.to_owned(), level };
        let metric = match name {
            "band_db" => {
                let (low, high) =
                    inside('[', ']')?.split_once(',').with_context(|| format!("write it as `{usage}`"))?;
                let (low, high) = (number(low)?, number(high)?);
                ensure!(0.0 <= low && low < high && high <= 0.5, "`{text}`: frequencies rise from 0 to 0.5 cycles/px");
                return Ok(Self::BandDb { low, high });
            }
            "fraction" => {
                return fraction(inside('(', ')')?).with_context(|| format!("`{text}`: write it as `{usage}`"));
            }
            "quantile" => {
                let (name, level) =
                    inside('(', ')')?.split_once(',').with_context(|| format!("`{text}`: write it as `{usage}`"))?;
                let level = number(level)?;
                ensure!(level > 0.0 && level < 1.0, "`{text}`: a level lies between 0 and 1");
                return Ok(Self::Quantile { column: column(name)?, level });
            }
            "mean" => return Ok(Self::Mean(column(inside('(', ')')?)?)),
            "n_images" => Self::NImages,
            "unreadable_fraction" => Self::UnreadableFraction,
            "delta" => Self::Delta,
            "amplitude" => Self::Amplitude,
            "r2" => Self::R2,
            "sigma_data" => Self::SigmaData,
            "sigma_min" => quantile("sigma_min", LEAST_LEVEL),
            "sigma_max" => quantile("sigma_max", 1.0 - LEAST_LEVEL),
            "log_spectral_distance_db" => Self::LogSpectralDistanceDb,
            "w2_per_dim" => Self::W2PerDim,
            "brightness_shift" => Self::BrightnessShift,
            "blur_noise_ratio" => Self::BlurNoiseRatio,
            "artefact_peak_db" => Self::ArtefactPeakDb,
            "jpeg_grid_db" => Self::Mean("jpeg_grid_db".to_owned()),
            _ => Self::Fraction { column: "bar_share".to_owned(), comparator: Comparator::Greater, value: 0.0 },
        };
        ensure!(rest.is_empty(), "`{text}`: {name} has nothing behind its name");
        Ok(metric)
    }

    /// What its limits can be.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NImages | Self::ArtefactPeakDb => Kind::Fact,
            Self::BandDb { .. } | Self::BrightnessShift => Kind::Difference,
            Self::LogSpectralDistanceDb | Self::W2PerDim => Kind::Distance,
            _ => Kind::Number,
        }
    }

    /// Whether its number is a share, which people read in percent.
    pub fn is_share(&self) -> bool {
        matches!(self, Self::UnreadableFraction | Self::Fraction { .. })
    }

    /// Whether it takes the whole set: classes have no spectra of their own.
    pub fn is_of_whole(&self) -> bool {
        use Metric::{Amplitude, ArtefactPeakDb, BlurNoiseRatio, Delta, LogSpectralDistanceDb, R2, W2PerDim};
        matches!(self, Delta | Amplitude | R2 | BlurNoiseRatio | ArtefactPeakDb | LogSpectralDistanceDb | W2PerDim)
    }

    /// The column that it reads, if it reads one.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Mean(column) | Self::Fraction { column, .. } | Self::Quantile { column, .. } => Some(column),
            _ => None,
        }
    }
}

fn number(text: &str) -> Result<f64> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.with_context(|| format!("`{}` is not a number", text.trim()))
}

fn fraction(text: &str) -> Result<Metric> {
    let at = text.find(['<', '>']).context("there is no < or > in it")?;
    let (column, rest) = text.split_at(at);
    let (comparator, length) = match rest.as_bytes() {
        [b'<', b'=', ..] => (Comparator::LessOrEqual, 2),
        [b'<', ..] => (Comparator::Less, 1),
        [_, b'=', ..] => (Comparator::GreaterOrEqual, 2),
        _ => (Comparator::Greater, 1),
    };
    let (column, value) = (column.trim().to_owned(), number(&rest[length..])?);
    ensure!(!column.is_empty(), "a column stands on its left");
    Ok(Metric::Fraction { column, comparator, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_read_as_it_is_said_to_be_written() {
        for (name, usage) in METRICS {
            let usage = usage.replace("COLUMN", "bar_share").replace("VALUE", "0.1").replace(", Q", ", 0.9");
            let metric = Metric::parse(&usage).unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert_eq!(metric, Metric::parse(&format!(" {usage} ")).expect("blanks"), "{name}");
        }
        let fraction = Metric::parse("fraction(effective_resolution_share<=0.6)").expect("a metric");
        let column = "effective_resolution_share".to_owned();
        assert_eq!(fraction, Metric::Fraction { column, comparator: Comparator::LessOrEqual, value: 0.6 });
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_nearest() {
        for (text, part) in [
            ("brightnes_shift", "did you mean `brightness_shift`"),
            ("qantile(x, 0.5)", "did you mean `quantile`"),
            ("banana", "there are n_images"),
            ("band_db", "band_db[0.25,0.5]"),
            ("band_db[0.4,0.2]", "frequencies rise"),
            ("fraction(bar_share = 3)", "fraction(COLUMN < VALUE)"),
            ("fraction(bar_share > many)", "`many` is not a number"),
            ("quantile(noise_codes, 2)", "between 0 and 1"),
            ("delta(3)", "nothing behind"),
        ] {
            let error = format!("{:#}", Metric::parse(text).expect_err(text));
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_never_counted() {
        use Comparator::{Greater, GreaterOrEqual, Less, LessOrEqual};
        assert!([Less, LessOrEqual, Greater, GreaterOrEqual].iter().all(|c| !c.holds(f64::NAN, 0.0)));
        assert_eq!([Less, LessOrEqual, Greater, GreaterOrEqual].map(|c| c.holds(1.0, 1.0)), [false, true, false, true]);
    }
}
