//! What is known of one working image after its transform.

/// Numbers of one working image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageSummary {
    /// Mean value over pixels and channels.
    pub mean: f64,
    /// Standard deviation over pixels and channels.
    pub std: f64,
    /// Mean value of each channel.
    pub channel_mean: Vec<f64>,
    /// Mean square of each channel's values (around zero, not around their mean).
    pub channel_mean_square: Vec<f64>,
    /// Whether every channel has one value: an image without power at any band.
    pub flat: bool,
    /// RAPSD of each channel, value² per mode: channels × annuli.
    pub channel_rapsd: Vec<f64>,
    /// Mean of the channels' RAPSDs, value² per mode.
    pub rapsd: Vec<f64>,
}
