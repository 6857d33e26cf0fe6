//! What was left out of a run, and a summary of it.

use std::collections::HashMap;

/// Something that was left out, for `skipped.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its key, or as much of its path as can be shown.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reasons that a summary of skipped files names.
const N_REASONS: usize = 3;

impl Skipped {
    /// The most frequent reasons in `list`, each with the first of its files, on one line.
    pub fn summary(list: &[Self]) -> String {
        let mut reasons: Vec<(&Self, usize)> = Vec::new();
        let mut place_of = HashMap::new();
        for skipped in list {
            let place = *place_of.entry(&skipped.reason).or_insert(reasons.len());
            match reasons.get_mut(place) {
                Some((_, n)) => *n += 1,
                None => reasons.push((skipped, 1)),
            }
        }
        reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let (named, rest) = reasons.split_at(reasons.len().min(N_REASONS));
        let mut parts: Vec<String> = named
            .iter()
            .map(|(Self { path, reason }, n)| match n {
                1 => format!("{path}: {reason}"),
                n => format!("{path} and {} more: {reason}", n - 1),
            })
            .collect();
        if !rest.is_empty() {
            parts.push(format!("{} more for other reasons", rest.iter().map(|(_, n)| n).sum::<usize>()));
        }
        parts.join("; ")
    }
}
