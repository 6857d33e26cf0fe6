//! Where a worker adds to: lanes of its own or, where those of all workers would be large, lanes that they share, a row
//! at a time behind a lock.
//!
//! # Cost
//!
//! A worker's own lanes stay in its cache. Shared ones cost a lock per row of pixels or column of modes; workers that
//! meet at one line up behind each other and stay apart by a row from then on. Sums are exact, so their order, and with
//! it the way they are held, changes no bit of a result.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Totals;
use crate::spectrum::error::SpectrumError;
use crate::spectrum::exact::{ExactLanes, FLUSH_AFTER, TensorSpec};
use crate::spectrum::plan::AnalysisPlan;

/// Lanes of each tensor, in the plan's order, and counts of RAPSDs.
#[derive(Debug)]
pub(super) enum Lanes {
    /// One worker's.
    Own {
        /// One for each tensor.
        lanes: Vec<ExactLanes>,
        /// Images in each bin of log power, as [`Totals::histogram`].
        histogram: Vec<u32>,
    },
    /// All workers'.
    Shared(Arc<SharedSums>),
}

impl Lanes {
    /// Lanes of one worker's own.
    pub fn own(plan: &AnalysisPlan) -> Self {
        let lanes = plan.specs.iter().map(ExactLanes::of).collect();
        Self::Own { lanes, histogram: vec![0; plan.config.histogram_length()] }
    }

    /// Whether the plan has the tensor at position `which`.
    pub fn hold(&self, which: usize) -> bool {
        match self {
            Self::Own { lanes, .. } => which < lanes.len(),
            Self::Shared(shared) => which < shared.tensors.len(),
        }
    }

    /// As [`ExactLanes::add`], to the tensor at position `which`.
    pub fn add(&mut self, which: usize, offset: usize, values: &[f64]) {
        match self {
            Self::Own { lanes, .. } => lanes[which].add(offset, values),
            Self::Shared(shared) => {
                shared.tensors[which].add_with(offset, values, |lanes, at, values| {
                    lanes.add(at, values);
                    0
                });
            }
        }
    }

    /// As [`ExactLanes::add_integers`].
    pub fn add_integers(&mut self, which: usize, offset: usize, values: &[f32]) -> i64 {
        match self {
            Self::Own { lanes, .. } => lanes[which].add_integers(offset, values),
            Self::Shared(shared) => shared.tensors[which].add_with(offset, values, ExactLanes::add_integers),
        }
    }

    /// As [`ExactLanes::add_squares`].
    pub fn add_squares(&mut self, which: usize, offset: usize, values: &[f32]) -> i64 {
        match self {
            Self::Own { lanes, .. } => lanes[which].add_squares(offset, values),
            Self::Shared(shared) => shared.tensors[which].add_with(offset, values, ExactLanes::add_squares),
        }
    }

    /// Counts one more image in a bin of log power.
    pub fn count(&mut self, bin: usize) {
        match self {
            Self::Own { histogram, .. } => histogram[bin] += 1,
            Self::Shared(shared) => {
                shared.histogram[bin].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Empties a worker's own lanes into `totals`; shared ones are emptied once, in the end.
    ///
    /// # Errors
    ///
    /// If a total overflows, or a contribution was not finite.
    pub fn drain_into(&mut self, totals: &mut Totals) -> Result<(), SpectrumError> {
        let Self::Own { lanes, histogram } = self else { return Ok(()) };
        for (lanes, tensor) in lanes.iter_mut().zip(&mut totals.tensors) {
            lanes.drain_into(&mut tensor.totals, tensor.spec.name)?;
        }
        // Pages in which nothing was counted stay untouched.
        for (total, count) in totals.histogram.iter_mut().zip(histogram).filter(|(_, count)| **count > 0) {
            *total += u64::from(std::mem::take(count));
        }
        Ok(())
    }
}

/// Sums that all workers of a pass add into.
#[derive(Debug)]
pub struct SharedSums {
    tensors: Vec<SharedTensor>,
    /// As [`Totals::histogram`]; no pass has as many images as a counter holds.
    histogram: Vec<AtomicU32>,
}

/// One tensor, cut into rows along its last extent.
#[derive(Debug)]
struct SharedTensor {
    name: &'static str,
    row_length: usize,
    rows: Vec<Mutex<SharedRow>>,
}

#[derive(Debug)]
struct SharedRow {
    lanes: ExactLanes,
    /// What the lanes were emptied into; nothing before that.
    totals: Vec<i128>,
    /// At least as many as any lane has got since then.
    n_pending: usize,
    /// The first thing that went wrong when they were.
    failure: Option<SpectrumError>,
}

impl SharedSums {
    /// Empty sums for `plan`.
    pub fn new(plan: &AnalysisPlan) -> Self {
        Self {
            tensors: plan.specs.iter().map(SharedTensor::new).collect(),
            histogram: (0..plan.config.histogram_length()).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Moves the sums into `totals`, which knows the numbers of images and files from the workers.
    ///
    /// # Errors
    ///
    /// If a total overflows, or a contribution was not finite.
    pub fn drain_into(self, totals: &mut Totals) -> Result<(), SpectrumError> {
        for (shared, tensor) in self.tensors.into_iter().zip(&mut totals.tensors) {
            let rows = shared.rows.into_iter().zip(tensor.totals.chunks_mut(shared.row_length));
            for (row, totals) in rows {
                row.into_inner().unwrap_or_else(PoisonError::into_inner).drain_into(totals, shared.name)?;
            }
        }
        for (total, count) in totals.histogram.iter_mut().zip(self.histogram) {
            let count = u64::from(count.into_inner());
            if count > 0 {
                *total += count;
            }
        }
        Ok(())
    }
}

impl SharedTensor {
    fn new(spec: &TensorSpec) -> Self {
        let row_length = spec.shape.last().copied().unwrap_or(1).max(1);
        let of_row = TensorSpec { shape: vec![row_length], ..spec.clone() };
        let row = || SharedRow { lanes: ExactLanes::of(&of_row), totals: Vec::new(), n_pending: 0, failure: None };
        let rows = (0..spec.n_elements() / row_length).map(|_| Mutex::new(row())).collect();
        Self { name: spec.name, row_length, rows }
    }

    /// Hands `values`, cut at the ends of rows, to `add` with the lanes of each row and where to begin in them, and
    /// returns the total of what it returns.
    fn add_with<T>(&self, offset: usize, mut values: &[T], add: impl Fn(&mut ExactLanes, usize, &[T]) -> i64) -> i64 {
        let (mut row, mut at, mut total) = (offset / self.row_length, offset % self.row_length, 0);
        while !values.is_empty() {
            let (here, rest) = values.split_at(values.len().min(self.row_length - at));
            let mut shared = self.rows[row].lock().unwrap_or_else(PoisonError::into_inner);
            total += add(&mut shared.lanes, at, here);
            shared.n_pending += 1;
            if shared.n_pending == FLUSH_AFTER {
                shared.empty(self.name);
            }
            (row, at, values) = (row + 1, 0, rest);
        }
        total
    }
}

impl SharedRow {
    /// Empties the lanes into the totals; a failure is told when these are asked for.
    fn empty(&mut self, name: &'static str) {
        self.totals.resize(self.lanes.n_sums(), 0);
        let outcome = self.lanes.drain_into(&mut self.totals, name);
        self.failure = self.failure.take().or(outcome.err());
        self.n_pending = 0;
    }

    fn drain_into(mut self, totals: &mut [i128], name: &'static str) -> Result<(), SpectrumError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.lanes.drain_into(totals, name)?;
        for (total, more) in totals.iter_mut().zip(self.totals) {
            *total = total.checked_add(more).ok_or_else(|| SpectrumError::Overflow { name: name.to_owned() })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::{Channels, Size};
    use crate::spectrum::testing::random_images;
    use crate::spectrum::{AnalysisConfig, Analyzer, Detail};

    /// Totals of the images, the `i`-th of which goes to engine `i mod n`; a file has two images.
    fn totals(plan: &Arc<AnalysisPlan>, engines: &mut [Analyzer], images: &[Vec<u8>]) -> Totals {
        let (mut totals, mut summary) = (Totals::new(plan), Default::default());
        let n = engines.len();
        for (i, file) in images.chunks(2).enumerate() {
            let engine = &mut engines[i % n];
            for image in file {
                if engine.is_full() {
                    engine.drain_into(&mut totals).expect("finite");
                }
                engine.add(image.chunks_exact(3 * plan.config().size.width), &mut summary);
            }
            engine.end_file();
        }
        engines.iter_mut().for_each(|engine| engine.drain_into(&mut totals).expect("finite"));
        totals
    }

    #[test]
    fn shared_lanes_hold_what_own_lanes_hold() {
        // More images than a lane takes, of a size that rows and columns do not divide evenly.
        for (size, n) in [(Size::new(3, 4), 2 * FLUSH_AFTER + 301), (Size::new(37, 30), 9)] {
            let images = random_images(size, n.min(50), 3);
            let images: Vec<_> = images.iter().cycle().take(n).cloned().collect();
            for channels in [Channels::Rgb, Channels::Luma, Channels::Ycbcr] {
                let full = AnalysisConfig {
                    channels,
                    coherence: true,
                    diagonality_side: Some(4),
                    ..AnalysisConfig::new(size)
                };
                for detail in [Detail::Pixels, Detail::Radial, Detail::Power, Detail::Full] {
                    let config = if detail == Detail::Full { full.clone() } else { full.with_less_detail(detail) };
                    let plan = AnalysisPlan::new(config, None);
                    let own = totals(&plan, &mut [Analyzer::new(Arc::clone(&plan))], &images);
                    let sums = Arc::new(SharedSums::new(&plan));
                    let mut engines = [(); 3].map(|()| Analyzer::sharing(Arc::clone(&plan), Arc::clone(&sums)));
                    let mut shared = totals(&plan, &mut engines, &images);
                    drop(engines);
                    Arc::into_inner(sums).expect("nobody else has it").drain_into(&mut shared).expect("finite");
                    assert_eq!(shared.tensors, own.tensors, "{size}, {detail:?}, {}", channels.name());
                    assert_eq!(shared.histogram, own.histogram, "{size}, {detail:?}");
                    assert_eq!((shared.n_images, shared.n_files), (own.n_images, own.n_files));
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_told_in_the_end() {
        let plan = AnalysisPlan::new(AnalysisConfig::new(Size::new(3, 4)), None);
        let sums = SharedSums::new(&plan);
        sums.tensors[2].add_with(0, &[f64::NAN], |lanes, at, values| {
            lanes.add(at, values);
            0
        });
        let outcome = sums.drain_into(&mut Totals::new(&plan));
        assert!(matches!(outcome, Err(SpectrumError::NotFinite { .. })), "{outcome:?}");
    }
}
