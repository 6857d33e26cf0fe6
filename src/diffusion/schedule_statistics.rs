//! Statistics of schedules over a set of any size, in fixed memory.

use crate::stats::histogram::Histogram;
use crate::stats::order_interval::QuantileInterval;

/// Times of a fan of schedules, at the most.
const MAX_FAN_TIMES: usize = 129;

/// The spread over images of the logSNR at each time.
#[derive(Debug, Clone)]
pub struct ScheduleStatistics {
    /// Which points of the schedules are looked at, in rising order.
    points: Vec<usize>,
    logsnr: Vec<Histogram>,
    n_images: u64,
    n_flat: u64,
}

impl ScheduleStatistics {
    /// No schedules yet, of `n_steps` points (2 or more).
    pub fn new(n_steps: usize) -> Self {
        let n = n_steps.min(MAX_FAN_TIMES);
        let points: Vec<usize> = (0..n).map(|i| i * (n_steps - 1) / (n - 1).max(1)).collect();
        // From sigma = e¹⁶ to e⁻¹⁶ in steps of 0.05: 2.5 % of sigma.
        let logsnr = vec![Histogram::new(-32.0, 0.05, 1280); points.len()];
        Self { points, logsnr, n_images: 0, n_flat: 0 }
    }

    /// Adds an image's schedule; none if it is flat.
    ///
    /// # Panics
    ///
    /// If the schedule is shorter than planned.
    pub fn add(&mut self, logsnr: Option<&[f64]>) {
        self.n_images += 1;
        match logsnr {
            None => self.n_flat += 1,
            Some(logsnr) => {
                self.logsnr.iter_mut().zip(&self.points).for_each(|(histogram, &i)| histogram.add(logsnr[i]));
            }
        }
    }

    /// Points looked at, as positions in a schedule.
    pub fn points(&self) -> &[usize] {
        &self.points
    }

    /// Images added.
    pub fn n_images(&self) -> u64 {
        self.n_images
    }

    /// Images without a schedule.
    pub fn n_flat(&self) -> u64 {
        self.n_flat
    }

    /// Median over images of the largest sigma, value, of images worth `effective` independent ones; with its interval.
    pub fn sigma_max_median(&self, effective: f64) -> Option<QuantileInterval> {
        // Sigma falls as logSNR rises.
        let QuantileInterval { value, low95, high95 } = self.logsnr.last()?.quantile_interval(0.5, effective);
        let sigma = |logsnr: f64| (-0.5 * logsnr).exp();
        value.is_finite().then(|| QuantileInterval {
            value: sigma(value),
            low95: high95.map(sigma),
            high95: low95.map(sigma),
        })
    }

    /// Quantile over images of the logSNR at every point; none without schedules.
    pub fn quantiles(&self, level: f64) -> Option<Vec<f64>> {
        self.logsnr.iter().map(|histogram| histogram.quantile(level)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_holds_the_quantiles_at_both_ends_whatever_the_number_of_points() {
        for n_steps in [2, 3, 128, 129, 130, 1000] {
            let mut fan = ScheduleStatistics::new(n_steps);
            assert_eq!(fan.quantiles(0.5), None);
            for image in 0..5 {
                let logsnr: Vec<f64> =
                    (0..n_steps).map(|i| f64::from(image) - 10.0 * i as f64 / (n_steps - 1) as f64).collect();
                fan.add(Some(&logsnr));
            }
            fan.add(None);
            assert_eq!((fan.n_images(), fan.n_flat()), (6, 1));
            assert_eq!((fan.points()[0], fan.points()[fan.points().len() - 1]), (0, n_steps - 1));
            assert!(fan.points().len() <= 129 && fan.points().windows(2).all(|w| w[0] < w[1]));
            let (low, high) = (fan.quantiles(0.0).expect("five"), fan.quantiles(1.0).expect("five"));
            assert_eq!((low[0], high[0]), (0.0, 4.0));
            let median = fan.sigma_max_median(400.0).expect("five");
            // logSNR −8, to a bin.
            assert!((median.value.ln() - 4.0).abs() <= 0.025, "{median:?}");
            assert!(median.low95 <= Some(median.value) && Some(median.value) <= median.high95, "{median:?}");
            assert_eq!(fan.sigma_max_median(5.0).expect("five").low95, None, "open below six");
            assert_eq!((low[low.len() - 1], high[high.len() - 1]), (-10.0, -6.0));
        }
    }
}
