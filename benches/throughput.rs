//! How fast specscan is, against decoding alone and against a careful Python program: `cargo bench --bench throughput`.
//!
//! # What is measured
//!
//! All runs use all cores and the same files, one after the other (A B C A B C …), so that a machine that slows down
//! slows all of them. The table holds medians over rounds; ratios are medians of the ratios within a round. The rates
//! of `specscan …` are those of the whole process, from its start to its last written file; the peer is timed by itself
//! and without its start, which favours it.
//!
//! The peer's Γ and RAPSD are compared with specscan's before anything is timed: both compute the same thing.
//!
//! # Settings
//!
//! `SPECSCAN_BENCH_PHOTOS` names a folder of JPEG photographs, `SPECSCAN_BENCH_SMALL` the number of small images
//! (default 20,000), `SPECSCAN_PYTHON` a Python with the peer's requirements
//! (else a virtual environment is made with pip), `SPECSCAN_BENCH_ROUNDS` the number of rounds (default 5).

#[path = "support/agreement.rs"]
mod agreement;
#[path = "support/image_sets.rs"]
mod image_sets;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[path = "support/repeats.rs"]
mod repeats;
#[path = "support/table.rs"]
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};

use image_sets::ImageSet;
use peer::Peer;
use repeats::Repeats;
use table::{Measured, Row, Targets};

/// Rounds, unless the environment says otherwise.
const DEFAULT_ROUNDS: usize = 5;

/// What is asked on photographs: decoding, exact resampling and transforms take 70 % of the time that there is.
const PHOTOS: Targets = Targets { of_peer: 2.6, of_decoding: 0.57 };

/// What is asked on small images.
const SMALL: Targets = Targets { of_peer: 5.0, of_decoding: 0.55 };

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let data = data_folder()?;
    let rounds = match std::env::var("SPECSCAN_BENCH_ROUNDS") {
        Ok(text) => text.parse()?,
        Err(_) => DEFAULT_ROUNDS,
    };
    let sets = [
        Subject::new(image_sets::photographs(&data)?, PHOTOS)?,
        Subject::new(image_sets::small_images(&data)?, SMALL)?,
    ];
    let peer = Peer::find(&data).map_err(|error| eprintln!("no Python peer: {error}")).ok();
    // Memory first: what this process holds would count as its children's (see `process`).
    let peaks = sets.iter().map(|subject| peak_memory(subject, &data)).collect::<Outcome<Vec<_>>>()?;
    let by_workers = memory::table(&sets[0].set, &data)?;
    let mut all = Vec::new();
    for (subject, peak) in sets.iter().zip(peaks) {
        let (rows, notes) = measure(subject, peer.as_ref(), rounds, &data)?;
        let name = subject.name();
        let n_images = subject.repeats.files.len();
        all.push(Measured { name, n_images, rows, notes, peak, targets: subject.targets });
    }
    println!("{}\nPeak memory of `specscan scan`:\n\n{by_workers}", table::render(&all, rounds));
    Ok(())
}

/// A set of images, what a run reads of it, and what is asked of the speed on it.
struct Subject {
    set: ImageSet,
    repeats: Repeats,
    targets: Targets,
}

impl Subject {
    fn new(set: ImageSet, targets: Targets) -> Outcome<Self> {
        let repeats = Repeats::of(&set)?;
        Ok(Self { set, repeats, targets })
    }

    fn name(&self) -> String {
        match self.repeats.n_names {
            1 => self.set.name.clone(),
            n => format!("{} ({n} names each)", self.set.name),
        }
    }
}

/// `target/bench-data`, beside the profile folders.
fn data_folder() -> Outcome<PathBuf> {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench-data");
    std::fs::create_dir_all(&data)?;
    Ok(data.canonicalize()?)
}

/// Peak memory of `specscan scan` on a set, and on the larger one, bytes.
fn peak_memory(Subject { set, repeats, .. }: &Subject, data: &Path) -> Outcome<(u64, u64)> {
    let peak = |folder: &Path| -> Outcome<u64> {
        Ok(process::run(&mut process::specscan(&["scan"], folder, set.side, &results(set, data)))?.peak_bytes)
    };
    Ok((peak(&repeats.folder)?, peak(&repeats.larger)?))
}

/// Where results of a set go: those of another in the same folder would be looked at by every run.
fn results(set: &ImageSet, data: &Path) -> PathBuf {
    data.join(format!("out-{}", set.side))
}

/// One thing that is timed: a name, and a run that returns images per second.
type Timed<'a> = (&'static str, Box<dyn FnMut() -> Outcome<f64> + 'a>);

/// Times everything on one set, in turns.
fn measure(subject: &Subject, peer: Option<&Peer>, rounds: usize, data: &Path) -> Outcome<(Vec<Row>, Vec<String>)> {
    let Subject { set, repeats, .. } = subject;
    let files = &repeats.files;
    let mut notes = Vec::new();
    let mut timed: Vec<Timed<'_>> = vec![
        (table::DECODE_ONLY, Box::new(|| in_process::decode_only(files))),
        ("library scan, all sums", Box::new(|| Ok(in_process::scan_all(files, set.side)?.images_per_s))),
        (table::SCAN, Box::new(|| whole_process(&["scan"], subject, data))),
        (table::RAPSD, Box::new(|| whole_process(&["rapsd", "--images", "none"], subject, data))),
        (table::BOUNDS, Box::new(|| whole_process(&["bounds"], subject, data))),
    ];
    if let Some(peer) = peer {
        let theirs = peer.run(&set.folder, set.side, data)?;
        let ours = in_process::scan_all(&set.files, set.side)?;
        notes.push(agreement::check(&ours.spectrum, &theirs)?);
        notes.push(format!("Python peer: {}", theirs.versions));
        timed.push((table::PEER, Box::new(|| Ok(peer.run(&repeats.folder, set.side, data)?.images_per_s))));
        match peer.run_pysteps(&set.folder, set.side) {
            Ok(rate) => notes.push(format!("`pysteps.utils.spectral.rapsd` per channel, once: {rate:.0} images/s")),
            Err(_) => notes.push("pysteps is not installed, so it was not measured".to_owned()),
        }
    }
    let mut rows: Vec<Row> = timed.iter().map(|(name, _)| Row { name, rates: Vec::new() }).collect();
    for round in 1..=rounds {
        for ((name, run), row) in timed.iter_mut().zip(&mut rows) {
            let rate = run()?;
            eprintln!("round {round}/{rounds}, {}: {name} {rate:.0} images/s", set.name);
            row.rates.push(rate);
        }
    }
    drop(timed);
    Ok((rows, notes))
}

fn whole_process(subcommand: &[&str], Subject { set, repeats, .. }: &Subject, data: &Path) -> Outcome<f64> {
    let usage = process::run(&mut process::specscan(subcommand, &repeats.folder, set.side, &results(set, data)))?;
    Ok(repeats.files.len() as f64 / usage.elapsed.as_secs_f64())
}
