//! Schedules as files: `schedules.npz` and `schedules.csv`, filled while a pass runs and whole when it is over.
//!
//! # Format
//!
//! `schedules.npz` holds `t` (S times), `key` (N names), `flat_key` (names of images without a schedule), and, as N×S
//! doubles, `logsnr`, `sigmas` (relative, EDM's), `alpha_bar`, `vp_alpha`, `vp_sigma`, `flow_time`; and the metadata as
//! JSON text in `meta_json` (bytes). Names are NumPy strings. No array is called `mu` or `sigma`: archives of FID
//! statistics are told by those.
//!
//! # Cost
//!
//! Memory does not grow with the number of schedules: their logSNRs and names wait in unnamed temporary files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;

use super::arrays::Npz;
use super::output_dir::{OutputDir, OutputError};
use super::tables::StreamedTable;
use crate::diffusion::NoiseLevel;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How the points of a schedule are ordered and what its sigmas are, for the metadata of archives.
pub const ORDER: &str = "t rises from 0 (clean) to 1 (noise); sigmas are relative, σ/α, in pixel values";

/// An array of one value per point, and how a level reads in its unit.
type Unit = (&'static str, fn(NoiseLevel) -> f64);

/// The arrays that follow from the logSNRs.
const UNITS: [Unit; 5] = [
    ("sigmas", NoiseLevel::sigma),
    ("alpha_bar", NoiseLevel::alpha_bar),
    ("vp_alpha", |level| level.variance_preserving().0),
    ("vp_sigma", |level| level.variance_preserving().1),
    ("flow_time", NoiseLevel::flow_time),
];

/// Row of `schedules.csv`: one point of one schedule; of a flat image one row, with nothing but its path.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ScheduleRow<'a> {
    /// Path below the input, `dataset`, or the name of a draw.
    pub path: &'a str,
    /// Point, from 0 (clean).
    pub step: Option<usize>,
    /// Time, from 0 (clean) to 1 (noise).
    pub t: Option<f64>,
    /// Natural logarithm of the ratio of squared coefficients, `−2 ln sigma`.
    pub logsnr: Option<f64>,
    /// Relative noise level σ/α, value (EDM).
    pub sigma: Option<f64>,
    /// ᾱ of a variance-preserving schedule.
    pub alpha_bar: Option<f64>,
    /// α of a variance-preserving schedule.
    pub vp_alpha: Option<f64>,
    /// σ of a variance-preserving schedule.
    pub vp_sigma: Option<f64>,
    /// Time of flow matching, `sigma/(1 + sigma)`.
    pub flow_time: Option<f64>,
    /// Whether the image is flat and has no schedule.
    pub flat: bool,
}

/// Names that wait to become an array of NumPy strings.
struct Names {
    lines: BufWriter<File>,
    n: usize,
    longest_chars: usize,
}

impl Names {
    fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self { lines: BufWriter::new(tempfile::tempfile_in(folder)?), n: 0, longest_chars: 1 })
    }

    fn push(&mut self, name: &str) -> io::Result<()> {
        self.n += 1;
        self.longest_chars = self.longest_chars.max(name.chars().count());
        // A name may hold a line break, but no zero byte: file systems have none.
        self.lines.write_all(name.as_bytes())?;
        self.lines.write_all(&[0])
    }

    /// Adds them to an archive: UTF-32, filled up with zeros to the longest.
    fn add_to(self, archive: &mut Npz<impl Write + Seek>, array: &str) -> Result<(), BoxError> {
        let out = archive.begin(array, &format!("<U{}", self.longest_chars), &[self.n])?;
        let mut file = self.lines.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        for name in BufReader::new(file).split(0) {
            let name = String::from_utf8(name?)?;
            let mut cell = Vec::with_capacity(4 * self.longest_chars);
            name.chars().for_each(|c| cell.extend_from_slice(&u32::from(c).to_le_bytes()));
            cell.resize(4 * self.longest_chars, 0);
            out.write_all(&cell)?;
        }
        Ok(())
    }
}

/// `schedules.npz` and `schedules.csv` while they are filled.
pub struct ScheduleFiles {
    out: OutputDir,
    t: Vec<f64>,
    table: StreamedTable,
    keys: Names,
    flat_keys: Names,
    /// logSNRs, doubles, schedule after schedule.
    logsnr: BufWriter<File>,
}

impl ScheduleFiles {
    /// Opens both for schedules at the times `t`.
    ///
    /// # Errors
    ///
    /// If a file cannot be created.
    pub fn create(out: &OutputDir, t: &[f64]) -> Result<Self, OutputError> {
        // Beside the results: a system's temporary folder is often memory.
        let folder = &out.staging();
        let temporary = |source| OutputError::Write { path: out.path().to_owned(), source };
        Ok(Self {
            out: out.clone(),
            t: t.to_vec(),
            table: StreamedTable::create(out, "schedules.csv")?,
            keys: Names::create(folder).map_err(temporary)?,
            flat_keys: Names::create(folder).map_err(temporary)?,
            logsnr: BufWriter::new(tempfile::tempfile_in(folder).map_err(temporary)?),
        })
    }

    /// Adds the schedule of `key`; none if it is flat.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or is no schedule.
    ///
    /// # Panics
    ///
    /// If it does not have one logSNR per time.
    pub fn push(&mut self, key: &str, logsnr: Option<&[f64]>) -> Result<(), BoxError> {
        let path = self.out.path_of("schedules.npz");
        let unwritten = |source| OutputError::Write { path: path.clone(), source };
        let Some(logsnr) = logsnr else {
            self.flat_keys.push(key).map_err(unwritten)?;
            self.table.push(&ScheduleRow { path: key, flat: true, ..ScheduleRow::default() })?;
            return Ok(());
        };
        assert_eq!(logsnr.len(), self.t.len(), "one logSNR per time");
        self.keys.push(key).map_err(unwritten)?;
        for (step, (t, &logsnr)) in self.t.iter().zip(logsnr).enumerate() {
            self.logsnr.write_all(&logsnr.to_le_bytes()).map_err(unwritten)?;
            let level = NoiseLevel::from_logsnr(logsnr)?;
            let (vp_alpha, vp_sigma) = level.variance_preserving();
            self.table.push(&ScheduleRow {
                path: key,
                step: Some(step),
                t: Some(*t),
                logsnr: Some(logsnr),
                sigma: Some(level.sigma()),
                alpha_bar: Some(level.alpha_bar()),
                vp_alpha: Some(vp_alpha),
                vp_sigma: Some(vp_sigma),
                flow_time: Some(level.flow_time()),
                flat: false,
            })?;
        }
        Ok(())
    }

    /// Completes both; `meta_json` says how the schedules were made.
    ///
    /// # Errors
    ///
    /// If something cannot be written.
    pub fn commit(self, meta_json: &str) -> Result<(), OutputError> {
        let Self { out, t, table, keys, flat_keys, logsnr } = self;
        out.write_atomic("schedules.npz", |file| -> Result<(), BoxError> {
            let mut logsnr = logsnr.into_inner().map_err(io::IntoInnerError::into_error)?;
            let mut archive = Npz::new(file);
            archive.add_doubles("t", &[t.len()], t.iter().copied())?;
            let shape = [keys.n, t.len()];
            keys.add_to(&mut archive, "key")?;
            flat_keys.add_to(&mut archive, "flat_key")?;
            logsnr.seek(SeekFrom::Start(0))?;
            io::copy(&mut logsnr, archive.begin("logsnr", "<f8", &shape)?)?;
            for (name, unit) in UNITS {
                let out = archive.begin(name, "<f8", &shape)?;
                logsnr.seek(SeekFrom::Start(0))?;
                let mut values = BufReader::new(&logsnr);
                let mut bytes = [0; 8];
                for _ in 0..shape.iter().product() {
                    values.read_exact(&mut bytes)?;
                    let level = NoiseLevel::from_logsnr(f64::from_le_bytes(bytes))?;
                    out.write_all(&unit(level).to_le_bytes())?;
                }
            }
            archive.finish(meta_json)
        })?;
        table.commit()
    }
}
