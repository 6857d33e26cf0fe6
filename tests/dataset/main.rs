//! Listing, decoding and preprocessing, from outside: bad files of every kind, and Pillow's pixels as the measure.

use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageBuffer, ImageFormat};
use specscan::dataset::{Conversions, DecodeOptions, Decoder, Listing, SkipReason, list_inputs};
use specscan::spectral::Size;
use tempfile::TempDir;

mod damage;
mod decoding;
mod listing;
mod parts;
mod preprocess;
mod scaled;

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder of its own for one test.
pub struct Folder(TempDir);

impl Folder {
    pub fn create() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn list(&self) -> Listing {
        list_inputs(&[self.path()]).unwrap()
    }
}

pub fn keys(listing: &Listing) -> Vec<String> {
    listing.files.iter().map(|file| file.key().into_owned()).collect()
}

/// A picture without symmetries.
pub fn gradient(width: u32, height: u32) -> DynamicImage {
    ImageBuffer::from_fn(width, height, |x, y| {
        image::Rgb([(x * 7 + y * 3) as u8, (x * 2 + y * 11) as u8, (x * y) as u8])
    })
    .into()
}

pub fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encode(&gradient(width, height), ImageFormat::Jpeg)
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encode(&gradient(width, height), ImageFormat::Png)
}

/// Size, pixels and conversions of a file with these bytes.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<(Size, Vec<u8>, Conversions), SkipReason> {
    let folder = Folder::create();
    let path = folder.write("file", bytes);
    let mut decoder = Decoder::new();
    decoder.read(&path)?;
    let decoded = decoder.decode(options)?;
    Ok((decoded.image.size, decoded.image.pixels.to_vec(), decoded.conversions))
}

pub fn decode_error(bytes: &[u8]) -> SkipReason {
    decode(bytes, &DecodeOptions::default()).unwrap_err()
}

pub fn truncated(format: &'static str) -> SkipReason {
    SkipReason::Truncated { format }
}

/// The checksum of PNG chunks, and what zlib's `crc32` gives.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &b| {
        (0..8).fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
    })
}

/// Largest difference of two samples at the same place.
pub fn difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}
