//! "Did you mean": names that differ from what was written by a few letters.

/// Letters that tell the name they begin.
const LEAST_PREFIX: usize = 3;

/// The first name that `text` begins; else the name nearest to it, if no more than a third of its letters are wrong, of
/// several the first.
pub fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let names: Vec<&str> = names.into_iter().collect();
    let begun = names.iter().find(|name| text.chars().count() >= LEAST_PREFIX && name.starts_with(&text));
    if begun.is_some() {
        return begun.copied();
    }
    let close = names.into_iter().map(|name| (edit_distance(&text, name), name));
    let (distance, name) = close.min_by_key(|(distance, _)| *distance)?;
    (distance <= text.chars().count().div_ceil(3)).then_some(name)
}

/// Letters to insert, delete, replace or swap with their neighbour to make `a` of `b` (optimal string alignment).
pub fn edit_distance(a: &str, b: &str) -> usize {
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

    #[test]
    fn the_nearest_name_is_one_with_few_wrong_letters() {
        let names = ["white", "pink", "cloud", "cloud-crop"];
        // A name that is begun comes before one that differs by a few letters.
        assert_eq!(nearest("ddpm", ["edm", "ddpm-linear"]), Some("ddpm-linear"));
        for (text, expected) in
            [("pnik", Some("pink")), ("Pink", Some("pink")), ("clod", Some("cloud")), ("grey", None), ("", None)]
        {
            assert_eq!(nearest(text, names), expected, "{text}");
        }
    }
}
