//! A scan in two halves, so that images can be judged by a spectrum that does not hold them.

use super::config::{ScanConfig, ScanOutcome};
use super::error::{Cancel, ScanError};
use super::observer::Observer;
use super::pass::NoRows;
use super::scan::scan;
use crate::dataset::SourceFile;
use crate::spectrum::{Spectrum, Standardize};

/// The spectra of two disjoint halves of the files.
#[derive(Debug)]
pub struct Halves {
    /// That of the first and of the second half.
    pub spectra: [Spectrum; 2],
    /// Which half each file is in, in the order of the files: 0 or 1.
    pub half_of_file: Vec<u8>,
}

/// Streams `files` once and sums up their spectra, each half on its own where that is possible; the sum of all is the
/// same, to the last bit, as that of one scan. Files are divided by the hash of their paths, so that a folder's order
/// does not matter.
///
/// There are no halves of fewer than two files, of standardised pixels (each half would have its own), or where one
/// half is unusable.
///
/// # Errors
///
/// As [`scan`].
pub fn scan_halves(
    files: &[SourceFile],
    config: &ScanConfig,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<(ScanOutcome, Option<Halves>), ScanError> {
    let whole = || Ok((scan(files, config, &mut NoRows, observer, cancel)?, None));
    if files.len() < 2 || config.analysis.standardize == Standardize::Pixel {
        return whole();
    }
    let half_of_file = divide(files);
    let mut outcomes = Vec::with_capacity(2);
    for half in 0..2 {
        let members = files.iter().zip(&half_of_file).filter(|(_, h)| **h == half);
        let members: Vec<SourceFile> = members.map(|(file, _)| file.clone()).collect();
        match scan(&members, config, &mut NoRows, observer, cancel) {
            Ok(outcome) => outcomes.push(outcome),
            Err(ScanError::NothingUsable { .. }) => return whole(),
            Err(error) => return Err(error),
        }
    }
    let [first, second] = <[ScanOutcome; 2]>::try_from(outcomes).map_err(|_| ScanError::Interrupted)?;
    let mut spectrum = first.spectrum.clone();
    // A file that is there twice is two files of one set, also where they fall into different halves.
    spectrum.merge(&second.spectrum, true)?;
    let (mut skipped, mut left_out) = (first.skipped, first.left_out);
    skipped.extend(second.skipped);
    left_out.extend(second.left_out);
    let halves = Halves { spectra: [first.spectrum, second.spectrum], half_of_file };
    Ok((ScanOutcome { spectrum, skipped, left_out }, Some(halves)))
}

/// Which half each file is in: the half with the smaller hashes is the first.
fn divide(files: &[SourceFile]) -> Vec<u8> {
    let hash = |i: &usize| (xxhash_rust::xxh3::xxh3_64(files[*i].key.as_bytes()), files[*i].key.as_str());
    let mut ranked: Vec<usize> = (0..files.len()).collect();
    ranked.sort_unstable_by(|a, b| hash(a).cmp(&hash(b)));
    let mut half_of_file = vec![0; files.len()];
    ranked[files.len().div_ceil(2)..].iter().for_each(|i| half_of_file[*i] = 1);
    half_of_file
}
