//! Images of every format and coding, and what chance and malice make of their bytes.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use mozjpeg::{ColorSpace, Compress};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

/// One sound file of every format and coding.
pub fn sound_images() -> Vec<(&'static str, Vec<u8>)> {
    let picture = |x: u32, y: u32| [(x * 7 + y * 3) as u8, (x * 2 + y * 11) as u8, (x * y) as u8];
    let image = DynamicImage::from(image::RgbImage::from_fn(48, 40, |x, y| image::Rgb(picture(x, y))));
    let encoded = |image: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("encodes");
        bytes.into_inner()
    };
    let compressed = |space, n_channels: usize, is_progressive| {
        let mut compress = Compress::new(space);
        compress.set_size(48, 40);
        if is_progressive {
            compress.set_progressive_mode();
        }
        let mut started = compress.start_compress(Vec::new()).expect("starts");
        let samples: Vec<u8> = (0..48 * 40 * n_channels).map(|i| (i * i / 97 + i * 7) as u8).collect();
        started.write_scanlines(&samples).expect("writes");
        started.finish().expect("finishes")
    };
    let mut runs = vec![0; 54 + 1024];
    runs[..2].copy_from_slice(b"BM");
    for (at, value) in [(10, 1078u32), (14, 40), (18, 48), (22, 40), (26, 1 + (8 << 16)), (30, 1), (46, 256)] {
        runs[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    (0..40u8).for_each(|y| runs.extend_from_slice(&[24, y, 24, y * 3, 0, 0]));
    runs.extend_from_slice(&[0, 1]);
    vec![
        ("jpg", encoded(&image, ImageFormat::Jpeg)),
        ("jpg", compressed(ColorSpace::JCS_RGB, 3, true)),
        ("jpg", compressed(ColorSpace::JCS_GRAYSCALE, 1, false)),
        ("jpg", compressed(ColorSpace::JCS_CMYK, 4, false)),
        ("png", encoded(&image, ImageFormat::Png)),
        ("png", encoded(&DynamicImage::from(image.to_rgba16()), ImageFormat::Png)),
        ("webp", encoded(&image, ImageFormat::WebP)),
        ("gif", encoded(&image, ImageFormat::Gif)),
        ("tiff", encoded(&image, ImageFormat::Tiff)),
        ("bmp", encoded(&image, ImageFormat::Bmp)),
        ("bmp", runs),
        ("ppm", encoded(&image, ImageFormat::Pnm)),
        ("qoi", encoded(&image, ImageFormat::Qoi)),
    ]
}

/// Changes some bytes: flips, fills, cuts, inserts, or writes extreme numbers into headers.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut impl Rng) {
    for _ in 0..random.random_range(1..4) {
        let n = bytes.len();
        let at = random.random_range(0..n);
        let end = (at + random.random_range(1..64)).min(n);
        match random.random_range(0..7) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => random.fill(&mut bytes[at..end]),
            2 => bytes[at..end].fill(*[0x00, 0xFF, 0x7F].choose(random).expect("some")),
            3 => bytes.truncate(at.max(4)),
            4 => drop(bytes.splice(at..at, vec![random.random::<u8>(); end - at])),
            5 if n - (end - at) > 4 => drop(bytes.drain(at..end)),
            _ => {
                let at = random.random_range(0..n.min(64));
                let number = [0, u32::MAX, 1 << 31, 0xFFFF, 16384, 0x4000_4000].choose(random).expect("some");
                let end = (at + 4).min(n);
                bytes[at..end].copy_from_slice(&number.to_be_bytes()[..end - at]);
            }
        }
    }
}

/// Makes the checksums of a PNG's chunks right again, as far as there are chunks.
pub fn mend_png(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().expect("four")) as usize;
        let Some(end) = at.checked_add(8).and_then(|start| start.checked_add(length)) else { return };
        if end + 4 > bytes.len() {
            return;
        }
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[at + 4..end]);
        bytes[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}
