//! The working size when none is given: what the headers agree on.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::decode::Decoder;
use super::header::DecodeOptions;
use super::skip::SkipReason;
use super::skipped::Skipped;
use super::source_file::SourceFile;
use crate::spectral::Size;

/// Headers that are read, evenly spaced over the list.
const N_PROBES: usize = 1024;

/// Headers that a thread looks at, at least.
const LEAST_EACH: usize = 16;

/// Sides of working sizes in common use, pixels, for sets whose sizes differ.
const USUAL_SIDES_PX: [usize; 10] = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

/// One image in so many may be smaller than the working size.
const MAY_BE_SMALLER: usize = 100;

/// A working size chosen from headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoResolution {
    /// The common size; or a square of the largest usual side that the shorter sides of 99 % reach; or, where they do
    /// not reach the smallest usual one, of the largest side that they reach.
    pub size: Size,
    /// Whether all headers read gave the same size.
    pub sizes_agree: bool,
    /// Sizes in the headers that could be read, with the keys of their files.
    pub headers: Vec<(String, Size)>,
    /// Files whose headers could not be read.
    pub n_unreadable: usize,
}

impl AutoResolution {
    /// Which size it is, and why, in one line.
    pub fn describe(&self) -> String {
        let Self { size, headers, n_unreadable, .. } = self;
        let n = headers.len();
        let others =
            if *n_unreadable > 0 { format!(", {n_unreadable} without a readable header") } else { String::new() };
        let shorter = |(_, size): &&(String, Size)| size.height.min(size.width);
        match headers.iter().min_by_key(shorter) {
            Some((key, smallest)) if !self.sizes_agree => {
                let n_reach = headers.iter().filter(|header| shorter(header) >= size.width).count();
                let why = if size.width < USUAL_SIDES_PX[0] {
                    format!("; the smallest, {key}, is {smallest}")
                } else {
                    String::new()
                };
                format!(
                    "working size {size}: sizes differ, {n_reach} of {n} reach it by their headers{others}{why} \
                     (--resolution sets another)"
                )
            }
            _ if n == 1 => format!("working size {size}: that of the image{others}"),
            _ => format!("working size {size}: that of all {n} images looked at{others}"),
        }
    }

    /// What is lost where a few small images hold the working size down to less than half of what most images have;
    /// none where they do not.
    pub fn held_down(&self) -> Option<String> {
        let sides = || self.headers.iter().map(|(_, size)| size.height.min(size.width));
        let mut sorted: Vec<usize> = sides().collect();
        let middle = sorted.len().checked_sub(1)? / 2;
        let (_, &mut median, _) = sorted.select_nth_unstable(middle);
        let (side, larger) = (self.size.width.min(self.size.height), largest_usual(median)?);
        let n_small = sides().filter(|shorter| *shorter < larger).count();
        (!self.sizes_agree && 2 * side < median && side < larger).then(|| {
            format!(
                "the working size {} is less than half the shorter side of most images ({median} px): blur and other \
                 losses of fine detail are not seen at it; --resolution {larger} judges them at that size, without the \
                 {n_small} of {} images looked at that are smaller",
                self.size,
                self.headers.len()
            )
        })
    }
}

/// No working size could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolutionError {
    /// No file to look at.
    #[error("no working size can be chosen without images; give --resolution")]
    NoFiles,
    /// No header could be read.
    #[error(
        "no working size: none of the {n_tried} images tried has a readable header ({})",
        Skipped::summary(skipped)
    )]
    NoHeader {
        /// Files tried.
        n_tried: usize,
        /// Why none of them could be used, in path order.
        skipped: Vec<Skipped>,
    },
}

/// Chooses the working size from up to 1,024 headers, evenly spaced over the sorted list. Files without a readable
/// header are passed over. Up to `n_threads` of them are read at once.
///
/// # Errors
///
/// If the list is empty or no header can be read.
pub fn choose_resolution(
    files: &[SourceFile],
    options: &DecodeOptions,
    n_threads: usize,
) -> Result<AutoResolution, ResolutionError> {
    let n_tried = files.len().min(N_PROBES);
    let mut headers = Vec::with_capacity(n_tried);
    let mut unreadable = Vec::new();
    for (file, size) in look_at(files, n_tried, options, n_threads) {
        match size {
            Ok(size) => headers.push((file.key().into_owned(), size)),
            Err(reason) => unreadable.push(Skipped { path: file.key().into_owned(), reason }),
        }
    }
    let Some(&(_, first)) = headers.first() else {
        return Err(if n_tried == 0 {
            ResolutionError::NoFiles
        } else {
            ResolutionError::NoHeader { n_tried, skipped: unreadable }
        });
    };
    let sizes_agree = headers.iter().all(|(_, size)| *size == first);
    let size = if sizes_agree { first } else { Size::square(largest_side(&headers)) };
    Ok(AutoResolution { size, sizes_agree, headers, n_unreadable: unreadable.len() })
}

/// The sizes of `n` files, evenly spaced over the list, in its order. Up to `n_threads` look: over a network each look
/// takes long.
fn look_at<'a>(
    files: &'a [SourceFile],
    n: usize,
    options: &DecodeOptions,
    n_threads: usize,
) -> Vec<(&'a SourceFile, Result<Size, SkipReason>)> {
    let next = AtomicUsize::new(0);
    let look = || {
        let mut decoder = Decoder::new();
        let mut found = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return found;
            }
            let file = &files[i * files.len() / n];
            let size = file.size().map_or_else(|| decoder.probe(file.path(), options).map(|header| header.size), Ok);
            found.push((i, file, size));
        }
    };
    let mut found = thread::scope(|scope| {
        // Where the system has no threads left this one looks alone.
        let n_helpers = (n / LEAST_EACH).min(n_threads).saturating_sub(1);
        let helpers = (0..n_helpers).map_while(|_| thread::Builder::new().spawn_scoped(scope, look).ok());
        let helpers: Vec<_> = helpers.collect();
        let mut found = look();
        for helper in helpers {
            found.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        found
    });
    found.sort_unstable_by_key(|(i, ..)| *i);
    found.into_iter().map(|(_, file, size)| (file, size)).collect()
}

/// The largest usual side that 99 % of the images reach, or else the largest of all.
fn largest_side(headers: &[(String, Size)]) -> usize {
    let mut sides: Vec<usize> = headers.iter().map(|(_, size)| size.height.min(size.width)).collect();
    let may_be_smaller = sides.len() / MAY_BE_SMALLER;
    let (_, &mut reached, _) = sides.select_nth_unstable(may_be_smaller);
    largest_usual(reached).unwrap_or(reached)
}

/// The largest usual side up to that of an image.
fn largest_usual(side_px: usize) -> Option<usize> {
    USUAL_SIDES_PX.into_iter().rev().find(|usual| *usual <= side_px)
}
