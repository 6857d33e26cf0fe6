//! The page of the farthest images: each is read once more.

use crate::cli::noise_plots;
use crate::cli::session::{Images, Session};
use crate::cli::shared::SharedArgs;
use crate::cli::sinks::DistanceTable;
use crate::dataset::{Decoder, Preprocessor, SourceFile};
use crate::noise::Metric;
use crate::report::plot::pictures::Picture;
use crate::report::plot::pixels::Pixels;

/// Images on the page.
const N_FARTHEST: usize = 16;

/// Draws the first images of `table`, which were read as `read` says.
pub fn draw(
    session: &Session<'_>,
    shared: &SharedArgs,
    read: &Images,
    table: &DistanceTable,
    n_dimensions: f64,
    metric: Metric,
) {
    let mut far = Vec::new();
    for image in table.images().iter().take(N_FARTHEST) {
        let Some(pixels) = working_image(read, &image.file, image.tile_origin) else { continue };
        let d = (image.distance.square / n_dimensions).sqrt();
        let at = image.distance.strangest_cycles_per_px;
        let note = if at == 0.0 { "most in brightness".to_owned() } else { format!("most at f = {at:.2}") };
        far.push(Picture { pixels, name: image.path.clone(), note: format!("d/√D = {d:.2}, {note}") });
    }
    let subtitle = format!(
        "of {} at {}; Mahalanobis distance (metric {metric}), f in cycles/px where an image's power exceeds the set's most",
        table.images().len(),
        read.config.analysis.size
    );
    noise_plots::farthest(&session.out, shared, subtitle, far);
}

/// The pixels of a working image, read again; none if the file has changed meanwhile.
fn working_image(read: &Images, key: &str, tile_origin: Option<(usize, usize)>) -> Option<Pixels> {
    let file: &SourceFile = read.files.iter().find(|file| file.key == key)?;
    let mut decoder = Decoder::new();
    decoder.read(&file.path).ok()?;
    let decoded = decoder.decode(&read.config.decode).ok()?;
    let mut preprocessor = Preprocessor::new(read.config.preprocess).ok()?;
    let mut views = preprocessor.apply(&decoded.image).ok()?;
    let view = views.find(|view| tile_origin.is_none_or(|origin| origin == (view.x_px, view.y_px)))?;
    let size = view.size();
    Some(Pixels { width: size.width, height: size.height, rgb: view.rows().flatten().copied().collect() })
}
