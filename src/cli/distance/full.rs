//! The families against the full covariance of reduced images.

use anyhow::{Context, Result, ensure};
use ndarray::ArrayView2;

use super::DistanceArgs;
use crate::cli::families::Families;
use crate::cli::interrupt;
use crate::cli::session::Session;
use crate::noise::field::Role;
use crate::noise::{DatasetModel, Moments, Noise, SampledNoise};
use crate::pipeline::noise::draw_samples;
use crate::report::noise_tables::FullDistanceRow;
use crate::report::tables::write_table;
use crate::spectral::dft64::orthonormal_dft;
use crate::spectral::{Grid, RealForm, Size};
use crate::spectrum::Spectrum;
use crate::stats::full_covariance::FullGaussian;

/// What was found.
pub struct FullOutcome {
    /// The rows of `distance_full.csv`.
    pub rows: Vec<FullDistanceRow>,
    /// Families whose drawn and expected distances do not agree.
    pub disagreeing: Vec<String>,
}

/// Refuses sets that are too small.
pub fn check(spectrum: &Spectrum) -> Result<()> {
    let n = spectrum.n_images();
    ensure!(
        n >= 3,
        "a full covariance needs at least 3 images, and there are {n}; add images, or leave --full-covariance out"
    );
    Ok(())
}

/// Compares `families`, made at the reduced size, with the full covariance that `spectrum` holds; writes `distance_full.csv`.
pub fn compare(
    args: &DistanceArgs,
    session: &Session<'_>,
    spectrum: &Spectrum,
    floor: f64,
    families: &Families,
) -> Result<FullOutcome> {
    let reduced = spectrum
        .real_form_covariance()?
        .context("the full covariance was not summed up; this is a bug, please report it")?;
    let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
    let n = reduced.mean.len();
    let measured = ArrayView2::from_shape((n, n), &reduced.covariance)?;
    let full = FullGaussian::new(&reduced.mean, measured, n_images, floor)?;
    let grid = Grid::new(reduced.size);
    let form = RealForm::new(&grid);
    let model = DatasetModel::of_reduced(&reduced, n_images, floor);
    let setting = args.families.adjust(model.setting());
    let noises = families.realise_without_folders(&setting, args.shared.output.quiet)?;
    let mut rows = Vec::with_capacity(noises.len() + 1);
    let mut disagreeing = Vec::new();
    for noise in &noises {
        let squares = drawn_squares(args, noise, &form, &full)?;
        let row = row(noise, &grid, &form, &full, floor, &squares)?;
        let expected = row.d_rms_expected.map(|d| d * d);
        if expected.zip(Moments::of(&squares)).is_some_and(|(e, drawn)| !drawn.agrees_with(e)) {
            disagreeing.push(row.family.clone());
        }
        rows.push(row);
    }
    rows.sort_by(|a, b| {
        let key = |r: &FullDistanceRow| r.kl_data_noise_per_dim.unwrap_or(f64::INFINITY);
        key(a).total_cmp(&key(b))
    });
    let ranked = rows.iter_mut().filter(|r| r.kl_data_noise_per_dim.is_some());
    ranked.enumerate().for_each(|(i, r)| r.rank = Some(i + 1));
    let own = full.own_images_square(measured, n_images)?;
    rows.push(FullDistanceRow {
        d_rms_expected: Some(own.sqrt()),
        d_normalized: Some((own / n as f64).sqrt()),
        family: "images".to_owned(),
        ..FullDistanceRow::default()
    });
    write_table(&session.out, "distance_full.csv", &rows)?;
    Ok(FullOutcome { rows, disagreeing })
}

/// Squared distances of samples of `noise`.
fn drawn_squares(args: &DistanceArgs, noise: &Noise, form: &RealForm, full: &FullGaussian) -> Result<Vec<f64>> {
    let shared = &args.shared;
    let sampled = SampledNoise::new(noise.sampler.clone(), shared.input.seed, Role::Trial);
    let size: Size = sampled.size();
    let finish = |planes: &[f32], square: &mut f64| {
        let plane: Vec<f64> = planes.iter().map(|v| f64::from(*v)).collect();
        let mut numbers = vec![0.0; form.len()];
        form.apply(&orthonormal_dft(size, &plane), &mut numbers);
        *square = full.square(&numbers).unwrap_or(f64::NAN);
    };
    let mut squares = Vec::with_capacity(args.samples as usize);
    let emit = |_: usize, square: &f64| {
        squares.push(*square);
        Ok(())
    };
    draw_samples(&sampled, args.samples as usize, shared.compute.threads()?, interrupt::flag(), finish, emit)?;
    Ok(squares)
}

fn row(
    noise: &Noise,
    grid: &Grid,
    form: &RealForm,
    full: &FullGaussian,
    floor: f64,
    squares: &[f64],
) -> Result<FullDistanceRow> {
    let n = form.len() as f64;
    let drawn = Moments::of(squares);
    // Only of periodic noise are the numbers of the real Fourier form independent.
    let closed =
        noise.is_periodic.then(|| full.divergence(&form.variances(&noise.spectrum.power[0]), floor)).transpose()?;
    Ok(FullDistanceRow {
        delta: noise.spectrum.delta,
        noise_std: Some(noise.spectrum.pixel_std(grid)),
        d_mean: drawn.map(|m| m.mean),
        d_std: drawn.and_then(|m| m.std),
        d_rms_expected: closed.map(|d| d.expected_square.sqrt()),
        d_normalized: drawn.map(|m| m.mean / n.sqrt()),
        d_standard_errors: closed.zip(drawn).and_then(|(d, m)| m.standard_errors_from(d.expected_square)),
        w2_per_dim: closed.map(|d| (d.w2_square.max(0.0) / n).sqrt()),
        kl_noise_data_per_dim: closed.map(|d| d.kl_noise_data / n),
        kl_data_noise_per_dim: closed.map(|d| d.kl_data_noise / n),
        family: noise.spectrum.name.clone(),
        ..FullDistanceRow::default()
    })
}
