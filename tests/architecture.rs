//! The rules of the code base that a compiler does not know: which layer may use which, who may know which library,
//! that no two files import each other in a circle, that every file says what it is for, and that no line is longer
//! than 120 columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each layer and those it may use beside itself: arrows point one way.
const LAYERS: &[(&str, &[&str])] = &[
    ("spectral", &[]),
    ("spectrum", &["spectral"]),
    ("stats", &["spectrum", "spectral"]),
    ("diffusion", &["stats", "spectrum", "spectral"]),
    ("noise", &["stats", "spectrum", "spectral"]),
    ("detect", &["noise", "diffusion", "stats", "spectrum", "spectral"]),
    ("dataset", &["spectral"]),
    ("pipeline", &["detect", "dataset", "noise", "diffusion", "stats", "spectrum", "spectral"]),
    ("report", &["detect", "dataset", "noise", "diffusion", "stats", "spectrum", "spectral"]),
    ("analysis", &["report", "pipeline", "detect", "dataset", "noise", "diffusion", "stats", "spectrum", "spectral"]),
    (
        "cli",
        &["analysis", "report", "pipeline", "detect", "dataset", "noise", "diffusion", "stats", "spectrum", "spectral"],
    ),
];

/// Libraries that one layer alone may know.
const KEPT_IN: &[(&str, &str)] = &[
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("ctrlc", "cli"),
    ("rayon", "pipeline"),
    ("crossbeam_channel", "pipeline"),
    ("image", "dataset"),
    ("mozjpeg", "dataset"),
    ("mozjpeg_sys", "dataset"),
    ("walkdir", "dataset"),
    ("ndarray_linalg", "stats"),
    ("plotters", "report"),
    ("csv", "report"),
    ("zip", "report"),
];

/// Columns of a line, comments too.
const MAX_COLUMNS: usize = 120;

/// Files that may import each other: the table of noise families names them, and they name its trait's neighbours.
const REGISTRY: &[&str] = &["noise::families"];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source below `folder`, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join(folder), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        (path.strip_prefix(root).expect("below the root").to_owned(), text)
    };
    files.into_iter().map(read).collect()
}

/// The module path of a file below `src`, as `noise::families::white`; that of `mod.rs` is its folder's.
fn module_of(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = path.with_extension("").iter().skip(1).map(|p| p.to_string_lossy().into()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The part of a file before its tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The paths that a file's `use` declarations name, from the crate's root, with braces written out.
fn imports(module: &[String], text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = without_tests(text);
    while let Some(start) = rest.find("use ") {
        let is_declaration = rest[..start].ends_with('\n') || rest[..start].ends_with("\npub ");
        let end = rest[start..].find(';').map_or(rest.len(), |e| start + e);
        if is_declaration {
            expand(&rest[start + 4..end].split_whitespace().collect::<String>(), &mut Vec::new(), &mut found);
        }
        rest = &rest[(start + 4).min(rest.len())..];
    }
    found.into_iter().filter_map(|path| from_root(module, path)).collect()
}

/// Writes out `a::{b, c::{d}}`.
fn expand(tree: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if let Some(open) = tree.find('{') {
        let n = prefix.len();
        prefix.extend(tree[..open].split("::").filter(|p| !p.is_empty()).map(str::to_owned));
        let (mut depth, mut from) = (0, open + 1);
        for (i, c) in tree.char_indices().skip(open) {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if (c == ',' && depth == 1) || depth == 0 {
                expand(&tree[from..i], prefix, found);
                from = i + 1;
            }
            if depth == 0 {
                break;
            }
        }
        prefix.truncate(n);
    } else if !tree.is_empty() {
        found.push(prefix.iter().cloned().chain(tree.split("::").map(str::to_owned)).collect());
    }
}

/// A path as seen from the crate's root; none for other crates.
fn from_root(module: &[String], path: Vec<String>) -> Option<Vec<String>> {
    let n_super = path.iter().take_while(|p| *p == "super").count();
    match path[0].as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(module.iter().chain(&path[1..]).cloned().collect()),
        "super" => Some(module[..module.len() - n_super].iter().chain(&path[n_super..]).cloned().collect()),
        _ => None,
    }
}

/// Fails with all that was found.
fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn arrows_point_one_way() {
    let mut found = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        let Some((layer, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == module[0]) else { continue };
        for import in imports(&module, &text) {
            let target = import[0].as_str();
            let is_layer = LAYERS.iter().any(|(l, _)| *l == target);
            if is_layer && target != *layer && !allowed.contains(&target) {
                found.push(format!("{}: {layer} may not use {}", path.display(), import.join("::")));
            }
        }
    }
    assert_none(found);
}

#[test]
fn libraries_stay_in_their_layer() {
    let mut found = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        for (library, layer) in KEPT_IN {
            let is_known = without_tests(&text).lines().any(|line| {
                let line = line.trim_start();
                let use_of = line.strip_prefix("pub use ").or(line.strip_prefix("use "));
                let names = |text: &str| text.strip_prefix(library).is_some_and(|rest| rest.starts_with([':', ';']));
                use_of.is_some_and(names) || (!line.starts_with("//") && line.contains(&format!(" {library}::")))
            });
            if is_known && module[0] != *layer {
                found.push(format!("{} knows {library}, which is for {layer}", path.display()));
            }
        }
    }
    assert_none(found);
}

#[test]
fn no_two_files_import_each_other_in_a_circle() {
    let sources = sources("src");
    let modules: BTreeSet<Vec<String>> = sources.iter().map(|(path, _)| module_of(path)).collect();
    let mut uses: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for (path, text) in &sources {
        let module = module_of(path);
        // A `mod.rs` that hands on its children is no user of them.
        if path.ends_with("mod.rs") || module.len() < 2 || module[0] == "cli" {
            continue;
        }
        for import in imports(&module, text) {
            let file = (1..=import.len()).rev().map(|n| import[..n].to_vec()).find(|m| modules.contains(m));
            let is_folder = |m: &Vec<String>| modules.iter().any(|o| o.len() > m.len() && o.starts_with(m));
            if let Some(file) = file.filter(|f| *f != module && !is_folder(f)) {
                uses.entry(module.clone()).or_default().insert(file);
            }
        }
    }
    let mut found = Vec::new();
    for start in uses.keys().filter(|m| !REGISTRY.iter().any(|r| m.join("::").starts_with(r))) {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(module) = open.pop() {
            for next in uses.get(module).into_iter().flatten() {
                if next == start {
                    found.push(format!("{} and {} import each other", start.join("::"), module.join("::")));
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    assert_none(found);
}

#[test]
fn every_file_says_what_it_is_for_in_lines_of_120_columns() {
    let mut found = Vec::new();
    for (path, text) in ["src", "tests", "benches", "examples"].iter().flat_map(|folder| sources(folder)) {
        if !text.starts_with("//!") {
            found.push(format!("{} does not begin with //!", path.display()));
        }
        for (i, line) in text.lines().enumerate() {
            let n = line.chars().count();
            // A text that has to stand in one piece is longer than a line may be.
            let is_text = line.trim_start().starts_with('"') || line.contains("#[error(") || line.contains(r#"r#""#);
            if n > MAX_COLUMNS && !is_text {
                found.push(format!("{}:{}: {n} columns", path.display(), i + 1));
            }
        }
    }
    assert_none(found);
}
