//! Tones of a working image: too dark, too bright, clipped, flat. Integer counts, so exact.
//!
//! # Definition
//!
//! Luma is `(299 R + 587 G + 114 B + 500) div 1000`. Its 99 % quantile says how bright the brightest parts are, its
//! 5 % quantile how dark the darkest. A pixel is clipped to black if no channel exceeds 2, to white if none lies below
//! 253. The contrast is the standard deviation of luma.

/// Codes that count as black and as white.
const BLACK: u8 = 2;
const WHITE: u8 = 253;

/// Tones of one image, codes of 0 … 255 and shares of its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tones {
    /// 5 % quantile of luma.
    pub q05_codes: f64,
    /// 99 % quantile of luma.
    pub q99_codes: f64,
    /// Standard deviation of luma.
    pub contrast_codes: f64,
    /// Share of black pixels.
    pub black_share: f64,
    /// Share of white pixels.
    pub white_share: f64,
}

impl Tones {
    /// Those of an image given as rows of interleaved RGB bytes.
    ///
    /// # Panics
    ///
    /// If there is no pixel.
    pub fn of<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut histogram = [0u64; 256];
        let (mut n_black, mut n_white) = (0u64, 0u64);
        for row in rows {
            for p in row.chunks_exact(3) {
                let luma = (299 * u32::from(p[0]) + 587 * u32::from(p[1]) + 114 * u32::from(p[2]) + 500) / 1000;
                histogram[luma as usize] += 1;
                n_black += u64::from(p.iter().all(|v| *v <= BLACK));
                n_white += u64::from(p.iter().all(|v| *v >= WHITE));
            }
        }
        let n: u64 = histogram.iter().sum();
        assert!(n > 0, "an image has pixels");
        let moment =
            |k: u32| (0u64..).zip(&histogram).map(|(v, count)| v.pow(k) * count).sum::<u64>() as f64 / n as f64;
        let mean = moment(1);
        let share = |count: u64| count as f64 / n as f64;
        Self {
            q05_codes: quantile(&histogram, n, 5),
            q99_codes: quantile(&histogram, n, 99),
            contrast_codes: (moment(2) - mean * mean).max(0.0).sqrt(),
            black_share: share(n_black),
            white_share: share(n_white),
        }
    }
}

/// The least code that at least so many percent of the pixels do not exceed.
fn quantile(histogram: &[u64; 256], n: u64, percent: u64) -> f64 {
    let mut below = 0;
    let at = histogram.iter().position(|count| {
        below += count;
        100 * below >= percent * n
    });
    at.unwrap_or(255) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_are_counted() {
        let mut pixels = vec![[0u8; 3]; 10];
        pixels.extend([[255; 3]; 30]);
        pixels.extend([[100; 3]; 160]);
        let bytes: Vec<u8> = pixels.concat();
        let tones = Tones::of(bytes.chunks_exact(60));
        assert_eq!((tones.q05_codes, tones.q99_codes), (0.0, 255.0));
        assert_eq!((tones.black_share, tones.white_share), (0.05, 0.15));
        let mean = (30.0 * 255.0 + 160.0 * 100.0) / 200.0;
        let square = (30.0 * 255.0f64.powi(2) + 160.0 * 1e4) / 200.0;
        assert!((tones.contrast_codes - (square - mean * mean).sqrt()).abs() <= 1e-9);
        // Red alone is neither black nor white.
        let red = Tones::of([&[255u8, 0, 0][..]].into_iter());
        assert_eq!((red.black_share, red.white_share, red.q99_codes, red.contrast_codes), (0.0, 0.0, 76.0, 0.0));
    }
}
