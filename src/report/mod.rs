//! What a run leaves behind: tables, manifests, plots. The only layer that creates files.

pub mod output_dir;
pub mod plot;
