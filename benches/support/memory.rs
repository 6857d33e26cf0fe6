//! Peak memory of a scan by working size and number of workers: it must hardly grow with the workers.

use std::fmt::Write;
use std::path::Path;

use crate::image_sets::ImageSet;
use crate::{Outcome, process};

/// Working sizes, and what is asked at each, whatever the workers: most bytes.
const MOST_BYTES: [(usize, u64); 3] = [(256, 300_000_000), (1024, 700_000_000), (2048, 2_000_000_000)];

/// Workers.
const THREADS: [usize; 3] = [1, 2, 16];

/// Photographs of a run, two and a half for each of the most workers.
const N_PHOTOS: &str = "40";

/// Scans a few photographs, enlarged where they are smaller, at each size with each number of workers, and says what
/// memory that took.
pub fn table(photos: &ImageSet, data: &Path) -> Outcome<String> {
    let mut text = "| side | 1 worker | 2 | 16 | at most |\n|---:|---:|---:|---:|---|\n".to_owned();
    for (side, most) in MOST_BYTES {
        write!(text, "| {side} |")?;
        let mut peak = 0;
        for threads in THREADS {
            let mut command = process::specscan(&["scan"], &photos.folder, side, &data.join("out"));
            let threads = threads.to_string();
            command.args(["--num", N_PHOTOS, "--allow-upscale", "--max-memory", "64GiB", "--threads", &threads]);
            let used = process::run(&mut command)?.peak_bytes;
            peak = peak.max(used);
            write!(text, " {:.0} MB |", used as f64 / 1e6)?;
        }
        let verdict = if peak <= most { "ok" } else { "NOT MET" };
        writeln!(text, " {:.0} MB: {verdict} |", most as f64 / 1e6)?;
    }
    Ok(text)
}
