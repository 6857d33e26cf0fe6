//! What `recommend` answers.

use serde::Serialize;

use super::measure::{ClosestNoise, DecidedBy, Measured};
use super::{AuditRow, ClassRow, PairDistances, PlanRow, Setting, by_class_text, figure, markdown, setting_list, text};
use crate::analysis::{About, Outputs, Report};
use crate::diffusion::{Kappa, NoiseDraws, TrainerSettings};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::plot::recommend::RecommendFigure;
use crate::report::trainers::{TRAINER_FILES, Trainer, TrainerFiles};
use crate::spectrum::{RapsdOf, Spectrum};

/// Spacing of EDM's levels between its ends, which samplers are given with them.
const EDM_RHO: f64 = 7.0;

/// Settings for a trainer, with their reasons; also the content of `recommend.json`.
#[derive(Debug, Clone, Serialize)]
pub struct RecommendReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// How strictly bounds were drawn.
    pub kappa: Kappa,
    /// The numbers, each with its interval and its reason.
    pub settings: Vec<Setting>,
    /// What decides `sigma_max`.
    pub sigma_max_decided_by: DecidedBy,
    /// Share of the mean image, which `sigma_data` leaves out, in the variance of the values about the means of their
    /// channels.
    pub mean_image_share: f64,
    /// Common schedules and densities, and those that were asked for.
    pub audits: Vec<AuditRow>,
    /// The closest noise; none where no family has power wherever the images have.
    pub closest_noise: Option<ClosestNoise>,
    /// Distances between images.
    pub pair_distances: PairDistances,
    /// Settings at other sizes.
    pub planner: Vec<PlanRow>,
    /// Settings of the folders below the input, the most different first; empty if they were not asked for.
    pub by_class: Vec<ClassRow>,
    /// The numbers alone, as trainers take them.
    pub trainer: TrainerSettings,
    /// Images that have bounds.
    pub n_images_with_bounds: u64,
    /// Images without power at any band.
    pub n_flat: u64,
    #[serde(skip)]
    pub(super) figure: RecommendFigure,
    #[serde(skip)]
    files: Option<TrainerFiles>,
}

impl RecommendReport {
    pub(super) fn new(
        spectrum: &Spectrum,
        kappa: Kappa,
        measured: Measured<'_>,
        audits: Vec<AuditRow>,
        pair_distances: PairDistances,
        planner: Vec<PlanRow>,
        closest_noise: Option<ClosestNoise>,
    ) -> Self {
        let about = About::of(spectrum);
        let settings = setting_list::settings(&measured, &about, &audits);
        let trainer = trainer(&measured, &about, spectrum);
        let own = NoiseDraws::Edm { mean: trainer.p_mean, std: trainer.p_std };
        let rapsd = spectrum.radial_statistics(RapsdOf::ChannelMean).mean;
        let frequencies = spectrum.grid().annulus_frequencies();
        Self {
            figure: figure::figure(&about, [trainer.sigma_min, trainer.sigma_max], &frequencies, &rapsd, own),
            kappa,
            settings,
            sigma_max_decided_by: measured.sigma_max().1,
            mean_image_share: mean_image_share(&trainer),
            audits,
            pair_distances,
            planner,
            trainer,
            n_images_with_bounds: measured.bounds.n_usable(),
            n_flat: measured.bounds.n_flat(),
            closest_noise,
            by_class: Vec::new(),
            files: None,
            about,
        }
    }

    /// With the files of `trainers`.
    pub(super) fn with_files(self, trainers: &[Trainer]) -> Self {
        let files = TrainerFiles::new(&self.trainer, trainers, serde_json::json!(self.about));
        Self { files: Some(files), ..self }
    }

    /// With the rows of classes.
    pub(super) fn with_classes(self, by_class: Vec<ClassRow>) -> Self {
        Self { by_class, ..self }
    }

    /// A setting by its name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

/// See [`RecommendReport::mean_image_share`]; 0 where chance makes it less.
fn mean_image_share(trainer: &TrainerSettings) -> f64 {
    let all = trainer.raw_std_overall().powi(2);
    ((all - trainer.sigma_data.powi(2)) / all).max(0.0)
}

/// The numbers alone.
fn trainer(measured: &Measured<'_>, about: &About, spectrum: &Spectrum) -> TrainerSettings {
    let size = about.preprocess.size;
    TrainerSettings {
        sigma_data: measured.sigma_data.value,
        raw_mean: spectrum.channel_means(),
        raw_std: spectrum.channel_deviations(),
        sigma_data_per_channel: measured.sigma_data_channels.iter().map(|i| i.value).collect(),
        sigma_min: measured.sigma_min.value,
        sigma_max: measured.sigma_max().0.value,
        sigma_brightness: measured.sigma_max_brightness.value,
        p_mean: measured.density.p_mean.value,
        p_std: measured.density.p_std.value,
        shift: measured.shift.value,
        noise_offset: measured.noise_offset.value,
        sigmas: measured.sigmas.clone(),
        rho: EDM_RHO,
        resolution: [size.width, size.height],
        channels: about.preprocess.channels.count(),
        is_latent: about.are_latents(),
    }
}

/// Every file that there may be.
const FILES: [&str; TRAINER_FILES.len() + 3] = {
    let mut files = ["recommend.json"; TRAINER_FILES.len() + 3];
    (files[1], files[2]) = ("recommend.md", BY_CLASS);
    let mut i = 0;
    while i < TRAINER_FILES.len() {
        files[i + 3] = TRAINER_FILES[i];
        i += 1;
    }
    files
};

/// The table of classes.
const BY_CLASS: &str = "recommend_by_class.csv";

impl Report for RecommendReport {
    const OUTPUTS: Outputs = Outputs { files: &FILES, plots: &["recommend"] };

    fn lines(&self) -> Vec<String> {
        text::lines(self)
    }

    fn details(&self) -> Vec<String> {
        text::details(self)
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let own = [Content::json("recommend.json", self), Content::bytes("recommend.md", markdown::document(self))];
        let by_class =
            (!self.by_class.is_empty()).then(|| Content::cells(BY_CLASS, by_class_text::table(&self.by_class)));
        own.into_iter().chain(by_class).chain(self.files.iter().flat_map(TrainerFiles::contents)).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("recommend", self.figure.clone())]
    }
}
