//! How fast noise is drawn, against SciPy's transforms with the same workers: `cargo bench --bench noise`.
//!
//! # What is measured
//!
//! Fields of 256×256 cut from 768×768 (`cloud-crop:1.5`), one channel, on all cores: ours whole (random numbers,
//! transform, crop), SciPy's inverse transform alone, and SciPy's with NumPy's random numbers. In turns, medians over
//! rounds of the ratios within a round. `SPECSCAN_PYTHON` names a Python with the peer's requirements,
//! `SPECSCAN_BENCH_ROUNDS` the number of rounds (default 5).

#[path = "support/peer.rs"]
#[allow(dead_code)]
mod peer;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use specscan::noise::field::Role;
use specscan::noise::{SampledNoise, Setting, parse_family, realise};
use specscan::pipeline::Cancel;
use specscan::pipeline::noise::draw_samples;
use specscan::pipeline::observer::Silent;
use specscan::spectral::{Grid, Size};

const SIDE: usize = 256;
const FIELDS: usize = 1000;
/// At most this many times what SciPy's transforms alone take.
const MAX_RATIO: f64 = 3.0;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds: usize = std::env::var("SPECSCAN_BENCH_ROUNDS").map_or(Ok(5), |text| text.parse())?;
    let threads = std::thread::available_parallelism()?.get();
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench-data");
    std::fs::create_dir_all(&data)?;
    let peer = peer::Peer::find(&data)?;
    let (mut transforms, mut wholes, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let seconds = draw(threads)?;
        let theirs = scipy(&peer, threads)?;
        eprintln!(
            "round {round}/{rounds}: specscan {seconds:.2} s, SciPy's transforms {:.2} s, with random numbers {:.2} s",
            theirs.0, theirs.1
        );
        transforms.push(seconds / theirs.0);
        wholes.push(seconds / theirs.1);
        ours.push(seconds);
    }
    let ratio = median(&mut transforms);
    println!(
        "# {FIELDS} fields of {SIDE}×{SIDE} cut from {0}×{0}, {threads} workers, medians of {rounds} rounds",
        3 * SIDE
    );
    println!("specscan, whole                 {:6.2} s", median(&mut ours));
    println!(
        "over SciPy's transforms alone   {ratio:6.2} times (at most {MAX_RATIO}: {})",
        if ratio < MAX_RATIO { "holds" } else { "MISSED" }
    );
    println!("over SciPy with random numbers  {:6.2} times", median(&mut wholes));
    Ok(())
}

/// Seconds of SciPy for all fields: of its transforms alone, and with random numbers.
fn scipy(peer: &peer::Peer, threads: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let numbers = [SIDE, FIELDS, threads].map(|n| n.to_string());
    let report = peer.run_script("noise.py", &numbers.each_ref().map(|n| n.as_ref()))?;
    let seconds = |key: &str| report[key].as_f64().ok_or_else(|| format!("the peer did not print {key}"));
    Ok((seconds("transform_s")?, seconds("whole_s")?))
}

/// Seconds for all fields.
fn draw(threads: usize) -> Result<f64, Box<dyn Error>> {
    let started = Instant::now();
    let grid = Grid::new(Size::square(SIDE));
    let setting = Setting::free(&grid, 1);
    let noise = realise(&*parse_family("cloud-crop:1.5")?, &setting)?;
    let sampled = SampledNoise::new(noise.sampler, 0, Role::Noise);
    let mut sum = 0.0;
    let finish = |planes: &[f32], first: &mut f32| *first = planes[0];
    let emit = |_: usize, first: &f32| {
        sum += f64::from(*first);
        Ok(())
    };
    draw_samples(&sampled, FIELDS, threads, (&Silent, &Cancel::new(false)), finish, emit)?;
    std::hint::black_box(sum);
    Ok(started.elapsed().as_secs_f64())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    0.5 * (values[(n - 1) / 2] + values[n / 2])
}
