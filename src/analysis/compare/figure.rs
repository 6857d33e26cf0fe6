//! The picture of a comparison: spectra above, what each has over the first below.

use super::FileVectors;
use super::report::{CompareReport, Curve};
use crate::analysis::Scanned;
use crate::report::plot::compare::{CompareFigure, Overlay};
use crate::spectrum::RapsdOf;
use crate::stats::student::student_quantile;

/// The curves of all sets.
pub(super) fn curves(sets: &[(String, Scanned, FileVectors)]) -> Vec<Curve> {
    let curve = |(_, set, _): &(String, Scanned, FileVectors)| {
        let statistics = set.spectrum.radial_statistics(RapsdOf::ChannelMean);
        let quantile = student_quantile(statistics.n_files as f64 - 1.0);
        let errors = statistics.standard_error();
        Curve {
            frequency_cycles_per_px: set.spectrum.grid().annulus_frequencies(),
            relative_half_width: errors.iter().zip(&statistics.mean).map(|(e, m)| quantile * e / m).collect(),
            mean: statistics.mean,
        }
    };
    sets.iter().map(curve).collect()
}

/// The picture.
pub(super) fn figure(report: &CompareReport, curves: &[Curve]) -> CompareFigure {
    let overlays = report.sets.iter().zip(curves).enumerate().map(|(i, (set, curve))| {
        let annuli = i.checked_sub(1).map(|i| &report.comparisons[i].annuli);
        let over_first = annuli.map(|rows| {
            rows.iter()
                .map(|row| {
                    let n_files = report.sets[0].n_files.min(set.n_files) as f64;
                    let half = row.difference_db_se.map_or(f64::NAN, |se| student_quantile(n_files - 1.0) * se);
                    (row.difference_db.unwrap_or(f64::NAN), half)
                })
                .unzip()
        });
        Overlay {
            label: format!("{}, {} images", set.name, set.n_images),
            power: curve.mean.clone(),
            relative_half_width: curve.relative_half_width.clone(),
            over_first,
        }
    });
    CompareFigure {
        title: title(report),
        subtitle: format!(
            "{} at {}, mean RAPSD with 95 % intervals between files, each annulus by itself{}",
            report.sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>().join(", "),
            report.sets[0].preprocess.size,
            if report.is_paired() { "; intervals are of the sets as wholes, not of their pairs" } else { "" }
        ),
        frequency_cycles_per_px: curves[0].frequency_cycles_per_px.clone(),
        overlays: overlays.collect(),
    }
}

fn title(report: &CompareReport) -> String {
    let first = &report.sets[0].name;
    let differing: Vec<&str> =
        report.comparisons.iter().filter(|c| c.spectra_differ()).map(|c| c.second.as_str()).collect();
    match differing.as_slice() {
        [] => format!("No spectrum differs from that of {first} by more than chance"),
        [only] => format!("The spectrum of {only} differs from that of {first}"),
        names => format!("The spectra of {} differ from that of {first}", names.join(", ")),
    }
}
