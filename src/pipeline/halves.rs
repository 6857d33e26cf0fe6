//! A scan in two halves, so that each image can be measured against a spectrum without it.

use std::borrow::Cow;

use super::config::{ScanConfig, ScanOutcome};
use super::error::{Cancel, ScanError};
use super::observer::Observer;
use super::pass::{Pass, add_up};
use super::rows::NoRows;
use super::scan::{pass_name, scan_before};
use super::stages::{Stage, in_stages};
use crate::dataset::SourceFile;
use crate::spectrum::{AnalysisPlan, Spectrum, SpectrumError, Standardize};

/// The spectra of two disjoint halves of the files.
#[derive(Debug)]
pub struct Halves {
    /// That of the first and of the second half.
    pub spectra: [Spectrum; 2],
    /// Which half each file is in, in the order of the files: 0 or 1.
    pub half_of_file: Vec<u8>,
}

/// Streams `files` once and sums up their spectra, each half on its own where that is possible; the sum of all is the
/// same, to the last bit, as that of one scan. Files are divided by the hash of their paths below the folder that holds
/// them all, so that neither a folder's order matters nor how its path was typed.
///
/// With [`ScanConfig::until`] only the first files may be read, and each stage is divided by itself.
///
/// A second pass, of which progress speaks, is to follow. There are no halves of fewer than two files, of
/// standardised pixels (each half would have its own), or where one half is unusable.
///
/// # Errors
///
/// As [`scan`](super::scan::scan).
pub fn scan_halves(
    files: &[SourceFile],
    config: &ScanConfig,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<(ScanOutcome, Option<Halves>), ScanError> {
    let are_possible = files.len() >= 2 && config.analysis.standardize != Standardize::Pixel;
    if !are_possible {
        return Ok((scan_before(1, files, config, &mut NoRows, observer, cancel)?, None));
    }
    let (what, plan) = (&pass_name("scanning", 1, 2), AnalysisPlan::new(config.analysis.clone(), None));
    let pass =
        Pass { what, files, config, plan: &plan, other_sizes: &[], earlier: None, probes: None, observer, cancel };
    let (parts, reached) = in_stages(pass, config.until, Parts::add_up)?;
    let spectrum = parts.whole()?.into_owned();
    let Parts { outcomes: [first, second], half_of_file } = parts;
    let (mut skipped, mut left_out) = (first.skipped, first.left_out);
    skipped.extend(second.skipped);
    left_out.extend(second.left_out);
    let mut used = [first.used.into_iter(), second.used.into_iter()];
    let used = half_of_file.iter().map(|half| used[usize::from(*half)].next().flatten()).collect();
    let spectra = [first.spectrum, second.spectrum];
    let halves = spectra.iter().all(|half| half.n_images() > 0).then_some(Halves { spectra, half_of_file });
    Ok((
        ScanOutcome { spectrum, skipped, left_out, used, reached: None, at_other_sizes: Vec::new() }.finish(reached)?,
        halves,
    ))
}

/// Both halves of what has been read.
struct Parts {
    outcomes: [ScanOutcome; 2],
    half_of_file: Vec<u8>,
}

impl Parts {
    /// Adds up one half after the other.
    fn add_up(pass: Pass<'_>) -> Result<Self, ScanError> {
        let half_of_file = divide(pass.files);
        let add_up = |half: u8| {
            let members = pass.files.iter().zip(&half_of_file).filter(|(_, h)| **h == half);
            let members: Vec<SourceFile> = members.map(|(file, _)| file.clone()).collect();
            add_up(Pass { files: &members, ..pass }, &mut NoRows)
        };
        Ok(Self { outcomes: [add_up(0)?, add_up(1)?], half_of_file })
    }
}

impl Stage for Parts {
    fn append(&mut self, later: Self) -> Result<(), SpectrumError> {
        self.half_of_file.extend(later.half_of_file);
        self.outcomes.iter_mut().zip(later.outcomes).try_for_each(|(half, later)| half.append(later))
    }

    fn whole(&self) -> Result<Cow<'_, Spectrum>, SpectrumError> {
        let mut spectrum = self.outcomes[0].spectrum.clone();
        // A file that is there twice is two files of one set, also where they fall into different halves.
        spectrum.merge(&self.outcomes[1].spectrum, true)?;
        Ok(Cow::Owned(spectrum))
    }
}

/// Which half each file is in: the half with the smaller hashes is the first.
fn divide(files: &[SourceFile]) -> Vec<u8> {
    let keys: Vec<_> = files.iter().map(SourceFile::key).collect();
    let parts: Vec<Vec<&str>> = keys.iter().map(|key| parts(key)).collect();
    let first = parts.first().map_or(&[][..], Vec::as_slice);
    let shared = |other: &Vec<&str>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    let n_shared = parts.iter().map(shared).min().unwrap_or(0);
    let below: Vec<String> = parts.iter().map(|parts| parts[n_shared.min(parts.len() - 1)..].join("/")).collect();
    let hash = |i: &usize| (xxhash_rust::xxh3::xxh3_64(below[*i].as_bytes()), below[*i].as_str());
    let mut ranked: Vec<usize> = (0..files.len()).collect();
    ranked.sort_unstable_by(|a, b| hash(a).cmp(&hash(b)));
    let mut half_of_file = vec![0; files.len()];
    ranked[files.len().div_ceil(2)..].iter().for_each(|i| half_of_file[*i] = 1);
    half_of_file
}

/// The parts of a path, without those that say nothing; at least one.
fn parts(key: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = key.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.is_empty() {
        parts.push(key);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves_of(keys: &[&str]) -> Vec<u8> {
        let file = |key: &&str| SourceFile::new((*key).to_owned(), (*key).into());
        divide(&keys.iter().map(file).collect::<Vec<_>>())
    }

    #[test]
    fn halves_do_not_depend_on_how_the_folder_was_typed() {
        let below = ["a/1.png", "a/2.png", "a/sub/1.png", "b/1.png", "b/2.png", "b/3.png", "c.png"];
        let plain = halves_of(&below);
        assert_eq!(plain.iter().filter(|half| **half == 0).count(), 4);
        for prefix in ["./", "photos/", "./photos/", "/abs/photos/", "..//x/./"] {
            let typed: Vec<String> = below.iter().map(|key| format!("{prefix}{key}")).collect();
            assert_eq!(halves_of(&typed.iter().map(String::as_str).collect::<Vec<_>>()), plain, "{prefix}");
        }
        // Another name is another hash, so some files among many change sides.
        let names = |stem: &str| (0..64).map(|i| format!("{stem}{i}.png")).collect::<Vec<_>>();
        let halves = |names: Vec<String>| halves_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_ne!(halves(names("a")), halves(names("b")));
        assert_eq!(halves_of(&["one.png", "one.png"]), [0, 1]);
        assert_eq!((halves_of(&[]), halves_of(&["/"])), (vec![], vec![0]));
    }
}
