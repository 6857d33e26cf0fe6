//! The program against an independent NumPy computation that may lie beside the project: every mode of the photographs, and JPEG files
//! through the decoder and the resampler.
//!
//! Skipped, with the reason printed, where the computation or a Python with NumPy and Pillow is missing; with
//! `SPECSCAN_REQUIRE_ORACLE=1` that is a failure. `SPECSCAN_PYTHON` names the interpreter.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn python() -> String {
    std::env::var("SPECSCAN_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// What is missing for a comparison on `photos`, if anything.
fn missing(photos: &Path) -> Option<String> {
    let oracle = root("../shared/oracle/specref.py");
    if let Some(path) = [oracle.as_path(), photos].iter().find(|path| !path.exists()) {
        return Some(format!("{} does not exist", path.display()));
    }
    let imports = Command::new(python()).args(["-c", "import numpy, PIL"]).output();
    match imports {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("{} has no NumPy or Pillow: {}", python(), String::from_utf8_lossy(&output.stderr))),
        Err(error) => Some(format!("{} cannot be started: {error}", python())),
    }
}

/// Runs the comparison, or says why not.
fn compare(photos: &Path, mode: &[&str]) {
    if let Some(reason) = missing(photos) {
        assert!(
            std::env::var_os("SPECSCAN_REQUIRE_ORACLE").is_none_or(|v| v != "1"),
            "the comparison is required: {reason}"
        );
        println!("skipped: {reason}");
        return;
    }
    let output = Command::new(python())
        .arg(root("tests/reference/compare_with_oracle.py"))
        .args([root("../shared/oracle").as_path(), Path::new(env!("CARGO_BIN_EXE_specscan")), photos])
        .args(mode)
        .output()
        .expect("Python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("ok  "), "nothing was compared: {text}");
}

#[test]
fn photographs_agree_mode_by_mode() {
    compare(&root("fixtures/photos"), &[]);
}

#[test]
fn jpeg_files_agree_after_resampling() {
    compare(&root("../shared/data/bench"), &["jpeg"]);
}
