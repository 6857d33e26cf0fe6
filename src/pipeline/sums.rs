//! What the workers of a pass add up together, at one working size: each has an engine, and all have one total.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dataset::View;
use crate::spectrum::analyzer::{SharedSums, Totals};
use crate::spectrum::{AnalysisPlan, Analyzer, ContentSketch, ImageSummary, SpectrumError};

/// The sums of all workers.
pub(super) struct PassSums {
    plan: Arc<AnalysisPlan>,
    collected: Mutex<(Totals, ContentSketch)>,
    /// Lanes that all workers add into, where each could not have its own.
    shared: Option<Arc<SharedSums>>,
}

impl PassSums {
    /// Empty sums of a pass on so many workers.
    pub fn new(plan: &Arc<AnalysisPlan>, threads: usize) -> Self {
        Self {
            plan: Arc::clone(plan),
            collected: Mutex::new((Totals::new(plan), ContentSketch::default())),
            shared: plan.config().shares_lanes(threads).then(|| Arc::new(SharedSums::new(plan))),
        }
    }

    /// The engine of one worker.
    pub fn worker(&self) -> Sums<'_> {
        let plan = Arc::clone(&self.plan);
        let analyzer = match &self.shared {
            Some(sums) => Analyzer::sharing(plan, Arc::clone(sums)),
            None => Analyzer::new(plan),
        };
        Sums { analyzer, content: ContentSketch::default(), of: self }
    }

    /// The totals, once all workers have collected theirs.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub fn finish(self) -> Result<(Totals, ContentSketch), SpectrumError> {
        let (mut totals, content) = self.collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = self.shared.and_then(Arc::into_inner) {
            shared.drain_into(&mut totals)?;
        }
        Ok((totals, content))
    }
}

/// What one worker adds up, and where it goes in the end, or when there is no more room.
pub(super) struct Sums<'a> {
    pub analyzer: Analyzer,
    pub content: ContentSketch,
    of: &'a PassSums,
}

impl Sums<'_> {
    /// Moves the sums into those of all workers.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub fn collect(&mut self) -> Result<(), SpectrumError> {
        let mut collected = self.of.collected.lock().unwrap_or_else(PoisonError::into_inner);
        let (totals, content) = &mut *collected;
        content.merge(&std::mem::take(&mut self.content));
        self.analyzer.drain_into(totals)
    }

    /// The same, if another image has no room.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub fn make_room(&mut self) -> Result<(), SpectrumError> {
        if self.analyzer.is_full() { self.collect() } else { Ok(()) }
    }

    /// Adds an image; what is told of it goes to `summary`.
    pub fn add(&mut self, view: &View<'_>, summary: &mut ImageSummary) {
        self.analyzer.add(view.rows(), summary);
    }
}
