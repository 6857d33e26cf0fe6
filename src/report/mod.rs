//! What a run leaves behind: tables, arrays, manifests, plots. The only layer that creates files.

pub mod arrays;
pub mod content;
pub mod disk;
pub mod folder_lock;
pub mod folder_state;
pub mod journal;
pub mod manifest;
pub mod output_dir;
pub mod output_error;
pub mod own_results;
pub mod plot;
pub mod read_csv;
pub mod read_npz;
pub mod result_file;
mod result_name;
pub mod samples;
pub mod schedules;
pub mod tables;
pub mod text;
pub mod trainers;
