//! The floor of white noise: what is left at the highest frequencies of the smoothest places of an image.
//!
//! # Definition
//!
//! `r₁` is the plane filtered by `[1 −2 1] ⊗ [1 −2 1] / 6`, which has the variance of white noise and no edges of
//! first order (Immerkær, *Fast noise variance estimation*, CVIU 64, 1996); `r₂` the same with two pixels between the
//! taps. White noise of variance v has v in both. What is left of the picture has five times as much in `r₂`, as power
//! that falls with f^(−2.3) has, so `v = (5 ⟨r₁²⟩ − ⟨r₂²⟩)/4`, not below 0, over the eighth of the 16-pixel blocks with
//! the least `⟨r₁²⟩`; blocks with clipped pixels are left out, for clipping takes noise away.
//!
//! The plane is `(R − G)/√2`, for the channels share their texture and not their noise: photographs have 0.2 codes
//! there where their luma has up to 4. Of images without colour it is luma, and 3² is taken off v for texture. Noise
//! that is alike in all channels of a colour image, or was saved as JPEG with halved colour, is not seen.

use super::planes::{Planes, WINDOW_PX};

/// Side of a block, pixels.
const BLOCK: usize = 16;

/// Pixels that the wider filter reaches beyond.
const REACH: usize = 2;

/// Fewest blocks that tell anything.
const LEAST_BLOCKS: usize = 8;

/// How much more of a picture's power is in `r₂` than in `r₁`.
const PICTURE_RATIO: f64 = 5.0;

/// Deviation in luma that texture alone may have, codes.
const GREY_TEXTURE_CODES: f64 = 3.0;

/// Luma codes beyond which a pixel may be clipped, and the share of them that spoils a block.
const CLIPPED: (f32, f32) = (8.0, 247.0);
const MOST_CLIPPED: f64 = 0.02;

/// Memory for [`deviation_codes`].
#[derive(Debug, Clone)]
pub struct NoiseScratch {
    /// `⟨r₁²⟩` and `⟨r₂²⟩` of each usable block.
    blocks: Vec<(f64, f64)>,
}

impl Default for NoiseScratch {
    fn default() -> Self {
        Self { blocks: Vec::with_capacity((WINDOW_PX / BLOCK).pow(2)) }
    }
}

/// Standard deviation of the white noise in each channel, codes of 0 … 255; none where fewer than eight blocks can be
/// used.
pub fn deviation_codes(planes: &Planes, scratch: &mut NoiseScratch) -> Option<f64> {
    let plane = if planes.is_grey { &planes.luma } else { &planes.chroma };
    let n_blocks = |side: usize| side.saturating_sub(2 * REACH) / BLOCK;
    scratch.blocks.clear();
    for y in 0..n_blocks(planes.size.height) {
        for x in 0..n_blocks(planes.size.width) {
            let origin = (REACH + y * BLOCK, REACH + x * BLOCK);
            if clipped_share(planes, origin) <= MOST_CLIPPED {
                let width = planes.size.width;
                scratch.blocks.push((mean_square::<1>(plane, width, origin), mean_square::<2>(plane, width, origin)));
            }
        }
    }
    let blocks = &mut scratch.blocks;
    if blocks.len() < LEAST_BLOCKS {
        return None;
    }
    let n = (blocks.len() / 8).max(LEAST_BLOCKS / 2);
    blocks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (fine, coarse) = blocks[..n].iter().fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1));
    let variance = (PICTURE_RATIO * fine - coarse) / (n as f64 * (PICTURE_RATIO - 1.0));
    let texture = if planes.is_grey { GREY_TEXTURE_CODES * GREY_TEXTURE_CODES } else { 0.0 };
    Some((variance - texture).max(0.0).sqrt())
}

fn clipped_share(planes: &Planes, (top, left): (usize, usize)) -> f64 {
    let width = planes.size.width;
    let rows = (top..top + BLOCK).map(|y| &planes.luma[y * width + left..][..BLOCK]);
    let is_clipped = |v: &&f32| **v < CLIPPED.0 || **v > CLIPPED.1;
    rows.map(|row| row.iter().filter(is_clipped).count()).sum::<usize>() as f64 / (BLOCK * BLOCK) as f64
}

/// Mean square of the filtered plane over one block, with `S` pixels from tap to tap.
fn mean_square<const S: usize>(plane: &[f32], width: usize, (top, left): (usize, usize)) -> f64 {
    let mut sum = 0.0;
    for y in top..top + BLOCK {
        let row = |y: usize| &plane[y * width + left - S..][..BLOCK + 2 * S];
        let (above, here, below) = (row(y - S), row(y), row(y + S));
        // Down first, then across.
        let mut down = [0.0f32; BLOCK + 2 * REACH];
        for (x, d) in down[..BLOCK + 2 * S].iter_mut().enumerate() {
            *d = above[x] - 2.0 * here[x] + below[x];
        }
        let mut of_row = 0.0f32;
        for x in 0..BLOCK {
            let r = down[x] - 2.0 * down[x + S] + down[x + 2 * S];
            of_row += r * r;
        }
        sum += f64::from(of_row);
    }
    sum / (36 * BLOCK * BLOCK) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::planes::tests::planes_of;
    use rand::{RngExt, SeedableRng};

    /// A smooth picture with noise of a deviation in it.
    fn noisy(side: usize, deviation: f32) -> Planes {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        // Twelve uniform numbers add up to a normal one.
        let mut normal = || (0..12).map(|_| random.random_range(-0.5f32..0.5)).sum::<f32>();
        let noise: Vec<f32> = (0..side * side).map(|_| deviation * normal()).collect();
        let picture = |x: usize, y: usize| 120.0 + 60.0 * (0.05 * x as f32).sin() * (0.03 * y as f32).cos();
        coloured(planes_of(side, |x, y| picture(x, y) + noise[y * side + x]))
    }

    /// The same values in the plane of colour.
    fn coloured(planes: Planes) -> Planes {
        Planes { chroma: planes.luma.clone(), is_grey: false, ..planes }
    }

    #[test]
    fn the_deviation_of_added_noise_is_found() {
        for deviation in [2.0, 5.0, 10.0] {
            let found = deviation_codes(&noisy(256, deviation), &mut NoiseScratch::default()).expect("blocks");
            // The smoothest eighth of the blocks has a little less than all.
            let share = found / f64::from(deviation);
            assert!((0.75..=1.02).contains(&share), "{deviation}: {found}");
        }
        let none = deviation_codes(&noisy(256, 0.0), &mut NoiseScratch::default()).expect("blocks");
        assert!(none <= 0.5, "{none}");
        // Without colour texture is allowed for.
        let grey = |deviation| Planes { is_grey: true, ..noisy(256, deviation) };
        let of = |planes: &Planes| deviation_codes(planes, &mut NoiseScratch::default()).expect("blocks");
        assert!(of(&grey(3.0)) <= 0.5 && (2.0..=5.0).contains(&of(&grey(5.0))));
    }

    #[test]
    fn a_picture_alone_has_no_floor_and_what_cannot_be_used_has_no_number() {
        let scratch = &mut NoiseScratch::default();
        // Texture with a falling spectrum: waves of many frequencies, each with an amplitude of 1/f.
        let wave = |x: usize, y: usize| {
            let (x, y) = (x as f32, y as f32);
            let of = |k: f32| 30.0 / k * (0.12 * k * x + k * k).sin() * (0.11 * k * y + 3.0 * k).cos();
            128.0 + (1..24).map(|k| of(k as f32)).sum::<f32>()
        };
        let texture = deviation_codes(&coloured(planes_of(200, wave)), scratch).expect("blocks");
        assert!(texture <= 1.0, "{texture}");
        assert_eq!(deviation_codes(&planes_of(200, |_, _| 255.0), scratch), None, "clipped");
        assert_eq!(deviation_codes(&planes_of(36, |_, _| 100.0), scratch), None, "4 blocks");
        assert_eq!(deviation_codes(&planes_of(200, |_, _| 100.0), scratch), Some(0.0), "flat");
    }
}
