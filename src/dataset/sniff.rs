//! The type of a file from its first bytes, and the file names that suggest an image.

use std::io::Read;
use std::path::Path;

use image::ImageFormat;

use super::open::open;

/// Bytes that suffice to tell every format.
pub(super) const SNIFF_BYTES: usize = 32;

/// Endings of names that promise an image. Formats that are not read are among them: such files are named in the list
/// of skips instead of vanishing among the files that are no images.
const IMAGE_EXTENSIONS: [&str; 24] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "tif", "tiff", "bmp", "dib", "gif", "pbm", "pgm", "ppm",
    "pnm", "pam", "qoi", "avif", "heic", "heif", "jxl", "jp2", "jpx",
];

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// An image that can be decoded.
    Image(ImageFormat),
    /// An image of a format that is not read, with its name.
    OtherImage(&'static str),
    /// Anything else.
    Unknown,
}

/// Name of a format as people write it.
pub(super) fn format_name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Pnm => "PNM",
        ImageFormat::Qoi => "QOI",
        _ => "image",
    }
}

/// Tells the format from the first bytes (up to [`SNIFF_BYTES`]) of a file.
pub(super) fn sniff(head: &[u8]) -> Content {
    use Content::{Image, OtherImage, Unknown};
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Image(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Image(ImageFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Image(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Image(ImageFormat::WebP),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Image(ImageFormat::Tiff),
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => OtherImage("BigTIFF"),
        [b'q', b'o', b'i', b'f', ..] => Image(ImageFormat::Qoi),
        // Two letters are too little evidence, so the size of the header that follows is checked, too.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, _, _, _, _, 12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0, ..] => {
            Image(ImageFormat::Bmp)
        }
        [b'P', b'1'..=b'6', b' ' | b'\t' | b'\r' | b'\n', b'0'..=b'9' | b'#', ..] => Image(ImageFormat::Pnm),
        [b'P', b'7', b'\n', b'A'..=b'Z' | b'#', ..] => Image(ImageFormat::Pnm),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => iso_media_image(brand).map_or(Unknown, OtherImage),
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => OtherImage("JPEG XL"),
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => OtherImage("JPEG 2000"),
        [b'8', b'B', b'P', b'S', 0, 1, ..] => OtherImage("a Photoshop file"),
        _ => Unknown,
    }
}

/// Still images in the container that videos use, told by its brand.
fn iso_media_image(brand: &[u8]) -> Option<&'static str> {
    match brand.get(..4)? {
        b"avif" | b"avis" => Some("AVIF"),
        b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" => Some("HEIC"),
        _ => None,
    }
}

/// Whether the content of a file is that of an image, read or not, by its first bytes.
pub fn is_image(content: &[u8]) -> bool {
    sniff(content) != Content::Unknown
}

/// Whether the name promises an image. Files that macOS leaves beside others (`._name.jpg`) promise nothing.
pub(super) fn has_image_name(path: &Path) -> bool {
    let companion = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"));
    let extension = path.extension().and_then(|e| e.to_str());
    !companion && extension.is_some_and(|e| IMAGE_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// Whether the file holds an image, read or not, by its first bytes.
///
/// # Errors
///
/// If the file cannot be opened or read.
pub(super) fn holds_image(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    let (file, metadata) = open(path)?;
    if !metadata.is_file() {
        return Ok(false);
    }
    file.take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    Ok(is_image(&head))
}
