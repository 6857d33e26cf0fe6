//! What a pass measures of each image beside the sums: one probe per worker, with the transforms that the engine made
//! anyway.

use crate::dataset::{RgbImage, View};
use crate::spectrum::Analyzer;

/// Makes a probe for each worker, on the worker's thread.
pub trait ProbeSource: Sync {
    /// A probe with all the memory it will ever need.
    fn probe(&self) -> Box<dyn ImageProbe + '_>;
}

/// One worker's look at each working image.
pub trait ImageProbe {
    /// Looks at the image of a file before it becomes working images; those that are measured next are of it.
    fn look_at_file(&mut self, image: &RgbImage<'_>) {
        let _ = image;
    }

    /// Appends to `numbers` what it measures of `view`, which `analyzer` added last; `file` is the position of the file
    /// in the pass.
    fn measure(&mut self, file: usize, analyzer: &Analyzer, view: &View<'_>, numbers: &mut Vec<f64>);
}
