//! The CSV tables: one documented row struct each, units in the column names, missing values as empty cells.

use serde::Serialize;

use super::output_dir::{OutputDir, OutputError, StagedFile};

/// Row of `images.csv`: one working image.
#[derive(Debug, Clone, Serialize)]
pub struct ImagesRow<'a> {
    /// Path below the input; tiles have `#x,y` appended, their left and top edge in pixels.
    pub path: &'a str,
    /// Format by content.
    pub format: &'a str,
    /// Width of the file's image before preprocessing, pixels.
    pub width_px: usize,
    /// Height of the file's image before preprocessing, pixels.
    pub height_px: usize,
    /// Mean value over pixels and channels.
    pub mean: f64,
    /// Standard deviation over pixels and channels.
    pub std: f64,
    /// Exponent of the power law `A² f^(−2Δ)` of this image (whittle on its own RAPSD); empty for a flat image.
    pub delta: Option<f64>,
    /// Amplitude A of that law, value; empty for a flat image.
    pub amplitude: Option<f64>,
    /// Coefficient of determination of ln RAPSD on ln f; empty for a flat image.
    pub delta_r2: Option<f64>,
    /// Whether every channel has one value: no power at any band.
    pub flat: bool,
}

/// Row of `rapsd.csv`: one annulus of the set; or of `rapsd_channels.csv`: one annulus of one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RapsdRow {
    /// Channel name; no such column in `rapsd.csv`, which is about the mean over channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'static str>,
    /// Annulus index `j`.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Modes of the full plane in the annulus.
    pub n_modes: f64,
    /// Mean over images, value² per mode.
    pub power_mean: f64,
    /// Standard deviation over images (n−1); empty for one image, and where it is too small to be told from none.
    pub power_std: Option<f64>,
    /// 5 % quantile over images, value² per mode.
    pub power_q05: f64,
    /// 25 % quantile.
    pub power_q25: f64,
    /// Median.
    pub power_q50: f64,
    /// 75 % quantile.
    pub power_q75: f64,
    /// 95 % quantile.
    pub power_q95: f64,
    /// `10·log10` of the mean; empty where the mean is zero.
    pub power_db: Option<f64>,
}

/// Row of `gamma_radial.csv`: one annulus of one channel, or of the channels' mean (`mean`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GammaRadialRow {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// Annulus index.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Modes of the full plane in the annulus.
    pub n_modes: f64,
    /// Annulus mean of Γ, value² per mode.
    pub gamma_mean: f64,
    /// `10·log10` of it; empty where it is zero.
    pub gamma_db: Option<f64>,
    /// Annulus mean of `|C|/Γ` over modes that are not their own conjugate (0: circular); empty for `mean` and where Γ = 0.
    pub pseudo_covariance_ratio: Option<f64>,
    /// Annulus mean of κ4 over modes that are not their own conjugate (2: Gaussian); empty for `mean` and where Γ = 0.
    pub kurtosis: Option<f64>,
}

/// Row of `coherence.csv`: one annulus of one pair of channels.
#[derive(Debug, Clone, Serialize)]
pub struct CoherenceRow {
    /// First channel.
    pub channel_a: &'static str,
    /// Second channel.
    pub channel_b: &'static str,
    /// Annulus index.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Annulus mean of `|Γ_ab|²/(Γ_aa Γ_bb)`; empty where a Γ is zero.
    pub coherence: Option<f64>,
}

/// Row of `fit.csv`: one estimator on one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitRow {
    /// `modes`, `radial` or `whittle`.
    pub estimator: &'static str,
    /// Channel name, or `mean` for the mean over channels.
    pub channel: &'static str,
    /// Δ of `Γ = A² f^(−2Δ)`.
    pub delta: f64,
    /// Lower end of the 95 % interval.
    pub delta_low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub delta_high95: Option<f64>,
    /// A, value.
    pub amplitude: f64,
    /// Coefficient of determination in ln power.
    pub r2: Option<f64>,
    /// Root mean square residual, dB.
    pub residual_db: f64,
    /// Lowest frequency that was fitted, cycles per pixel.
    pub frequency_low: f64,
    /// Highest frequency that was fitted, cycles per pixel.
    pub frequency_high: f64,
    /// Half-width of the central cross that is left out, wave numbers; empty when nothing is.
    pub cross_mask: Option<u32>,
    /// Modes fitted (of the full plane), or annuli for `radial`.
    pub n_modes: usize,
    /// Images behind the spectrum.
    pub n_images: u64,
    /// p-value of the test whether a curved law fits better.
    pub curvature_p: Option<f64>,
}

/// Row of `local_exponent.csv`: Δ in a half-octave window.
#[derive(Debug, Clone, Serialize)]
pub struct LocalExponentRow {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// Centre of the window, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// `−½ d ln R / d ln f`.
    pub delta: f64,
    /// Lower end of the 95 % interval.
    pub delta_low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub delta_high95: Option<f64>,
    /// Annuli in the window.
    pub n_bins: usize,
}

/// Row of `skipped.csv`.
#[derive(Debug, Clone, Serialize)]
pub struct SkippedRow<'a> {
    /// Path below the input.
    pub path: &'a str,
    /// Why it was not used.
    pub reason: &'a str,
}

/// Writes a whole table as `name`.
///
/// # Errors
///
/// If a row cannot be written; no file appears then.
pub fn write_table<R: Serialize>(
    out: &OutputDir,
    name: &str,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), OutputError> {
    out.write_atomic(name, |file| -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(file);
        for row in rows {
            writer.serialize(row)?;
        }
        writer.flush()?;
        Ok(())
    })
}

/// A table that is filled while a pass runs and appears when it is committed.
pub struct StreamedTable {
    /// None where the rows are not kept.
    writer: Option<csv::Writer<StagedFile>>,
    path: std::path::PathBuf,
}

impl StreamedTable {
    /// Opens a table for rows of one struct, which give it its header.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn create(out: &OutputDir, name: &str) -> Result<Self, OutputError> {
        Ok(Self { writer: Some(csv::Writer::from_writer(out.stage(name)?)), path: out.path_of(name) })
    }

    /// A table that keeps nothing, for runs without a folder.
    pub fn nowhere() -> Self {
        Self { writer: None, path: std::path::PathBuf::new() }
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn push(&mut self, row: &impl Serialize) -> Result<(), csv::Error> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.serialize(row))
    }

    /// Adds a row of cells; the first such row is the header of tables whose columns depend on the run.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn push_cells<C: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = C>) -> Result<(), csv::Error> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write_record(cells))
    }

    /// Completes the table.
    ///
    /// # Errors
    ///
    /// If what is still buffered cannot be written, or the file cannot be renamed.
    pub fn commit(self) -> Result<(), OutputError> {
        // `into_inner` flushes and hands the error on; the writer's own drop would swallow it.
        let Some(writer) = self.writer else { return Ok(()) };
        let staged =
            writer.into_inner().map_err(|error| OutputError::Write { path: self.path, source: error.into_error() })?;
        staged.commit()
    }
}

/// `10·log10(power)`, or none for zero power.
pub fn decibels(power: f64) -> Option<f64> {
    (power > 0.0).then(|| 10.0 * power.log10())
}
