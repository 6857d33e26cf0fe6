//! What was left out of a run, and a summary of it.

use std::collections::HashMap;

use super::skip::SkipReason;

/// Something that was left out, for `skipped.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its key, or as much of its path as can be shown.
    pub path: String,
    /// What is wrong with it.
    pub reason: SkipReason,
}

/// Reasons that a summary of skipped files names.
const N_REASONS: usize = 3;

impl Skipped {
    /// The most frequent reasons in `list`, each with the first of its files, on one line.
    pub fn summary(list: &[Self]) -> String {
        Self::counted(list, "; ", |Self { path, reason }, n| match n {
            1 => format!("{path}: {reason}"),
            n => format!("{path} and {} more: {reason}", n - 1),
        })
    }

    /// The same without files: how many there are of each kind.
    pub fn short_summary(list: &[Self]) -> String {
        Self::counted(list, ", ", |first, n| format!("{n} {}", first.reason.short()))
    }

    /// The most frequent kinds of reasons, as `words` puts the first file of a kind and their number.
    fn counted(list: &[Self], between: &str, words: impl Fn(&Self, usize) -> String) -> String {
        let mut kinds: Vec<(&Self, usize)> = Vec::new();
        let mut place_of = HashMap::new();
        for skipped in list {
            let place = *place_of.entry(skipped.reason.short()).or_insert(kinds.len());
            match kinds.get_mut(place) {
                Some((_, n)) => *n += 1,
                None => kinds.push((skipped, 1)),
            }
        }
        kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let (named, rest) = kinds.split_at(kinds.len().min(N_REASONS));
        let mut parts: Vec<String> = named.iter().map(|(first, n)| words(first, *n)).collect();
        if !rest.is_empty() {
            parts.push(format!("{} more for other reasons", rest.iter().map(|(_, n)| n).sum::<usize>()));
        }
        parts.join(between)
    }
}
