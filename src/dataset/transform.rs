//! From a decoded image to what the network would see: the crops and resizes of trainers' preprocessing.
//!
//! # Definition
//!
//! With `N` the working size and `w×h` the image:
//!
//! - `center-crop-dhariwal`: while `min(w, h) ≥ 2N`, halve to `⌊w/2⌋×⌊h/2⌋` with a box; then bicubic to
//!   `round(w·k)×round(h·k)`, `k = N/min(w, h)`; then the `N×N` from column `⌊(W−N)/2⌋` and row `⌊(H−N)/2⌋` on. ADM
//!   (Dhariwal and Nichol), EDM2, DiT and SiT prepare ImageNet so.
//! - `center-crop`: the central `min(w, h)` square, then Lanczos to `N×N`. EDM's and StyleGAN's dataset tools.
//! - `crop`: the central window, no resampling. `tile`: every whole window of the grid that starts at the upper left
//!   corner. `none`: the image, which has to have the working size.
//!
//! # Conventions
//!
//! Halves round to even, as in Python; offsets round down. Every step leaves 8-bit samples, as Pillow's
//! do: pixels are Pillow's bit for bit.
//!
//! # Cost
//!
//! Nothing is copied where nothing is resampled: a [`View`] is a window onto the decoded pixels. Every step computes
//! only what the next one takes, and [`PreprocessConfig::part`] says what the first one does.

use super::decode::RgbImage;
use super::letterbox::is_letterboxed;
use super::part::Part;
use super::resample::{Resampler, Source, Target};
use super::skip::SkipReason;
use super::view::{View, Views};
use super::weights::Kernel;
use crate::spectral::{Size, named};

/// How an image is brought to the working size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// Box halvings, bicubic, central crop; also called `adm`.
    CenterCropDhariwal,
    /// Central square, then Lanczos.
    CenterCrop,
    /// The central window.
    Crop,
    /// All windows of a grid.
    Tile,
    /// Nothing: images have the working size.
    None,
}

named!(Transform {
    CenterCropDhariwal = "center-crop-dhariwal" | "adm",
    CenterCrop = "center-crop",
    Crop = "crop",
    Tile = "tile",
    None = "none",
});

impl Transform {
    /// Whether pixels are interpolated, which needs a square working size.
    pub fn resamples(self) -> bool {
        matches!(self, Self::CenterCropDhariwal | Self::CenterCrop)
    }
}

/// What is done to every decoded image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreprocessConfig {
    /// How it is brought to size.
    pub transform: Transform,
    /// Working size, pixels.
    pub size: Size,
    /// Whether smaller images are enlarged (by the transforms that resample) instead of skipped. Enlarged images have
    /// no true high frequencies.
    pub allow_upscale: bool,
    /// Whether images with uniform bars are skipped.
    pub drop_letterbox: bool,
}

/// A configuration that cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PreprocessError {
    /// A working size without pixels.
    #[error("the working size {0} has no pixels; give --resolution at least 1")]
    ZeroSize(Size),
    /// A working size beyond all that is kept and read again.
    #[error(
        "the working size {0} is beyond {max} pixels a side; take --resolution {max} or less with --transform tile, or \
         leave --transform out", max = Size::MAX_SIDE_PX
    )]
    TooLarge(Size),
    /// A working size that the transform cannot yield.
    #[error(
        "{transform} makes squares, not {size}; give --resolution one number, or take --transform crop, tile or none"
    )]
    NotSquare {
        /// The transform.
        transform: Transform,
        /// The size asked for.
        size: Size,
    },
}

impl PreprocessConfig {
    /// Checks that the configuration can be carried out.
    ///
    /// # Errors
    ///
    /// If the size is zero or too large, or not square where the transform needs a square.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        let Self { transform, size, .. } = *self;
        if size.n_pixels() == 0 {
            return Err(PreprocessError::ZeroSize(size));
        }
        if size.longer_side() > Size::MAX_SIDE_PX {
            return Err(PreprocessError::TooLarge(size));
        }
        if transform.resamples() && size.width != size.height {
            return Err(PreprocessError::NotSquare { transform, size });
        }
        Ok(())
    }

    /// Whether an image of the size `found` can be brought to the working size.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn accepts(&self, found: Size) -> Result<(), SkipReason> {
        let Self { transform, size: needed, allow_upscale, .. } = *self;
        let too_small = found.width < needed.width || found.height < needed.height;
        match transform {
            Transform::None if found != needed => Err(SkipReason::OtherSize { found, needed }),
            Transform::Crop | Transform::Tile if too_small => {
                Err(SkipReason::TooSmall { found, needed, transform: transform.name() })
            }
            _ if transform.resamples() && too_small && !allow_upscale => {
                Err(SkipReason::WouldEnlarge { found, needed })
            }
            _ => Ok(()),
        }
    }

    /// What [`Preprocessor::apply`] looks at in an image of the size `found`.
    pub fn part(&self, found: Size) -> Part {
        let size = self.size;
        match self.transform {
            _ if self.accepts(found).is_err() => Part::whole(found),
            Transform::CenterCropDhariwal => dhariwal_part(found, size),
            Transform::CenterCrop => Part::window(central(found), Size::square(found.shorter_side())),
            Transform::Crop | Transform::None => Part::window(window_origin(found, size), size),
            Transform::Tile if self.drop_letterbox => Part::whole(found),
            Transform::Tile => {
                let tiled = |side: usize, tile: usize| side / tile * tile;
                Part::whole(Size::new(tiled(found.height, size.height), tiled(found.width, size.width)))
            }
        }
    }
}

/// Column and row of the central window.
fn window_origin(found: Size, size: Size) -> (usize, usize) {
    ((found.width - size.width) / 2, (found.height - size.height) / 2)
}

/// Column and row of the central square.
fn central(found: Size) -> (usize, usize) {
    window_origin(found, Size::square(found.shorter_side()))
}

fn halved(found: Size) -> Size {
    Size::new(found.height / 2, found.width / 2)
}

/// What `center-crop-dhariwal` resamples an image to that needs no halving, and the square it takes of that.
fn dhariwal_target(found: Size, size: Size) -> Target {
    let n = size.width;
    let factor = n as f64 / found.shorter_side() as f64;
    let scaled = |side: usize| (side as f64 * factor).round_ties_even() as usize;
    let (width, height) = (scaled(found.width), scaled(found.height));
    Target { width, height, origin: ((width - n) / 2, (height - n) / 2), crop_width: n, crop_height: n }
}

/// What `center-crop-dhariwal` takes of an image.
fn dhariwal_part(found: Size, size: Size) -> Part {
    let Size { width, height } = found;
    if found.shorter_side() < 2 * size.width {
        return dhariwal_target(found, size).part_of(width, height, Kernel::Bicubic);
    }
    let half = halved(found);
    Target::part(half, &dhariwal_part(half, size)).part_of(width, height, Kernel::Box)
}

/// Applies one [`PreprocessConfig`] to one image after the other with the same buffers. One for each worker.
#[derive(Debug)]
pub struct Preprocessor {
    config: PreprocessConfig,
    resampler: Resampler,
    /// Box halvings go back and forth between these.
    halves: [Vec<u8>; 2],
    resized: Vec<u8>,
}

impl Preprocessor {
    /// A preprocessor with empty buffers.
    ///
    /// # Errors
    ///
    /// As [`PreprocessConfig::validate`].
    pub fn new(config: PreprocessConfig) -> Result<Self, PreprocessError> {
        config.validate()?;
        Ok(Self { config, resampler: Resampler::default(), halves: [Vec::new(), Vec::new()], resized: Vec::new() })
    }

    /// The configuration.
    pub fn config(&self) -> &PreprocessConfig {
        &self.config
    }

    /// Bytes of the buffers.
    pub fn held_bytes(&self) -> usize {
        let halves: usize = self.halves.iter().map(Vec::capacity).sum();
        halves + self.resized.capacity() + self.resampler.held_bytes()
    }

    /// Gives all buffers back.
    pub fn release(&mut self) {
        self.resampler = Resampler::default();
        self.halves = [Vec::new(), Vec::new()];
        self.resized = Vec::new();
    }

    /// The working images of `image`: one, or for `tile` at least one. Of its pixels only those of
    /// [`PreprocessConfig::part`] are looked at.
    ///
    /// With [`PreprocessConfig::drop_letterbox`] the working image is judged; for `tile` the whole image is, since a
    /// tile of sky is no letterbox.
    ///
    /// # Errors
    ///
    /// If the image is too small, has another size than it has to have, or is letterboxed and such are left out.
    ///
    /// # Panics
    ///
    /// If `image.pixels` does not hold `image.size`.
    pub fn apply<'a>(&'a mut self, image: &RgbImage<'a>) -> Result<Views<'a>, SkipReason> {
        self.apply_as(self.config, image)
    }

    /// The same by another configuration, one that [`PreprocessConfig::validate`] does not refuse, in the same buffers.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    ///
    /// # Panics
    ///
    /// As [`Self::apply`].
    pub fn apply_as<'a>(&'a mut self, config: PreprocessConfig, image: &RgbImage<'a>) -> Result<Views<'a>, SkipReason> {
        assert_eq!(image.pixels.len(), image.size.n_pixels() * 3, "three bytes a pixel");
        config.accepts(image.size)?;
        let (found, size) = (image.size, config.size);
        let stride = found.width * 3;
        let views = match config.transform {
            Transform::CenterCropDhariwal => self.center_crop_dhariwal(image, size),
            Transform::CenterCrop => self.center_crop(image, size),
            Transform::Crop | Transform::None => {
                Views::grid(image.pixels, stride, window_origin(found, size), size, (1, 1))
            }
            Transform::Tile => {
                let n = (found.height / size.height, found.width / size.width);
                Views::grid(image.pixels, stride, (0, 0), size, n)
            }
        };
        if config.drop_letterbox {
            let barred = match config.transform {
                Transform::Tile => is_letterboxed(&View::whole(image.pixels, found)),
                _ => views.clone().any(|view| is_letterboxed(&view)),
            };
            if barred {
                return Err(SkipReason::Letterboxed);
            }
        }
        Ok(views)
    }

    fn center_crop_dhariwal<'a>(&'a mut self, image: &RgbImage<'a>, size: Size) -> Views<'a> {
        let Self { resampler, halves, resized, .. } = self;
        let [current, next] = halves;
        let mut found = image.size;
        let mut there = Target::whole(found.width, found.height);
        while found.shorter_side() >= 2 * size.width {
            let pixels = if found == image.size { image.pixels } else { current.as_slice() };
            found = halved(found);
            let target = Target::part(found, &dhariwal_part(found, size));
            resampler.resample(&Source::left_by(&there, pixels), Kernel::Box, &target, next);
            std::mem::swap(current, next);
            there = target;
        }
        let source = Source::left_by(&there, if found == image.size { image.pixels } else { current });
        let target = dhariwal_target(found, size);
        if (target.width, target.height) == (found.width, found.height) {
            let ((x, y), (first_x, first_y)) = (target.origin, source.origin);
            return Views::resampled(source.pixels, source.stride, (x - first_x, y - first_y), size);
        }
        resampler.resample(&source, Kernel::Bicubic, &target, resized);
        Views::resampled(resized, size.width * 3, (0, 0), size)
    }

    fn center_crop<'a>(&'a mut self, image: &RgbImage<'a>, size: Size) -> Views<'a> {
        let (side, (x, y)) = (image.size.shorter_side(), central(image.size));
        let stride = image.size.width * 3;
        if side == size.width {
            return Views::resampled(image.pixels, stride, (x, y), size);
        }
        let pixels = &image.pixels[y * stride + x * 3..];
        let source = Source { pixels, width: side, height: side, stride, origin: (0, 0) };
        let target = Target::whole(size.width, size.height);
        self.resampler.resample(&source, Kernel::Lanczos, &target, &mut self.resized);
        Views::resampled(&self.resized, size.width * 3, (0, 0), size)
    }
}
