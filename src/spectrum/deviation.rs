//! How much the values of each channel vary over all pixels of all images.

use super::saved::Spectrum;

impl Spectrum {
    /// Standard deviation of each channel over all pixels of all images (over their number), value: what latents are
    /// divided by for training, as EDM2's `raw_std`. Before any standardisation or window.
    pub fn channel_deviations(&self) -> Vec<f64> {
        let (config, n) = (self.analysis_config(), self.preprocess.size.n_pixels());
        let (sum, square) = (self.mean_of("pixel_sum"), self.mean_of("pixel_square_sum"));
        let mean = |plane: &[f64]| plane.iter().sum::<f64>() / n as f64;
        // A channel's squares are one sum, or one at every pixel.
        let squares = square.chunks_exact((square.len() / self.n_channels()).max(1));
        let channels = sum.chunks_exact(n).zip(squares).enumerate();
        let deviation = |(c, (sum, square))| {
            let variance = mean(square) - mean(sum).powi(2);
            variance.max(0.0).sqrt() * config.value_per_code(c)
        };
        channels.map(deviation).collect()
    }
}
