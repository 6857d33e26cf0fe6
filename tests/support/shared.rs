//! Data and programs that may lie beside the project and are no part of it.

use std::path::{Path, PathBuf};

/// A path below the folder `shared` beside the project, or below `$SPECSCAN_SHARED`.
pub fn shared(path: &str) -> PathBuf {
    let folder = std::env::var_os("SPECSCAN_SHARED").map(PathBuf::from);
    folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared")).join(path)
}
