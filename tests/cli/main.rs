//! The program as a user meets it: exit codes, messages, files. Every test runs the binary in a folder of its own with
//! an empty environment.

#[path = "../support/arrays.rs"]
mod arrays;
#[path = "../support/sets.rs"]
mod sets;

mod bounds; // noise bounds and waste
mod broken_images; // skips: every kind of bad file, --max-skipped
mod check; // policies, verdicts, reports for CI
mod check_words; // what check says, and baselines that stay
mod compare; // sets beside each other: sentences, tables, refusals
mod convert; // noise levels in other notations
mod decode_scale; // JPEGs made smaller by the decoder
mod distance; // noise families against images, odd images, halves
mod files_doc; // docs/files.md against what is written
mod first_use; // ordinary folders without an option
mod inspect; // findings, lists, sheets
mod interruption;
mod junit; // Ctrl-C, broken pipes, progress
mod latents; // arrays as input
#[cfg(target_os = "linux")]
mod no_loss; // damage, other passes, names, streams that are full
mod noise; // samples, their files, names that are none
mod offset_blur_snr; // brightness, blur against noise, SNR
mod options; // values that cannot be, and where they are refused
mod own_results; // folders of earlier results as input and output
mod plain_use; // help, dry runs, --json, -q, few images
mod recommend; // settings for trainers
mod recommend_by_class; // the same of each folder
mod saved_spectra; // .spectrum input, merge, export
mod schedules; // schedules, samplers, draws
#[cfg(target_os = "linux")]
mod slow_disk; // reading ahead
mod spared_inputs; // folders of images as folders of results
mod tables; // columns, order and content of what is written
mod trainers; // recommend --for: files of trainers
mod until; // samples that are enough

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

/// A folder of its own for one test; the program runs in it.
pub struct World(TempDir);

impl World {
    /// An empty one.
    pub fn create() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// With `n` PNG images of 24×16 pixels in `photos`.
    pub fn with_photos(n: u32) -> Self {
        let world = Self::create();
        write_uniform(&world.path("photos"), n, 24, 16);
        world
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, bytes).expect("a file");
    }

    /// The program with an empty environment, in this folder.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
        command.env_clear().current_dir(self.0.path()).args(arguments);
        command
    }

    /// Runs words separated by blanks.
    pub fn run(&self, words: &str) -> Assert {
        self.command(words.split_whitespace()).assert()
    }

    /// Runs and expects success.
    pub fn succeed(&self, words: &str) -> Printed {
        Printed::from(self.run(words).code(0).get_output())
    }

    /// Runs and expects exit code 2 with an error that has `parts`, nothing on stdout, and no panic.
    pub fn refuse(&self, words: &str, parts: &[&str]) {
        let printed = Printed::from(self.run(words).code(2).get_output());
        assert_eq!(printed.stdout, "", "{words}");
        assert!(printed.stderr.lines().any(|line| line.starts_with("error: ")), "{words}: {}", printed.stderr);
        for part in parts {
            assert!(printed.stderr.contains(part), "{words}: `{part}` is missing in: {}", printed.stderr);
        }
        assert!(!printed.stderr.contains("panicked"), "{words}: {}", printed.stderr);
    }

    /// Names of the files in a folder, sorted, hidden ones too; none if there is no such folder.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).expect("JSON")
    }

    pub fn table(&self, name: &str) -> Table {
        Table::parse(&self.read(name))
    }
}

/// `n` PNG images of one size, `00.png`, `01.png` …
pub fn write_uniform(folder: &Path, n: u32, width: u32, height: u32) {
    for i in 0..n {
        sets::save(&folder.join(format!("{i:02}.png")), &sets::picture(width, height, i).into());
    }
}

/// What a run printed.
pub struct Printed {
    pub stdout: String,
    pub stderr: String,
}

impl From<&Output> for Printed {
    fn from(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        Self { stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Printed {
    /// The one JSON object on stdout.
    pub fn json(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in {}", self.stdout))
    }
}

/// A CSV table.
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn parse(bytes: &[u8]) -> Self {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        let records = reader.records().map(|r| r.expect("rows are as long as the header"));
        let mut rows: Vec<Vec<String>> = records.map(|r| r.iter().map(str::to_owned).collect()).collect();
        let header = rows.remove(0);
        Self { header, rows }
    }

    /// The cells of a column.
    pub fn column(&self, name: &str) -> Vec<&str> {
        let at = self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name} in {:?}", self.header));
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }

    /// The numbers of a column without empty cells.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        self.column(name).iter().map(|cell| cell.parse().unwrap_or_else(|_| panic!("{name}: `{cell}`"))).collect()
    }
}
