//! What inputs are called where each has results of its own.

use std::path::{Path, PathBuf};

/// The name of an input without its ending, if it has one that is UTF-8.
pub fn name_of(input: &Path) -> Option<String> {
    let path = input.canonicalize().unwrap_or_else(|_| input.to_owned());
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.and_then(|n| n.to_str()).filter(|n| !n.is_empty()).map(str::to_owned)
}

/// Names of folders for the inputs: their own names, or where two have the same, all of their paths.
pub fn names_of(inputs: &[PathBuf]) -> Vec<String> {
    let names: Vec<_> = inputs.iter().map(|input| name_of(input).unwrap_or_else(|| "input".to_owned())).collect();
    let is_one_of_two = |i: usize| names.iter().filter(|name| **name == names[i]).count() > 1;
    let whole = |i: usize| inputs[i].to_string_lossy().replace(['/', '\\'], "-");
    (0..inputs.len())
        .map(|i| if is_one_of_two(i) { format!("{}-{}", i + 1, whole(i)) } else { names[i].clone() })
        .collect()
}
