//! Apodisation windows for planes, corrected so that they leave the power of white noise unchanged.
//!
//! # Definition
//!
//! The Hann window of `n` points is `½(1 − cos(2πi/n))`, `i = 0 … n−1` (the periodic form), the plane's window the product
//! of the two axes' windows, divided by its root mean square.
//!
//! A window is applied to a channel around that channel's own mean, `y = μ + w (x − μ)`: the brightness of an image would
//! otherwise leak from the zero frequency into the first annuli.

use std::f64::consts::TAU;

use super::Size;

/// Which apodisation is applied to each plane before it is transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// None: the spectrum of what the network sees, edges included.
    #[default]
    None,
    /// Hann on both axes.
    Hann,
}

impl Window {
    /// The weight of each pixel (`H·W`, row by row), of unit mean square; `None` where every weight is one.
    pub fn weights(self, size: Size) -> Option<Vec<f32>> {
        match self {
            Window::None => None,
            Window::Hann => {
                let (rows, columns) = (hann(size.height), hann(size.width));
                let mean_square = |w: &[f64]| w.iter().map(|v| v * v).sum::<f64>() / w.len() as f64;
                let rms = (mean_square(&rows) * mean_square(&columns)).sqrt();
                Some(rows.iter().flat_map(|r| columns.iter().map(move |c| (r * c / rms) as f32)).collect())
            }
        }
    }
}

/// The periodic Hann window; a single point has no neighbours to fade to and keeps its weight.
fn hann(n: usize) -> Vec<f64> {
    if n == 1 {
        return vec![1.0];
    }
    (0..n).map(|i| 0.5 * (1.0 - (TAU * i as f64 / n as f64).cos())).collect()
}
