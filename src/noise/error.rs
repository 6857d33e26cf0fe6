//! What can go wrong with noise.

/// What can go wrong with noise.
#[derive(Debug, thiserror::Error)]
pub enum NoiseError {
    /// A name that is none.
    #[error("there is no noise family `{text}`; {}the families are {known}", did_you_mean(*nearest))]
    UnknownFamily {
        /// What was given.
        text: String,
        /// The name that was most likely meant.
        nearest: Option<&'static str>,
        /// The names there are.
        known: String,
    },
    /// A family with parameters that cannot be read, or lie outside their range.
    #[error("the noise family `{text}` is not understood: {reason}")]
    Parameter {
        /// What was given.
        text: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A family that follows a dataset, without one.
    #[error("the noise family `{name}` follows a dataset; give images or a saved spectrum as input")]
    NeedsDataset {
        /// The family.
        name: String,
    },
    /// A family measured on a folder that was not measured.
    #[error("the noise images of `{name}` were not measured at this size; this is a bug, please report it")]
    NotMeasured {
        /// The family.
        name: String,
    },
    /// A family without any power at this size.
    #[error(
        "the noise family `{name}` has no power, or an infinite one, on images of {size}; choose a larger size or \
         another parameter"
    )]
    NoPower {
        /// The family.
        name: String,
        /// The size.
        size: crate::spectral::Size,
    },
    /// No power law where one is needed.
    #[error("`{name}` needs the dataset's power law, and none could be fitted: {reason}")]
    NoPowerLaw {
        /// What needs it.
        name: String,
        /// Why there is none.
        reason: String,
    },
    /// A dataset that does not vary, or by no more than the rounding of its pixels and transforms.
    #[error(
        "the images do not vary beyond rounding: they are equal, or nearly so, and no noise can be compared with \
         them; give different images"
    )]
    NoVariance,
    /// A dataset whose mean stays in its images.
    #[error("distances need the mean image removed, and --standardize none keeps it; leave the option out")]
    MeanNotRemoved,
    /// Colours asked of one channel.
    #[error("one channel has no colours to correlate; leave --color out, or use --channels rgb")]
    OneChannel,
    /// Colours of standardised pixels.
    #[error("--color needs channels in pixel values, which --standardize pixel removes; leave one of them out")]
    StandardizedColor,
    /// No cross-channel spectra.
    #[error("--color needs cross-channel spectra, which this spectrum does not hold; scan the images with --coherence")]
    NoCoherence,
    /// The sums fail.
    #[error(transparent)]
    Spectrum(#[from] crate::spectrum::SpectrumError),
    /// LAPACK fails.
    #[error(transparent)]
    Covariance(#[from] crate::stats::covariance::CovarianceError),
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default()
}
