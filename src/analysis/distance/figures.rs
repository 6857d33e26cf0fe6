//! The pictures of `distance`.

use super::summary::describe_family;
use super::{DistanceReport, ImageDistances, MetricResult};
use crate::noise::{Moments, TOO_SMOOTH};
use crate::report::plot::distance::{DistanceBar, DistanceFigure};
use crate::report::plot::pictures::PicturesFigure;

impl DistanceReport {
    /// The families in the main metric, closest first.
    pub(super) fn distance_figure(&self) -> DistanceFigure {
        let MetricResult { model, compared } = self.main();
        let n = model.n_dimensions();
        let bar = |name: &str, kl: Option<f64>, m: Option<Moments>| DistanceBar {
            name: name.to_owned(),
            kl_per_dimension: kl.map(|kl| kl / n),
            distance: m.map_or(f64::NAN, |m| m.mean / n.sqrt()),
            distance_std: m.and_then(|m| m.std).unwrap_or(0.0) / n.sqrt(),
            is_baseline: kl.is_none(),
        };
        let families = compared.iter().map(|c| bar(&c.name, Some(c.divergence.kl_data_noise), c.to_mean));
        let images = self.image_moments().map(|m| bar(self.images_name(), None, Some(m)));
        DistanceFigure {
            title: match self.closest_family() {
                Some((closest, true)) => {
                    let closest = describe_family(closest);
                    format!("After their own spectrum, {closest} is the noise closest to these images")
                }
                Some((closest, false)) => {
                    format!("The noise closest to these images is {}", describe_family(closest))
                }
                None if compared.is_empty() => "No noise family was compared".to_owned(),
                None => "No noise here has power wherever these images have".to_owned(),
            },
            subtitle: format!("{}; metric {}, closest first", self.about.describe(), model.metric),
            bars: families.chain(images).collect(),
            too_smooth: TOO_SMOOTH,
        }
    }

    /// The oddest images of either side.
    pub(super) fn farthest_figure(&self, images: &ImageDistances) -> PicturesFigure {
        PicturesFigure {
            title: "The oddest images: too little power first, then too much".to_owned(),
            subtitle: format!(
                "{} of {} at {}; below each its oddness (1 is ordinary), and f in cycles/px where its power is least usual \
                 (above 0.5: diagonal)",
                images.pictures.len(),
                images.rows.len(),
                self.about.preprocess.size
            ),
            pictures: images.pictures.clone(),
        }
    }
}
