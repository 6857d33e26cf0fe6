//! Which images a spectrum was made of, in a fixed amount of memory: an order-independent identity of the set, and a
//! sketch that shows whether two sets share images.
//!
//! # Definition
//!
//! The identity is the sum, modulo 2¹²⁸, of the 128-bit XXH3 hashes of the files' bytes. The sketch holds the
//! [`SKETCH_LENGTH`] smallest distinct 64-bit halves of those hashes (a bottom-k sketch). Both are functions of the
//! multiset of files: they do not depend on order, threads or how the set was cut, and those of a union follow from its
//! parts.
//!
//! Beside each of these hashes stands how many files have it: a hash that is among the smallest of the set was among
//! those of all its parts, so that the numbers are exact. A `.spectrum` file does not keep them.
//!
//! Sets of up to [`SKETCH_LENGTH`] files are compared exactly. Beyond that, two sets that share a fraction `p` of their
//! files go unnoticed with a probability of about `(1 − p)^1024`.

/// Hashes kept.
pub const SKETCH_LENGTH: usize = 1024;

/// Identity and sketch of a set of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentSketch {
    /// Sum of the files' hashes.
    pub identity: u128,
    /// The smallest hashes, ascending, without repetition.
    smallest: Vec<u64>,
    /// Files with each of them.
    n_files: Vec<u64>,
}

impl ContentSketch {
    /// Adds a file by its bytes.
    pub fn add_file(&mut self, bytes: &[u8]) {
        let hash = xxhash_rust::xxh3::xxh3_128(bytes);
        self.identity = self.identity.wrapping_add(hash);
        self.add_half(hash as u64, 1);
    }

    fn add_half(&mut self, half: u64, n_files: u64) {
        let full = self.smallest.len() == SKETCH_LENGTH;
        if full && self.smallest.last().is_some_and(|last| half > *last) {
            return;
        }
        match self.smallest.binary_search(&half) {
            Ok(position) => self.n_files[position] += n_files,
            Err(position) => {
                if full {
                    self.smallest.pop();
                    self.n_files.pop();
                }
                self.smallest.insert(position, half);
                self.n_files.insert(position, n_files);
            }
        }
    }

    /// Adds another set.
    pub fn merge(&mut self, other: &ContentSketch) {
        self.identity = self.identity.wrapping_add(other.identity);
        for (half, n_files) in other.smallest.iter().zip(&other.n_files) {
            self.add_half(*half, *n_files);
        }
    }

    /// Share of files that are byte for byte the same as another one that counts already, of those sketched.
    pub fn repeated_share(&self) -> f64 {
        let n_files: u64 = self.n_files.iter().sum();
        (n_files - self.n_files.len() as u64) as f64 / n_files.max(1) as f64
    }

    /// Number of sketched files that both sets hold.
    pub fn n_shared(&self, other: &ContentSketch) -> usize {
        self.smallest.iter().filter(|hash| other.smallest.binary_search(hash).is_ok()).count()
    }

    /// The sketched hashes, ascending.
    pub fn hashes(&self) -> &[u64] {
        &self.smallest
    }

    /// A sketch from its parts; none if the hashes are not strictly ascending or too many.
    pub fn from_parts(identity: u128, hashes: Vec<u64>) -> Option<Self> {
        let ascending = hashes.windows(2).all(|w| w[0] < w[1]);
        (ascending && hashes.len() <= SKETCH_LENGTH).then(|| Self {
            identity,
            n_files: vec![1; hashes.len()],
            smallest: hashes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch_of(range: impl Iterator<Item = u32>) -> ContentSketch {
        let mut sketch = ContentSketch::default();
        range.for_each(|i| sketch.add_file(&i.to_le_bytes()));
        sketch
    }

    #[test]
    fn order_and_cuts_do_not_matter() {
        let whole = sketch_of(0..5000);
        assert_eq!(whole, sketch_of((0..5000).rev()));
        let mut merged = sketch_of(3000..5000);
        merged.merge(&sketch_of(0..10));
        merged.merge(&sketch_of(10..3000));
        assert_eq!(whole, merged);
        assert_eq!(whole.hashes().len(), SKETCH_LENGTH);
    }

    #[test]
    fn shared_files_are_seen_and_disjoint_sets_share_none() {
        assert_eq!(sketch_of(0..100).n_shared(&sketch_of(99..200)), 1);
        assert_eq!(sketch_of(0..100).n_shared(&sketch_of(100..200)), 0);
        assert!(sketch_of(0..50_000).n_shared(&sketch_of(49_000..99_000)) > 0);
    }

    #[test]
    fn a_repeated_file_changes_the_identity_but_not_the_sketch() {
        let (once, twice) = (sketch_of(0..10), sketch_of((0..10).chain(0..1)));
        assert_eq!(once.hashes(), twice.hashes());
        assert_ne!(once.identity, twice.identity);
    }

    #[test]
    fn the_share_of_repeated_files_is_that_of_the_whole_set() {
        assert_eq!(sketch_of(0..1000).repeated_share(), 0.0);
        assert_eq!(ContentSketch::default().repeated_share(), 0.0);
        assert_eq!(sketch_of((0..80).chain(0..20)).repeated_share(), 0.2);
        let mut halves = sketch_of(0..8000);
        halves.merge(&sketch_of(0..2000));
        assert_eq!(halves, sketch_of((0..8000).chain(0..2000)));
        assert!((halves.repeated_share() - 0.2).abs() < 0.04, "{}", halves.repeated_share());
    }
}
