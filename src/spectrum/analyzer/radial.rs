//! The transform, with what is taken of every mode while its column (of a small image: while all of it) is in the
//! caches next to the core: the sums of powers and the annulus means; then the sums over RAPSDs.

use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use super::AT_ONCE;
use super::lanes::Lanes;
use super::outer::{histogram_bin, upper_triangle};
use super::summary::ImageSummary;
use crate::spectral::annuli::PLANES_AT_ONCE;
use crate::spectral::fft2::Fft2Workspace;
use crate::spectrum::plan::{
    AnalysisConfig, AnalysisPlan, Detail, HISTOGRAM_BINS, HISTOGRAM_BINS_PER_OCTAVE, at, rapsd_rows,
};

/// Scratch for one image's powers and RAPSDs.
#[derive(Debug)]
pub(super) struct RadialSums {
    fft: Fft2Workspace,
    /// Those of one column of modes, of several short ones, or of all channels of a small image.
    power: Vec<f64>,
    /// Sums over the annuli of several planes side by side.
    annulus_sums: Vec<f64>,
    products: Vec<f64>,
    /// Scratch for one row of annuli.
    line: Vec<f64>,
    /// Where the powers of one row of annuli are counted.
    bins: Vec<usize>,
    /// Sums over the images of the file at hand: rows (see the plan) × annuli.
    file_rapsd: Vec<f64>,
}

impl RadialSums {
    pub(super) fn new(plan: &AnalysisPlan) -> Self {
        Self {
            fft: plan.fft.workspace(),
            power: vec![0.0; n_powers(&plan.config)],
            annulus_sums: vec![0.0; PLANES_AT_ONCE * plan.grid.n_annuli()],
            products: vec![0.0; plan.grid.n_annuli() * (plan.grid.n_annuli() + 1) / 2],
            line: vec![0.0; plan.grid.n_annuli()],
            bins: vec![0; plan.grid.n_annuli()],
            file_rapsd: vec![0.0; rapsd_rows(plan.config.channels.count()) * plan.grid.n_annuli()],
        }
    }

    /// Transforms the planes into `spectra` (of all channels, or room for a block of columns); adds
    /// powers to the sums over modes and leaves the RAPSDs in `summary`.
    pub(super) fn transform(
        &mut self,
        plan: &AnalysisPlan,
        planes: &[f32],
        spectra: &mut [Complex32],
        lanes: &mut Lanes,
        summary: &mut ImageSummary,
    ) {
        let (height, n_modes, n_annuli) = (plan.config.size.height, plan.grid.n_modes(), plan.grid.n_annuli());
        let channels = plan.config.channels.count();
        summary.channel_rapsd.clear();
        summary.channel_rapsd.resize(channels * n_annuli, 0.0);
        let has_power = lanes.hold(at::POWER_SUM);
        let planes = planes.chunks_exact(plan.config.size.n_pixels()).enumerate();
        if is_small(&plan.config) {
            for (c, plane) in planes {
                let power = &mut self.power[c * n_modes..][..n_modes];
                transform_plane(plan, (c, plane), spectra, &mut self.fft, |kx, columns, factor| {
                    powers(columns, factor, &mut power[kx * height..][..columns.len()]);
                });
            }
            if has_power {
                lanes.add(at::POWER_SUM, 0, &self.power);
            }
            plan.annuli.means_of_planes(&self.power, &mut self.annulus_sums, &mut summary.channel_rapsd);
        } else {
            let n_at_once = self.power.len() / height * height;
            let power = &mut self.power;
            for ((c, plane), rapsd) in planes.zip(summary.channel_rapsd.chunks_exact_mut(n_annuli)) {
                transform_plane(plan, (c, plane), spectra, &mut self.fft, |first_kx, columns, factor| {
                    let mut kx = first_kx;
                    for columns in columns.chunks(n_at_once) {
                        let power = &mut power[..columns.len()];
                        powers(columns, factor, power);
                        if has_power {
                            lanes.add(at::POWER_SUM, c * n_modes + kx * height, power);
                        }
                        for column in power.chunks_exact(height) {
                            plan.annuli.add_column(kx, column, rapsd);
                            kx += 1;
                        }
                    }
                });
                plan.annuli.finish(rapsd);
            }
        }
        summary.rapsd.clear();
        summary.rapsd.resize(n_annuli, 0.0);
        for rapsd in summary.channel_rapsd.chunks_exact(n_annuli) {
            for (mean, r) in summary.rapsd.iter_mut().zip(rapsd) {
                *mean += *r / channels as f64;
            }
        }
    }

    /// Adds the RAPSDs in `summary` to the sums over annuli.
    pub(super) fn add(&mut self, plan: &AnalysisPlan, summary: &ImageSummary, lanes: &mut Lanes) {
        let annuli = plan.grid.n_annuli();
        let channels = plan.config.channels.count();
        lanes.add(at::RAPSD_SUM, 0, &summary.channel_rapsd);
        let lowest = plan.config.histogram_lowest_log2();
        let has_histogram = plan.config.detail >= Detail::Power;
        for (row, of_file) in self.file_rapsd.chunks_exact_mut(annuli).enumerate() {
            let rapsd =
                if row < channels { &summary.channel_rapsd[row * annuli..][..annuli] } else { &summary.rapsd[..] };
            for ((sum, square), power) in of_file.iter_mut().zip(&mut self.line).zip(rapsd) {
                *sum += power;
                *square = power * power;
            }
            lanes.add(at::RAPSD_SQUARE_SUM, row * annuli, &self.line);
            if has_histogram {
                for ((j, power), bin) in rapsd.iter().enumerate().zip(&mut self.bins) {
                    let own = histogram_bin(*power, lowest, HISTOGRAM_BINS_PER_OCTAVE);
                    *bin = (row * annuli + j) * HISTOGRAM_BINS + own;
                }
                // Each lies in memory of its own: one after the other, with nothing between, they are waited for
                // together.
                self.bins.iter().for_each(|bin| lanes.count(*bin));
            }
        }
    }

    /// Adds what the `n` images of one file have in common to the sums over files.
    pub(super) fn end_file(&mut self, plan: &AnalysisPlan, n: u32, lanes: &mut Lanes) {
        let n = f64::from(n);
        let annuli = plan.grid.n_annuli();
        let pairs = annuli * (annuli + 1) / 2;
        let summed = plan.config.outer_rows();
        for (row, of_file) in self.file_rapsd.chunks_exact(annuli).skip(summed.start).enumerate() {
            upper_triangle(of_file, &mut self.products);
            lanes.add(at::RAPSD_OUTER, row * pairs, &self.products);
        }
        for (c, of_file) in self.file_rapsd.chunks_exact(annuli).take(plan.config.channels.count()).enumerate() {
            for (weighted, sum) in self.line.iter_mut().zip(of_file) {
                *weighted = n * sum;
            }
            lanes.add(at::FILE_RAPSD_SUM, c * annuli, &self.line);
        }
        lanes.add(at::FILE_SIZE_SQUARE_SUM, 0, &[n * n]);
        self.file_rapsd.fill(0.0);
    }
}

/// Most powers of all channels of an image that are kept together: few enough to stay in the caches of a core.
const MOST_POWERS: usize = 6400;

/// Whether the powers of all channels of an image are kept until all are transformed, and taken together then.
fn is_small(config: &AnalysisConfig) -> bool {
    config.channels.count() * config.size.n_modes() <= MOST_POWERS
}

/// Powers for which there is room.
fn n_powers(config: &AnalysisConfig) -> usize {
    if is_small(config) { config.channels.count() * config.size.n_modes() } else { config.size.height.max(AT_ONCE) }
}

/// Bytes of the scratch that depends on the size: powers, and sums over annuli.
pub(super) fn scratch_bytes(config: &AnalysisConfig) -> usize {
    let annuli = config.size.n_annuli();
    (n_powers(config) + PLANES_AT_ONCE * annuli + annuli * (annuli + 1) / 2) * size_of::<f64>()
}

/// Transforms the plane of channel `c`; `finished` sees each block of columns with the index of its first, and the
/// factor that makes their powers those of values.
fn transform_plane(
    plan: &AnalysisPlan,
    (c, plane): (usize, &[f32]),
    spectra: &mut [Complex32],
    fft: &mut Fft2Workspace,
    mut finished: impl FnMut(usize, &[Complex32], f64),
) {
    let n_modes = plan.grid.n_modes();
    let n_kept = spectra.len().min(n_modes);
    let start = if spectra.len() == plan.config.channels.count() * n_modes { c * n_modes } else { 0 };
    let factor = plan.power_factor(c).powi(2);
    plan.fft.forward_by_columns(plane, &mut spectra[start..start + n_kept], fft, |first_kx, columns| {
        if first_kx == 0 && plan.reference.is_none() {
            // Code zero stands for the middle of the range, which only the zero frequency sees.
            let middle_code = plan.config.middle_value() / plan.value_per_code(c);
            columns[0].re += (middle_code * plane.len() as f64) as f32;
        }
        finished(first_kx, columns, factor);
    });
}

/// The powers of modes; `factor` makes them those of the orthonormal transform of values.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn powers(modes: &[Complex32], factor: f64, power: &mut [f64]) {
    for (p, x) in power.iter_mut().zip(modes) {
        let (re, im) = (f64::from(x.re), f64::from(x.im));
        *p = factor * (re * re + im * im);
    }
}
