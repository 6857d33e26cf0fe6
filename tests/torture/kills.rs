//! Runs that are killed, disturbed or short of space: results old or new, never both.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tempfile::TempDir;

use crate::{SEED, rounds};

/// Images of the set.
const N_IMAGES: u64 = 5;
/// Longest wait for a run, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Commands with what they are told beside the set: one that writes into the folder itself, and one that has a folder
/// of results in it.
const COMMANDS: [(&str, &[&str]); 2] = [("scan", &["--name", "set"]), ("inspect", &[])];
/// Where results go: beside the images, below them, and among them.
const PLACES: [&str; 3] = ["out", "photos/out", "photos"];

/// A folder with a set in `photos`, in which the program runs.
struct World {
    root: TempDir,
    command: &'static str,
    options: &'static [&'static str],
}

impl World {
    fn create((command, options): (&'static str, &'static [&'static str])) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("photos")).expect("a folder");
        for file in 0..N_IMAGES as u32 {
            // The last two are one picture, which `inspect` finds.
            let i = file.min(N_IMAGES as u32 - 2);
            let pixel = |x: u32, y: u32| Rgb([(x * 7 + y * i) as u8, (x * y + 31 * i) as u8, (x ^ (y + i)) as u8 * 3]);
            let image = RgbImage::from_fn(48, 40, pixel);
            image.save(root.path().join(format!("photos/{file}.png"))).expect("an image");
        }
        Self { root, command, options }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A run on the set into `place`; what it leaves differs between sides.
    fn run(&self, place: &str, side_px: usize) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
        command.env_clear().current_dir(self.root.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.args([self.command, "photos", "-q", "-j", "2", "-o", place]).args(self.options);
        command.args(["--resolution", &side_px.to_string()]);
        command
    }

    fn spawn(&self, place: &str, side_px: usize) -> Child {
        self.run(place, side_px).spawn().expect("starts")
    }

    /// Makes a run to its end, which is a good one, and leaves no trace of what came before.
    fn succeed(&self, place: &str, side_px: usize, when: &str) {
        let output = self.run(place, side_px).output().expect("runs");
        assert_eq!(output.status.code(), Some(0), "{when}: {}", String::from_utf8_lossy(&output.stderr));
        let manifest = self.assert_whole(place, when).expect("a manifest");
        assert_eq!(manifest["preprocess"]["size"]["width"], side_px, "{when}: whose manifest is it");
        let counts = &manifest["counts"];
        assert_eq!((&counts["n_files"], &counts["n_skipped"]), (&N_IMAGES.into(), &0.into()), "{when}: {counts}");
        assert!(!self.path(place).join(".specscan").exists(), "{when}: something is left");
    }

    /// Every file that the manifest names has its hash; the manifest, if there is one.
    fn assert_whole(&self, place: &str, when: &str) -> Option<Value> {
        let folder = self.path(place);
        let manifest: Value = serde_json::from_slice(&fs::read(folder.join(format!("{}.json", self.command))).ok()?)
            .expect("a whole document");
        let files = |run: &Value, key: &str| run[key].as_array().cloned().unwrap_or_default();
        let runs = std::iter::once(manifest.clone()).chain(files(&manifest, "earlier_runs"));
        let named: Vec<Value> =
            runs.flat_map(|run| [files(&run, "results"), files(&run, "samples")].concat()).collect();
        let names: Vec<&str> = named.iter().map(|file| file["name"].as_str().expect("a name")).collect();
        let has_all = match self.command {
            "scan" => names.len() >= 9,
            _ => ["inspect.csv", "inspect/duplicate.txt", "inspect/duplicate.png"].iter().all(|n| names.contains(n)),
        };
        assert!(has_all, "{when}: {names:?}");
        for file in named {
            let bytes = fs::read(folder.join(file["name"].as_str().expect("a name"))).unwrap_or_default();
            assert_eq!(file["xxh3"], format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes)), "{when}: {file}");
        }
        Some(manifest)
    }

    fn journal(&self, place: &str) -> PathBuf {
        self.path(place).join(".specscan/journal.json")
    }
}

/// The end of a run, which is killed after a time, or ends before.
fn kill_after(mut child: Child, wait: Duration) -> Output {
    let start = Instant::now();
    while start.elapsed() < wait && child.try_wait().expect("a child").is_none() {
        std::hint::spin_loop();
    }
    // It may have ended.
    let _ = child.kill();
    child.wait_with_output().expect("ended")
}

/// Waits until the file is there, or the run has ended.
fn wait_for(path: &Path, child: &mut Child) {
    let start = Instant::now();
    while !path.exists() && child.try_wait().expect("a child").is_none() {
        assert!(start.elapsed() < PATIENCE, "the run neither commits nor ends");
    }
}

/// What kills left, by what the folder showed then.
#[derive(Default, Debug)]
struct Left {
    old: usize,
    new: usize,
    no_manifest: usize,
    with_journal: usize,
}

impl Left {
    /// Checks a folder after a kill in a run of `side_px` over results of `old_px`, and lets the run be made again.
    fn check(&mut self, world: &World, place: &str, (old_px, side_px): (usize, usize), when: &str) {
        self.with_journal += usize::from(world.journal(place).exists());
        match world.assert_whole(place, when).map(|manifest| manifest["preprocess"]["size"]["width"].clone()) {
            None => self.no_manifest += 1,
            Some(side) if side == old_px => self.old += 1,
            Some(side) => {
                assert_eq!(side, side_px, "{when}");
                self.new += 1;
            }
        }
        world.succeed(place, side_px, &format!("{when}, again"));
    }
}

/// Sides of the runs, by turns.
fn sides(round: usize) -> (usize, usize) {
    if round.is_multiple_of(2) { (16, 24) } else { (24, 16) }
}

#[test]
fn kills_at_random_moments_mix_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for (place, command) in PLACES.into_iter().flat_map(|place| COMMANDS.map(|command| (place, command))) {
        let world = World::create(command);
        world.succeed(place, 16, "at first");
        let start = Instant::now();
        world.succeed(place, 16, "for the time it takes");
        let whole = start.elapsed();
        let mut left = Left::default();
        for round in 0..rounds(4, 67) {
            let wait = whole.mul_f64(rng.random_range(0.0..1.1));
            kill_after(world.spawn(place, sides(round).1), wait);
            left.check(&world, place, sides(round), &format!("{place}, round {round}, killed after {wait:?}"));
        }
        println!("random kills in {place}, of {} of {whole:?}: {left:?}", command.0);
    }
}

#[test]
fn kills_aimed_at_the_commit_mix_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + 1);
    for command in COMMANDS {
        let world = World::create(command);
        let place = PLACES[1];
        world.succeed(place, 16, "at first");
        let mut child = world.spawn(place, 16);
        wait_for(&world.journal(place), &mut child);
        let start = Instant::now();
        while world.journal(place).exists() {
            std::hint::spin_loop();
        }
        let whole = start.elapsed();
        child.wait_with_output().expect("ended");
        let mut left = Left::default();
        for round in 0..rounds(8, 40) {
            let mut child = world.spawn(place, sides(round).1);
            wait_for(&world.journal(place), &mut child);
            let wait = whole.mul_f64(rng.random_range(0.0..1.0));
            kill_after(child, wait);
            left.check(&world, place, sides(round), &format!("round {round}, killed {wait:?} into the commit"));
        }
        println!("kills aimed at the commit of {}, of {whole:?}: {left:?}", command.0);
        assert!(left.with_journal > 0, "none met the commit: {left:?}");
    }
}

#[test]
fn two_writers_mix_nothing() {
    let world = World::create(COMMANDS[0]);
    let place = PLACES[0];
    world.succeed(place, 16, "at first");
    let (mut n_refused, mut n_both) = (0, 0);
    for round in 0..rounds(4, 40) {
        let children = [16, 24].map(|side_px| world.spawn(place, side_px));
        let outputs = children.map(|child| child.wait_with_output().expect("ended"));
        for output in &outputs {
            let stderr = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => {}
                Some(2) => {
                    n_refused += 1;
                    assert!(
                        stderr.contains("is being written to by `specscan scan` (process "),
                        "round {round}: {stderr}"
                    );
                }
                code => panic!("round {round}: {code:?}, {stderr}"),
            }
        }
        let n_done = outputs.iter().filter(|output| output.status.code() == Some(0)).count();
        assert!(n_done > 0, "round {round}: neither wrote");
        n_both += usize::from(n_done == 2);
        world.assert_whole(place, &format!("round {round}")).expect("a manifest");
        assert!(!world.path(place).join(".specscan").exists(), "round {round}");
    }
    println!("two writers: {n_refused} refused, {n_both} one after the other");
}

/// Files of a folder with their content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let content = |path: PathBuf| if path.is_dir() { Vec::new() } else { fs::read(path).expect("a file") };
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), content(entry.path()))).collect()
}

/// Lets no file of the child grow beyond a size; writes then fail, as on a disk that is full.
#[cfg(unix)]
fn limit_files(command: &mut Command, n_bytes: u64) {
    use std::os::unix::process::CommandExt;
    let limit = libc::rlimit { rlim_cur: n_bytes, rlim_max: n_bytes };
    // SAFETY: both calls are safe between fork and exec; the signal would end the program instead of failing the write.
    unsafe {
        command.pre_exec(move || {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            if libc::setrlimit(libc::RLIMIT_FSIZE, &limit) == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        });
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_whole_leaves_the_old_results() {
    let world = World::create(COMMANDS[0]);
    world.succeed("new", 24, "for the sizes");
    world.succeed("out", 16, "at first");
    let old = contents(&world.path("out"));
    let mut sizes: Vec<u64> = contents(&world.path("new")).values().map(|bytes| bytes.len() as u64).collect();
    sizes.sort_unstable();
    sizes.dedup();
    assert!(sizes.len() >= 8, "{sizes:?}");
    for n_bytes in &sizes {
        let mut command = world.run("out", 24);
        // The largest file that is written is a byte too long.
        limit_files(&mut command, n_bytes - 1);
        let output = command.output().expect("runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{n_bytes} bytes: {stderr}");
        assert!(stderr.contains("error: "), "{n_bytes} bytes: {stderr}");
        assert!(contents(&world.path("out")) == old, "{n_bytes} bytes: {stderr}");
    }
    world.succeed("out", 24, "with room");
    println!("files limited to each of {} sizes: the old results stayed", sizes.len());
}
