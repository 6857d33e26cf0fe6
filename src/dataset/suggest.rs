//! "Did you mean": an existing path with a name similar to one that does not exist.

use std::path::{Path, PathBuf};

/// An existing path that differs from `missing` in the spelling of one part, the first that does not exist. Of several
/// the most similar, then the first in byte order.
pub(super) fn similar_path(missing: &Path) -> Option<PathBuf> {
    let parent = missing.ancestors().skip(1).find(|path| path.as_os_str().is_empty() || path.is_dir())?;
    let below = missing.strip_prefix(parent).ok()?;
    let mut parts = below.components();
    let wrong = parts.next()?.as_os_str().to_str()?;
    let rest = parts.as_path();
    let listed = std::fs::read_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).ok()?;
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let close = names.filter_map(|name| {
        let distance = edit_distance(&wrong.to_lowercase(), &name.to_lowercase());
        // A third of the letters may be wrong, beyond that it is another name.
        (distance <= wrong.chars().count().div_ceil(3)).then_some((distance, name))
    });
    let joined = close.map(|(distance, name)| (distance, parent.join(name).join(rest)));
    let existing = joined.filter(|(_, path)| path.exists());
    // Joining with nothing appends a separator; collecting the parts takes it off.
    existing.min().map(|(_, path)| path.components().collect())
}

/// Letters to insert, delete, replace or swap with their neighbour to make `a` of `b` (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_counts_typos() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("photos", "photos", 0),
            ("fotos", "photos", 2),
            ("phtoos", "photos", 1),
            ("cat", "dog", 3),
        ] {
            assert_eq!(edit_distance(a, b), expected, "{a} → {b}");
            assert_eq!(edit_distance(b, a), expected, "{b} → {a}");
        }
    }
}
