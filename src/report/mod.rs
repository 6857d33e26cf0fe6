//! What a run leaves behind: tables, arrays, manifests, plots. The only layer that creates files.

pub mod arrays;
pub mod content;
pub mod manifest;
pub mod output_dir;
pub mod plot;
pub mod read_npz;
pub mod samples;
pub mod schedules;
pub mod tables;
pub mod text;
