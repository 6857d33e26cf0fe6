//! Rows of the tables about noise and distances: one struct per CSV file, its fields the columns.

use serde::Serialize;

/// Row of `distance.csv`: one noise family (or baseline) in one metric.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DistanceRow {
    /// The family; `images` and `mean-image` are baselines.
    pub family: String,
    /// Exponent Δ, for power laws.
    pub delta: Option<f64>,
    /// Standard deviation of the noise's pixels, value.
    pub noise_std: Option<f64>,
    /// Mean Mahalanobis distance of the samples (or images) from the set.
    pub d_mean: Option<f64>,
    /// Its standard deviation over samples.
    pub d_std: Option<f64>,
    /// Root of the expected squared distance, in closed form.
    pub d_rms_expected: Option<f64>,
    /// `d_mean/√D`: 1 for a typical member.
    pub d_normalized: Option<f64>,
    /// Mean distance of the samples from members of the set.
    pub d_to_images_mean: Option<f64>,
    /// 2-Wasserstein distance, value.
    pub w2: Option<f64>,
    /// 2-Wasserstein distance over √D, value: root mean square per dimension.
    pub w2_per_dim: Option<f64>,
    /// `KL(noise ‖ dataset)` per dimension, nats.
    pub kl_noise_data_per_dim: Option<f64>,
    /// `KL(dataset ‖ noise)` per dimension, nats.
    pub kl_data_noise_per_dim: Option<f64>,
    /// Rank by `KL(dataset ‖ noise)`, 1 the closest.
    pub rank: Option<usize>,
    /// Which Γ: `modes`, `radial` or `power-law`.
    pub metric: &'static str,
    /// Root of the expected squared distance from members, in closed form.
    pub d_to_images_rms_expected: Option<f64>,
    /// How many standard errors the drawn mean square lies from the expected one.
    pub d_standard_errors: Option<f64>,
    /// The same of the distances from members.
    pub d_to_images_standard_errors: Option<f64>,
    /// Whether the expected `d` is below 0.9 of the images' own: smoother than they are.
    pub too_smooth: Option<bool>,
    /// Samples (or images) behind the means.
    pub n_samples: Option<u64>,
}

/// Row of `distance_full.csv`: one noise family against the full covariance of reduced images.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FullDistanceRow {
    /// The family; `images` are the set's own.
    pub family: String,
    /// Exponent Δ at the reduced size, for power laws.
    pub delta: Option<f64>,
    /// Standard deviation of the noise's pixels, value.
    pub noise_std: Option<f64>,
    /// Mean Mahalanobis distance of the samples.
    pub d_mean: Option<f64>,
    /// Its standard deviation over samples.
    pub d_std: Option<f64>,
    /// Root of the expected squared distance, in closed form; none for families whose modes are not independent.
    pub d_rms_expected: Option<f64>,
    /// `d_mean/√D` (for the images `d_rms_expected/√D`).
    pub d_normalized: Option<f64>,
    /// How many standard errors the drawn mean square lies from the expected one.
    pub d_standard_errors: Option<f64>,
    /// 2-Wasserstein distance over √D, value.
    pub w2_per_dim: Option<f64>,
    /// `KL(noise ‖ dataset)` per dimension, nats.
    pub kl_noise_data_per_dim: Option<f64>,
    /// `KL(dataset ‖ noise)` per dimension, nats.
    pub kl_data_noise_per_dim: Option<f64>,
    /// Rank by `KL(dataset ‖ noise)`, 1 the closest.
    pub rank: Option<usize>,
}

/// Row of `distance_images.csv`: one image, worst first.
#[derive(Debug, Clone, Serialize)]
pub struct DistanceImagesRow<'a> {
    /// Path below the input; tiles have their place in it, `#x,y`.
    pub path: &'a str,
    /// 1 for the farthest.
    pub rank: usize,
    /// Width of the file's image, pixels.
    pub width_px: usize,
    /// Height of the file's image, pixels.
    pub height_px: usize,
    /// Mean value of the working image.
    pub mean: f64,
    /// Standard deviation of the working image, value.
    pub std: f64,
    /// Mahalanobis distance from all other images.
    pub d: f64,
    /// `d/√D`.
    pub d_normalized: f64,
    /// Frequency of the annulus where the image's power exceeds the set's most, cycles per pixel.
    pub frequency_max_excess_cycles_per_px: f64,
    /// By how much, dB.
    pub max_excess_db: Option<f64>,
    /// `d/√D` in the families' metric, from the half of the set that does not hold the image, or from all others.
    pub d_held_out_normalized: f64,
}
