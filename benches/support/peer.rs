//! The Python peer: finds or makes a Python that can run it, runs it, and reads what it computed.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::{Array1, Array3, Ix1, Ix3, OwnedRepr};
use ndarray_npy::NpzReader;

/// Environment variable that names a Python with numpy, scipy and pillow.
const PYTHON_VARIABLE: &str = "SPECSCAN_PYTHON";

/// A Python that can run the peer.
pub struct Peer {
    python: PathBuf,
    script: PathBuf,
}

/// What the peer computed, and how fast.
pub struct PeerResults {
    /// Images per second by the peer's own clock, which starts when its workers are up.
    pub images_per_s: f64,
    /// Γ: channels × ky × kx, value² per mode.
    pub gamma: Array3<f64>,
    /// Mean RAPSD, channels averaged, value² per mode.
    pub rapsd: Array1<f64>,
    /// Its libraries, for the record.
    pub versions: String,
}

impl Peer {
    /// The Python of the environment, or one with the peer's requirements installed under `data`.
    pub fn find(data: &Path) -> Result<Self, Box<dyn Error>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer");
        let script = folder.join("peer.py");
        if let Some(python) = std::env::var_os(PYTHON_VARIABLE) {
            return Ok(Self { python: python.into(), script });
        }
        let venv = data.join("venv");
        let python = venv.join("bin/python");
        if !venv.join("complete").exists() {
            succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
            let requirements = folder.join("requirements.txt");
            succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements))?;
            std::fs::write(venv.join("complete"), "")?;
        }
        Ok(Self { python, script })
    }

    /// Runs the peer on `folder` at `side` pixels.
    pub fn run(&self, folder: &Path, side: usize, data: &Path) -> Result<PeerResults, Box<dyn Error>> {
        let out = data.join("peer.npz");
        let report = self.report(folder, side, &["--out".as_ref(), out.as_os_str()])?;
        let mut archive = NpzReader::new(std::fs::File::open(&out)?)?;
        let text = |key: &str| report[key].as_str().unwrap_or("?").to_owned();
        let versions = ["numpy", "scipy", "pillow"].map(|name| format!("{name} {}", text(name))).join(", ");
        Ok(PeerResults {
            images_per_s: rate(&report)?,
            gamma: archive.by_name::<OwnedRepr<f64>, Ix3>("gamma.npy")?,
            rapsd: archive.by_name::<OwnedRepr<f64>, Ix1>("rapsd.npy")?,
            versions,
        })
    }

    /// Images per second of `pysteps.utils.spectral.rapsd`; an error if pysteps is not installed.
    pub fn run_pysteps(&self, folder: &Path, side: usize) -> Result<f64, Box<dyn Error>> {
        rate(&self.report(folder, side, &["--method".as_ref(), "pysteps".as_ref()])?)
    }

    fn report(
        &self,
        folder: &Path,
        side: usize,
        options: &[&std::ffi::OsStr],
    ) -> Result<serde_json::Value, Box<dyn Error>> {
        let side = side.to_string();
        let mut arguments = vec![folder.as_os_str(), "--resolution".as_ref(), side.as_ref()];
        arguments.extend(options);
        self.run_script("peer.py", &arguments)
    }

    /// Runs a script of `benches/peer` and reads the JSON that it prints.
    pub fn run_script(&self, name: &str, arguments: &[&std::ffi::OsStr]) -> Result<serde_json::Value, Box<dyn Error>> {
        let mut command = Command::new(&self.python);
        command.arg(self.script.with_file_name(name)).args(arguments);
        Ok(serde_json::from_slice(&succeed(&mut command)?)?)
    }
}

fn rate(report: &serde_json::Value) -> Result<f64, Box<dyn Error>> {
    report["images_per_s"].as_f64().ok_or_else(|| "the peer did not print images_per_s".into())
}

/// Runs a command and returns what it printed.
fn succeed(command: &mut Command) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", message.lines().last().unwrap_or("failed")).into())
}
