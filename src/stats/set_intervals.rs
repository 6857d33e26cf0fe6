//! Numbers of a set with intervals from the spread of the images' vectors between files
//! ([`crate::spectrum::SetVector`]): the deviation of the pixels, and the variance of the brightness.
//!
//! # Definition
//!
//! Both are variances about the mean, `E[x²] − m²`. The influence of an image on the first is its mean square less
//! `2m` times its mean, m the mean of the channel over pixels and images: the mean image is taken as one constant. On
//! the second it is the same of the image's channel means. Student's t with one degree of freedom less than files.
//!
//! # How surely
//!
//! A variance of few files is mostly too small, and then its standard error is, too. Both intervals are therefore in
//! logarithms and wider by a share of `1/G`, G the files: that of the brightness, about `V·G/(G−1)`, by `5/G`, as much
//! as the jackknife over files is, which needs single images; that of the deviation of the pixels by `3/G`: where
//! contrast varies little it is the brightness that decides. What they cover: docs/maths.md §15.
//! The mean image as one constant makes the interval of the pixel deviation wider than with the mean image of each
//! pixel: by 11 % at 12 photographs, by 2 % at 200.

use super::jackknife::Interval;
use super::power_law::MIN_FILES;
use super::student::student_quantile;
use crate::spectrum::SetVector;

/// Share by which few files make the interval of the brightness wider, times their number.
const BRIGHTNESS_WIDENING: f64 = 5.0;
/// The same of the deviation of the pixels.
const DEVIATION_WIDENING: f64 = 3.0;

/// A number that moves as `Σ_i gradient_i δv_i`, with the interval of another sample of as many files; none for fewer
/// than five.
///
/// # Panics
///
/// If `gradient` is not as long as the vector.
pub fn linear_interval(value: f64, gradient: &[f64], set: &SetVector) -> Interval {
    let variance = if set.n_files < MIN_FILES { None } else { set.variance_of(gradient) };
    let half = variance.map(|variance| student_quantile(set.n_files as f64 - 1.0) * variance.sqrt());
    Interval { value, low95: half.map(|half| value - half), high95: half.map(|half| value + half) }
}

/// As [`linear_interval`] of the logarithm of `value`, about `centre`, and wider by `widening` over the number of
/// files.
fn log_interval(value: f64, centre: f64, gradient: &[f64], set: &SetVector, widening: f64) -> Interval {
    let half = linear_interval(0.0, gradient, set).high95.map(|half| half * (1.0 + widening / set.n_files as f64));
    Interval { value, low95: half.map(|h| centre * (-h).exp()), high95: half.map(|h| centre * h.exp()) }
}

/// The standard deviation `std` of the pixels of `channels` (positions), taken together, with its interval.
pub fn pixel_deviation(std: f64, channels: &[usize], set: &SetVector) -> Interval {
    let mut gradient = vec![0.0; set.mean.len()];
    let scale = if std > 0.0 { 0.5 / (std * std) / channels.len() as f64 } else { 0.0 };
    for channel in channels {
        let (square, mean) = (set.mean_squares().start + channel, set.means().start + channel);
        gradient[square] += scale;
        gradient[mean] -= 2.0 * scale * set.mean[mean];
    }
    log_interval(std, std, &gradient, set, DEVIATION_WIDENING)
}

/// The mean over channels of the variance of the images' channel means, value², with its interval: in logarithms,
/// because a variance is never negative.
pub fn brightness_variance(set: &SetVector) -> Interval {
    let means = &set.mean[set.means()];
    let n = means.len() as f64;
    let value = (set.mean[set.squared_brightness()] - means.iter().map(|m| m * m).sum::<f64>() / n).max(0.0);
    if value == 0.0 {
        return Interval::unknown(0.0);
    }
    let mut gradient = vec![0.0; set.mean.len()];
    gradient[set.squared_brightness()] = 1.0 / value;
    for channel in set.means() {
        gradient[channel] = -2.0 * set.mean[channel] / n / value;
    }
    let files = set.n_files as f64;
    log_interval(value, value * files / (files - 1.0), &gradient, set, BRIGHTNESS_WIDENING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::spectrum::AnalysisConfig;
    use crate::spectrum::testing::{pass_in_files, random_images};

    /// 20 files of two images each, and the channel means and mean squares of each image.
    fn set() -> (SetVector, Vec<[Vec<f64>; 2]>, f64) {
        let config = AnalysisConfig::new(Size::square(8));
        let images = random_images(config.size, 40, 11);
        let spectrum = pass_in_files(&config, None, &images, 7, &|i| i % 2 == 1).0;
        let values = |image: &Vec<u8>, c: usize| -> Vec<f64> {
            image.iter().skip(c).step_by(3).map(|v| f64::from(*v) / 127.5 - 1.0).collect()
        };
        let moment = |image: &Vec<u8>, power: i32| -> Vec<f64> {
            (0..3).map(|c| values(image, c).iter().map(|v| v.powi(power)).sum::<f64>() / 64.0).collect()
        };
        let moments = images.iter().map(|image| [moment(image, 1), moment(image, 2)]).collect();
        let covariance = spectrum.color_covariance().expect("images");
        let std = (covariance.iter().step_by(4).sum::<f64>() / 3.0).sqrt();
        (spectrum.set_vector().expect("sums"), moments, std)
    }

    /// Half-width from the influences of the images, two a file.
    fn half_width(influences: &[f64]) -> f64 {
        let n = influences.len() as f64;
        let mean = influences.iter().sum::<f64>() / n;
        let files = influences.chunks(2).map(|file| file.iter().map(|e| e - mean).sum::<f64>().powi(2));
        student_quantile(19.0) * (20.0 / 19.0 * files.sum::<f64>()).sqrt() / n
    }

    #[test]
    fn intervals_are_those_of_the_influences_of_files() {
        let (set, moments, std) = set();
        let mean_of = |c: usize| moments.iter().map(|[mean, _]| mean[c]).sum::<f64>() / 40.0;
        let influence = |[mean, square]: &[Vec<f64>; 2], c: usize| square[c] - 2.0 * mean_of(c) * mean[c];
        let overall = |m: &[Vec<f64>; 2]| (0..3).map(|c| influence(m, c)).sum::<f64>() / 3.0;
        // Of the logarithm, wider by 3/20.
        let log_half =
            |interval: Interval| 0.5 * (interval.high95.expect("files") / interval.low95.expect("files")).ln();
        let want = 1.15 * half_width(&moments.iter().map(overall).collect::<Vec<_>>()) / (2.0 * std * std);
        let got = pixel_deviation(std, &[0, 1, 2], &set);
        assert!((log_half(got) / want - 1.0).abs() <= 1e-6, "{got:?} and {want}");
        assert_eq!(got.value, std);
        assert!((got.low95.expect("files") * got.high95.expect("files") / (std * std) - 1.0).abs() <= 1e-12);
        let want = 1.15 * half_width(&moments.iter().map(|m| influence(m, 1)).collect::<Vec<_>>()) / (2.0 * 0.09);
        let got = log_half(pixel_deviation(0.3, &[1], &set));
        assert!((got / want - 1.0).abs() <= 1e-6, "{got} and {want}");

        let variance = |c: usize| moments.iter().map(|[mean, _]| (mean[c] - mean_of(c)).powi(2)).sum::<f64>() / 40.0;
        let value = (0..3).map(variance).sum::<f64>() / 3.0;
        let of_image = |[mean, _]: &[Vec<f64>; 2]| (0..3).map(|c| (mean[c] - mean_of(c)).powi(2)).sum::<f64>() / 3.0;
        let half = 1.25 * half_width(&moments.iter().map(of_image).collect::<Vec<_>>()) / value;
        let centre = value * 20.0 / 19.0;
        let got = brightness_variance(&set);
        assert!((got.value / value - 1.0).abs() <= 1e-9, "{got:?} and {value}");
        assert!((got.high95.expect("files") / centre - half.exp()).abs() <= 1e-6, "{got:?} and ×{}", half.exp());
        assert!((got.low95.expect("files") / centre - (-half).exp()).abs() <= 1e-6);
    }

    #[test]
    fn few_files_and_sets_that_do_not_vary_have_no_interval() {
        let config = AnalysisConfig::new(Size::square(8));
        let images = random_images(config.size, 4, 11);
        let set = pass_in_files(&config, None, &images, 7, &|_| true).0.set_vector().expect("sums");
        assert_eq!(pixel_deviation(0.4, &[0], &set), Interval::unknown(0.4));
        assert_eq!(brightness_variance(&set).low95, None);
        let equal = vec![images[0].clone(); 6];
        let set = pass_in_files(&config, None, &equal, 7, &|_| true).0.set_vector().expect("sums");
        assert!(brightness_variance(&set).value <= 1e-12);
    }
}
