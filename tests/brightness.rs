//! How often the offset's intervals hold the truth on photographs that may lie beside the project
//! (`../shared/data/more`, or below the folder that `SPECSCAN_SHARED` names). Skipped, with the reason printed, where
//! they are missing.

use std::path::PathBuf;
use std::process::Command;

use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use specscan::diffusion::brightness::Brightness;
use specscan::stats::brightness::Sample;

/// Side of the working images, pixels.
const SIDE_PX: usize = 64;

/// Brightness of each photograph; none without photographs.
fn brightness() -> Option<Vec<f64>> {
    let shared = std::env::var_os("SPECSCAN_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let photos = shared.join("data/more");
    if !photos.exists() {
        println!("skipped: {} does not exist", photos.display());
        return None;
    }
    let out = tempfile::tempdir().expect("a temporary folder");
    let status = Command::new(env!("CARGO_BIN_EXE_specscan"))
        .arg("scan")
        .arg(photos)
        .args(["--resolution", &SIDE_PX.to_string(), "--channels", "luma", "--plots", "none", "-q", "-o"])
        .arg(out.path())
        .status();
    assert!(status.expect("the program starts").success());
    let mut table = csv::Reader::from_path(out.path().join("images.csv")).expect("a table");
    let column = table.headers().expect("a header").iter().position(|name| name == "mean").expect("a column");
    Some(table.records().map(|row| row.expect("a row")[column].parse().expect("a number")).collect())
}

/// The offset of these images, each a file, with its interval.
fn offset(values: Vec<f64>) -> (f64, Option<f64>, Option<f64>) {
    let files = (0..values.len() as u32).collect();
    let found = Brightness::of_sample(&Sample::new(vec![values], files), SIDE_PX * SIDE_PX, &[], 0);
    let offset = found.matching.independent;
    (offset.value, offset.low95, offset.high95)
}

#[test]
fn intervals_from_subsets_of_photographs_hold_the_offset_of_all() {
    let Some(all) = brightness() else { return };
    let (truth, ..) = offset(all.clone());
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for (n, least) in [(5, 0.86), (12, 0.86), (50, 0.90)] {
        let (mut covered, mut width) = (0, 0.0);
        for _ in 0..1000 {
            let (_, low, high) = offset(sample(&mut random, all.len(), n).iter().map(|i| all[i]).collect());
            covered += u32::from(low <= Some(truth) && high >= Some(truth));
            width += high.expect("files") - low.expect("files");
        }
        let share = f64::from(covered) / 1000.0;
        println!("{n} of {} photographs: {share}, half-width {:.3} of {truth:.3}", all.len(), width / 2000.0);
        assert!(share >= least && share <= 0.99, "{n}: {share}");
    }
}
