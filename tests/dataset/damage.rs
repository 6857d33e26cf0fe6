//! Damaged files: what gives them away, what is kept, and how much passes unseen.

use image::{DynamicImage, ImageFormat};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use specscan::dataset::{Damaged, DecodeOptions, SkipReason};

use crate::{decode, encode, gradient};

#[test]
fn survey() {
    let image = gradient(64, 48);
    let formats = [
        (ImageFormat::Jpeg, "JPEG"),
        (ImageFormat::Png, "PNG"),
        (ImageFormat::Bmp, "BMP"),
        (ImageFormat::Gif, "GIF"),
        (ImageFormat::Tiff, "TIFF"),
        (ImageFormat::Pnm, "PNM"),
        (ImageFormat::Qoi, "QOI"),
        (ImageFormat::WebP, "WebP"),
    ];
    let _ = DynamicImage::clone(&image);
    let _ = (Damaged::Keep, SkipReason::Empty);
    for (format, name) in formats {
        let bytes = encode(&image, format);
        let whole = decode(&bytes, &DecodeOptions::default()).expect("sound");
        for kind in ["cut", "bytes", "zeros"] {
            let mut random = ChaCha8Rng::seed_from_u64(1);
            let (mut refused, mut same, mut other) = (0, 0, 0);
            let mut examples = Vec::new();
            for _ in 0..200 {
                let mut mutant = bytes.clone();
                match kind {
                    "cut" => mutant.truncate(random.random_range(1..bytes.len())),
                    "bytes" => {
                        let at = random.random_range(0..bytes.len());
                        mutant[at] ^= 1 << random.random_range(0..8);
                    }
                    _ => {
                        let at = random.random_range(0..bytes.len());
                        let end = (at + 64).min(bytes.len());
                        mutant[at..end].fill(0);
                    }
                }
                match decode(&mutant, &DecodeOptions::default()) {
                    Err(_) => refused += 1,
                    Ok(found) if found == whole => same += 1,
                    Ok(_) => {
                        other += 1;
                        examples.push(mutant.len());
                    }
                }
            }
            examples.truncate(4);
            println!("{name} ({} B) {kind}: refused {refused} same {same} other {other} {examples:?}", bytes.len());
        }
    }
}
