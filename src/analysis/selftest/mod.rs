//! Whether the mathematics of this program is right on this machine: properties, known values and published numbers,
//! each with how far off it was.

mod draw;
mod noise_checks;
mod transform_checks;

use anyhow::Result;
use serde::Serialize;

use super::about::SCHEMA_VERSION;
use super::words::{finite, or_dash, wrap};
use super::{Outputs, Report};
use crate::report::text::{align, short};
use crate::spectral::fft2::fft_kernel;

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What is compared.
    pub name: String,
    /// What it should be.
    pub expected: f64,
    /// What it is here.
    pub found: f64,
    /// How far `found` is from `expected`, in `unit`.
    pub error: f64,
    /// The largest error that passes.
    pub tolerance: f64,
    /// What the error is measured in.
    pub unit: &'static str,
    /// Whether it is within the tolerance.
    pub passed: bool,
}

impl Check {
    /// The difference, as it is.
    fn absolute(name: impl Into<String>, found: f64, expected: f64, tolerance: f64, unit: &'static str) -> Self {
        let error = (found - expected).abs();
        // NaN is within nothing.
        Self { name: name.into(), expected, found, error, tolerance, unit, passed: error <= tolerance }
    }

    /// The difference as a share of what is expected.
    fn relative(name: impl Into<String>, found: f64, expected: f64, tolerance: f64) -> Self {
        let error = (found / expected - 1.0).abs();
        Self { name: name.into(), expected, found, error, tolerance, unit: "relative", passed: error <= tolerance }
    }
}

/// What was checked.
#[derive(Debug, Clone, Serialize)]
pub struct SelftestReport {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// Version of the program.
    pub specscan_version: &'static str,
    /// Code path of the transform.
    pub fft_kernel: &'static str,
    /// Every comparison.
    pub checks: Vec<Check>,
    /// Whether all of them passed.
    pub passed: bool,
}

/// Compares.
///
/// # Errors
///
/// If a noise cannot be made or a law cannot be fitted.
pub fn selftest() -> Result<SelftestReport> {
    let mut checks = transform_checks::all()?;
    checks.extend(noise_checks::all()?);
    Ok(SelftestReport::of(checks))
}

impl SelftestReport {
    fn of(checks: Vec<Check>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            specscan_version: env!("CARGO_PKG_VERSION"),
            fft_kernel: fft_kernel(),
            passed: checks.iter().all(|check| check.passed),
            checks,
        }
    }

    /// The verdict and what to do with it.
    fn verdict(&self) -> String {
        let failed: Vec<&str> = self.checks.iter().filter(|c| !c.passed).map(|c| c.name.as_str()).collect();
        if failed.is_empty() {
            return format!(
                "All {} checks passed with the transform {}: results of this build on this machine can be \
                 trusted as far as \
                 the mathematics goes.",
                self.checks.len(),
                self.fft_kernel
            );
        }
        format!(
            "{} of {} checks failed ({}): do not use results of this build on this machine. Build again with \
             `cargo build --release` and no compiler flags of your own; if it fails again, report this output \
             with your processor's \
             name.",
            failed.len(),
            self.checks.len(),
            failed.join("; ")
        )
    }
}

impl Report for SelftestReport {
    const OUTPUTS: Outputs = Outputs { files: &[], plots: &[] };

    fn lines(&self) -> Vec<String> {
        // An error that is none (NaN) has no digits.
        let number = |value: f64| if value.is_nan() { "none".to_owned() } else { short(value) };
        let exponent = |value: f64| match finite(value) {
            Some(0.0) => "0".to_owned(),
            value => or_dash(value, |value| format!("{value:.1e}")),
        };
        let row = |check: &Check| {
            vec![
                check.name.clone(),
                number(check.expected),
                number(check.found),
                exponent(check.error),
                exponent(check.tolerance),
                if check.passed { "passed" } else { "FAILED" }.to_owned(),
            ]
        };
        let header = ["check", "expected", "found", "off by", "allowed", ""].map(str::to_owned).to_vec();
        let table: Vec<_> = std::iter::once(header).chain(self.checks.iter().map(row)).collect();
        [wrap(&self.verdict()), vec![String::new()], align(&table)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_passes_here_and_is_told_in_80_columns() {
        let report = selftest().expect("checks");
        let lines = report.lines();
        assert!(report.passed && report.checks.len() >= 14, "{}", lines.join("\n"));
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", lines.join("\n"));
        for part in ["19.32", "27.33", "1.940", "2.748", "19.42"] {
            assert!(lines.iter().any(|line| line.contains(part)), "no published {part} in {}", lines.join("\n"));
        }
    }

    #[test]
    fn a_wrong_number_fails_by_name() {
        for wrong in [1.01, f64::NAN, f64::INFINITY] {
            for check in
                [Check::relative("right", 1.0 + 1e-9, 1.0, 1e-6), Check::absolute("right", 1.0 + 1e-9, 1.0, 1e-6, "Δ")]
            {
                assert!(check.passed);
                let bad = Check::relative("sum of squares", wrong, 1.0, 1e-6);
                let report = SelftestReport::of(vec![check, bad, Check::absolute("Δ", wrong, 1.0, 1e-6, "Δ")]);
                assert!(!report.passed && report.checks[0].passed && !report.checks[2].passed);
                let text = report.lines().join("\n");
                assert!(text.starts_with("2 of 3 checks failed (sum of squares; Δ): do not use"), "{text}");
                assert!(text.contains("FAILED"), "{text}");
            }
        }
    }
}
