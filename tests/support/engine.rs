//! One engine over images in memory, as a pass runs it.

use specscan::spectrum::analyzer::Totals;
use specscan::spectrum::{
    AnalysisConfig, AnalysisPlan, Analyzer, ContentSketch, Counts, ImageSummary, Preprocess, Spectrum,
};

/// The spectrum of interleaved RGB images of the planned size.
pub fn spectrum_of(config: &AnalysisConfig, images: &[Vec<u8>]) -> Spectrum {
    let plan = AnalysisPlan::new(config.clone(), None);
    let mut analyzer = Analyzer::new(plan.clone());
    let mut totals = Totals::new(&plan);
    let mut summary = ImageSummary::default();
    let mut content = ContentSketch::default();
    for image in images {
        if analyzer.is_full() {
            analyzer.drain_into(&mut totals).expect("finite sums");
        }
        analyzer.add(image.chunks_exact(3 * config.size.width), &mut summary);
        analyzer.end_file();
        content.add_file(image);
    }
    analyzer.drain_into(&mut totals).expect("finite sums");
    Spectrum::new(&plan, totals, Preprocess::untouched(config), Counts::default(), content)
}
