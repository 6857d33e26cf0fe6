//! Noise levels from one notation into others: what a schedule, a sampler or a paper says, as another tool writes it.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::about::SCHEMA_VERSION;
use super::schedule_file::{MAX_BYTES, read_small};
use super::words::{finite, or_dash, wrap};
use super::{Outputs, Report};
use crate::diffusion::schedules::list_words;
use crate::diffusion::{NoNumber, NoiseLevel, Notation, ReferenceSchedule};
use crate::report::text::{align, short};

/// What is to be converted.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The notation of `values`.
    pub from: Notation,
    /// The notations asked for; all of them if empty.
    pub to: Vec<Notation>,
    /// What is given; betas go from clean to noise.
    pub values: Vec<f64>,
    /// The schedule of timesteps.
    pub schedule: Option<ReferenceSchedule>,
    /// Factor of the noise level: SD3's shift. 1 for none.
    pub shift: f64,
}

/// Levels in the notations that were asked for.
#[derive(Debug, Clone)]
pub struct ConvertReport {
    conversion: Conversion,
    /// A notation and a number of each level, or why it has none.
    columns: Vec<(Notation, Vec<Result<f64, NoNumber>>)>,
}

/// A number that JSON cannot hold, and why.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
struct Missing {
    notation: Notation,
    /// Place of the level, from 0.
    index: usize,
    reason: NoNumber,
}

/// Converts.
///
/// # Errors
///
/// If there is nothing to convert, a value is none of its notation, the shift is no factor, or timesteps come without a
/// schedule.
pub fn convert(conversion: Conversion) -> Result<ConvertReport> {
    let Conversion { from, to, values, schedule, shift } = &conversion;
    let asks_for_timesteps = *from == Notation::Timestep || to.contains(&Notation::Timestep);
    ensure!(
        schedule.is_some() || !asks_for_timesteps,
        "a timestep is a place in a schedule: name the schedule, for instance --schedule ddpm-linear:1000"
    );
    let given = match (values.is_empty(), schedule) {
        (false, _) => from.read(values, schedule.as_ref()).with_context(|| format!("cannot read --from {from}"))?,
        (true, Some(schedule)) => Notation::Sigma.read(schedule.sigmas(), None)?,
        (true, None) => bail!("nothing to convert: give values, --file FILE (- is standard input) or --schedule NAME"),
    };
    let shifted = |level: &NoiseLevel| level.shifted(*shift);
    let levels = given.iter().map(shifted).collect::<Result<Vec<_>, _>>().context("cannot apply --shift")?;
    let all = || Notation::ALL.into_iter().filter(|n| schedule.is_some() || *n != Notation::Timestep).collect();
    let notations: Vec<Notation> = if to.is_empty() { all() } else { to.clone() };
    let columns = notations.into_iter().map(|n| (n, n.write(&levels, schedule.as_ref()))).collect();
    Ok(ConvertReport { conversion, columns })
}

/// The numbers in a file, or of standard input if `path` is `-`: a JSON list, or separated by line breaks, blanks or
/// commas; `#` starts a comment.
///
/// # Errors
///
/// If it cannot be read, is too large, or holds something else.
pub fn read_values(path: &Path) -> Result<Vec<f64>> {
    let name = if path == Path::new("-") { "standard input".into() } else { path.display().to_string() };
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
        ensure!(bytes.len() as u64 <= MAX_BYTES, "standard input has more than {MAX_BYTES} bytes; convert it in parts");
        bytes
    } else {
        read_small(path).with_context(|| format!("cannot read the values in {name}"))?
    };
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text; give one number per line"))?;
    let mut values = Vec::new();
    for word in list_words(&text) {
        match word.parse() {
            Ok(value) => values.push(value),
            Err(_) => bail!("entry {} of {name} is '{word}', which is no number; give one per line", values.len() + 1),
        }
    }
    ensure!(!values.is_empty(), "{name} holds no numbers; give one per line");
    Ok(values)
}

/// A number with all of its digits.
fn exact(value: f64) -> String {
    // Zero has no sign here.
    let value = value + 0.0;
    if value == 0.0 || (1e-5..1e16).contains(&value.abs()) || !value.is_finite() {
        return value.to_string();
    }
    format!("{value:e}")
}

impl ConvertReport {
    /// Names of the columns, and a row of cells of each level.
    fn table(&self, is_shown: impl Fn(Notation) -> bool, cell: impl Fn(Option<f64>) -> String) -> Vec<Vec<String>> {
        let shown: Vec<_> = self.columns.iter().filter(|(notation, _)| is_shown(*notation)).collect();
        let n_levels = shown.first().map_or(0, |(_, numbers)| numbers.len());
        let header = shown.iter().map(|(notation, _)| notation.to_string()).collect();
        let rows = (0..n_levels).map(|i| shown.iter().map(|(_, numbers)| cell(numbers[i].ok())).collect());
        std::iter::once(header).chain(rows).collect()
    }

    /// A line of each notation of a single level.
    fn list(&self) -> Vec<String> {
        let line = |(notation, numbers): &(Notation, Vec<Result<f64, NoNumber>>)| {
            let number = or_dash(numbers[0].ok(), exact);
            format!("{:<11}  {number:<22}  {}", notation.name(), notation.meaning())
        };
        self.columns.iter().map(line).collect()
    }

    /// The numbers that there are none of.
    fn missing(&self) -> Vec<Missing> {
        let of_column = |(notation, numbers): &(Notation, Vec<Result<f64, NoNumber>>)| {
            let notation = *notation;
            let reason = |number: &Result<f64, NoNumber>| match number {
                Ok(number) => (!number.is_finite()).then_some(NoNumber::Infinite),
                Err(reason) => Some(*reason),
            };
            let missing = move |(index, number)| reason(number).map(|reason| Missing { notation, index, reason });
            numbers.iter().enumerate().filter_map(missing).collect::<Vec<_>>()
        };
        self.columns.iter().flat_map(of_column).collect()
    }

    /// Which levels have no number among those for pipes, and why: what their lines have no room for.
    pub fn warnings(&self) -> Vec<String> {
        let Conversion { to, schedule, .. } = &self.conversion;
        let warning = |(notation, numbers): &(Notation, Vec<Result<f64, NoNumber>>)| {
            let n = numbers.iter().filter(|number| number.is_err()).count();
            let sigmas = schedule.as_ref().map_or(&[][..], ReferenceSchedule::sigmas);
            let why = match (*notation, schedule, sigmas.first().zip(sigmas.last())) {
                (Notation::Timestep, Some(schedule), Some((high, low))) => {
                    format!("they lie outside of {schedule}, sigma {} to {}", short(*low), short(*high))
                }
                _ => "the next cleaner level is nothing but noise already".to_owned(),
            };
            (n > 0).then(|| format!("{n} of {} levels have no {notation}: {why}", numbers.len()))
        };
        if to.is_empty() { Vec::new() } else { self.columns.iter().filter_map(warning).collect() }
    }

    /// What the numbers are not, and what was done to them.
    fn notes(&self) -> Vec<String> {
        let Conversion { schedule, shift, .. } = &self.conversion;
        let mut notes = String::new();
        if *shift != 1.0 {
            notes = format!(
                "Shifted: sigma is {} times what was given; --shift {} undoes it. ",
                short(*shift),
                exact(1.0 / shift)
            );
        }
        if let Some(schedule) = schedule {
            notes += &format!("Timesteps count from 0, the cleanest level of {schedule}; – is outside of it. ");
        }
        wrap(
            &(notes
                + "These are ratios of coefficients, without the variance of the data; `specscan snr` has the ratios \
                   of powers of your images. --to NAME prints one notation with all digits, for pipes."),
        )
    }
}

impl serde::Serialize for ConvertReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Conversion { from, values, schedule, shift, .. } = &self.conversion;
        let mut object = Map::new();
        object.insert("schema_version".into(), json!(SCHEMA_VERSION));
        object.insert("from".into(), json!(from));
        object.insert("given".into(), values.iter().map(|v| json!(finite(*v))).collect());
        object.insert("shift".into(), json!(shift));
        object.insert("schedule".into(), json!(schedule.as_ref().map(ToString::to_string)));
        for (notation, numbers) in &self.columns {
            let numbers = numbers.iter().map(|number| json!(number.ok().and_then(finite)));
            object.insert(notation.name().into(), numbers.collect());
        }
        object.insert("missing".into(), json!(self.missing()));
        Value::Object(object).serialize(serializer)
    }
}

impl Report for ConvertReport {
    const OUTPUTS: Outputs = Outputs { files: &[], plots: &[] };

    fn lines(&self) -> Vec<String> {
        match (self.conversion.to.as_slice(), self.columns.as_slice()) {
            // For pipes: a number a line and nothing else, so that lines stay those of the values.
            ([_], [(_, numbers)]) => {
                numbers.iter().map(|number| number.map_or_else(|reason| reason.to_string(), exact)).collect()
            }
            ([_, ..], _) => {
                let cell = |number: Option<f64>| number.and_then(finite).map_or_else(String::new, exact);
                self.table(|_| true, cell).iter().map(|row| row.join(",")).collect()
            }
            ([], [(_, numbers), ..]) if numbers.len() == 1 => [self.list(), self.notes()].concat(),
            ([], _) => {
                // All of them are wider than a terminal; these follow from ᾱ and logSNR at once.
                let follows = [Notation::VpAlpha, Notation::VpSigma, Notation::EdmConditioning];
                let table = self.table(|notation| !follows.contains(&notation), |number| or_dash(number, short));
                [align(&table), self.notes()].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(from: Notation, values: &[f64]) -> Conversion {
        Conversion { from, to: Vec::new(), values: values.to_vec(), schedule: None, shift: 1.0 }
    }

    #[test]
    fn a_shift_multiplies_sigma_in_every_notation() {
        let base = conversion(Notation::Sigma, &[0.5, 2.0]);
        let shifted = convert(Conversion { shift: 3.0, ..base }).expect("numbers");
        let direct = convert(conversion(Notation::Sigma, &[1.5, 6.0])).expect("numbers");
        assert_eq!(shifted.columns, direct.columns);
        assert!(shifted.lines().iter().any(|l| l.contains("3.000 times")), "{:?}", shifted.lines());
        for bad in [0.0, -1.0, f64::NAN] {
            let error =
                convert(Conversion { shift: bad, ..conversion(Notation::Sigma, &[1.0]) }).expect_err("no factor");
            assert!(format!("{error:#}").contains("cannot apply --shift: "), "{error:#}");
        }
    }

    #[test]
    fn numbers_in_pipes_keep_every_digit() {
        for value in [1.0 / 3.0, 1e-300, 6.02e23, -8.764053269347762, 0.0, f64::INFINITY, 12345678.9] {
            assert_eq!(exact(value).parse::<f64>().expect("a number"), value);
        }
        assert_eq!((exact(80.0).as_str(), exact(1e-7).as_str(), exact(f64::INFINITY).as_str()), ("80", "1e-7", "inf"));
    }

    #[test]
    fn all_notations_of_a_level_in_lines_of_80_columns() {
        let schedule = Some("ddpm-linear:1000".parse().expect("a schedule"));
        for values in [vec![-3.0], vec![-8.764053269347762, 4.0], vec![]] {
            let conversion = conversion(Notation::Logsnr, &values);
            let lines = convert(Conversion { schedule: schedule.clone(), ..conversion }).expect("numbers").lines();
            let text = lines.join("\n");
            let shown = if values.len() == 1 { Notation::ALL.len() } else { 7 };
            assert_eq!(Notation::ALL.iter().filter(|n| text.contains(n.name())).count(), shown, "{text}");
            let widest = lines.iter().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{text}");
        }
    }
}
