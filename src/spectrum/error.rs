//! What can go wrong with sums and spectra.

/// Why sums or a spectrum cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SpectrumError {
    /// A sum left the range of 128-bit integers, or a count that of 64 bits.
    #[error("the sum `{name}` becomes larger than a spectrum can hold: scan fewer images into one spectrum")]
    Overflow {
        /// Name of the tensor.
        name: String,
    },
    /// A contribution was infinite, not a number, or too large for 128 bits.
    #[error(
        "a contribution to `{name}` is too large for a spectrum, or not a number: scale values down; for 8-bit images this is a bug, please report it with the image set"
    )]
    NotFinite {
        /// Name of the tensor.
        name: &'static str,
    },
    /// Two spectra to merge were made differently.
    #[error("they were made differently: {difference}; scan both with the same options")]
    Different {
        /// What differs, in words.
        difference: String,
    },
    /// Two spectra to merge hold the same images.
    #[error(
        "they share images ({n_shared} of those sampled), which would count twice: merge disjoint sets, \
         or pass --allow-shared if the sets are meant to repeat images"
    )]
    SharedImages {
        /// Sampled images that both hold.
        n_shared: usize,
    },
    /// Spectra standardised per pixel refer to their own set.
    #[error(
        "they are standardised by the pixel means of their own sets, so their sums do not add up: \
         scan the whole set at once, or without --standardize pixel"
    )]
    OwnReference,
    /// A covariance of too few images.
    #[error(
        "a covariance needs at least {needed} images, and there is only {n_images}: add images, \
         or cut this one with --transform tile"
    )]
    TooFewImages {
        /// Images there are.
        n_images: u64,
        /// Images it takes.
        needed: u64,
    },
    /// A spectrum that was not made to be saved.
    #[error("it holds no powers of modes, which all later analysis starts from")]
    PartOfTheSums,
    /// A file of another layout version.
    #[error("it has layout version {found}, this specscan reads version {readable}: scan the images again")]
    Version {
        /// The version found.
        found: u32,
        /// The version that can be read.
        readable: u32,
    },
    /// A file that is not what it should be.
    #[error("not a usable .spectrum file: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
}
