//! The share of a schedule's steps that is wasted on one image, and what the schedule does not reach of what the image
//! needs.

use super::bounds::NoiseRange;

/// The shares of a schedule's steps that do nothing for an image.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Waste {
    /// Share of the steps with `s < σ_min`, 0 to 1.
    pub below: f64,
    /// Share of the steps with `s > σ_max`, 0 to 1.
    pub above: f64,
}

impl Waste {
    /// Share of the steps outside the bounds.
    pub fn total(self) -> f64 {
        self.below + self.above
    }
}

/// The waste of `sigmas` (descending, as [`ReferenceSchedule::sigmas`](super::ReferenceSchedule::sigmas) gives them) on
/// an image with these bounds. Steps on a bound are not wasted. `O(log N)`.
///
/// # Panics
///
/// If there are no sigmas.
pub fn compute_waste(sigmas: &[f64], range: &NoiseRange) -> Waste {
    assert!(!sigmas.is_empty(), "a schedule has steps");
    let n = sigmas.len() as f64;
    let above = sigmas.partition_point(|s| *s > range.sigma_max);
    let not_below = sigmas.partition_point(|s| *s >= range.sigma_min);
    Waste { below: (sigmas.len() - not_below) as f64 / n, above: above as f64 / n }
}

/// How far a schedule ends within the bounds of an image, in ln sigma: 0 where it reaches them.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Shortfall {
    /// `ln(s_low/σ_min)` where its smallest level lies above σ_min.
    pub below: f64,
    /// `ln(σ_max/s_top)` where its largest level lies below σ_max.
    pub above: f64,
}

/// The shortfall of `sigmas` (descending) on an image with these bounds.
///
/// # Panics
///
/// If there are no sigmas.
pub fn compute_shortfall(sigmas: &[f64], range: &NoiseRange) -> Shortfall {
    let [top, .., low] = sigmas else {
        assert_eq!(sigmas.len(), 1, "a schedule has steps");
        return compute_shortfall(&[sigmas[0]; 2], range);
    };
    Shortfall { below: (low / range.sigma_min).ln().max(0.0), above: (range.sigma_max / top).ln().max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(sigma_min: f64, sigma_max: f64) -> NoiseRange {
        NoiseRange { sigma_min, sigma_max, weakest_annulus: 2, strongest_annulus: 1, floor: false }
    }

    #[test]
    fn waste_counts_steps_outside_the_bounds() {
        let steps = [8.0, 4.0, 2.0, 1.0, 0.5];
        assert_eq!(compute_waste(&steps, &range(1.0, 4.0)), Waste { below: 0.2, above: 0.2 });
        assert_eq!(compute_waste(&steps, &range(1.1, 3.9)), Waste { below: 0.4, above: 0.4 });
        assert_eq!(compute_waste(&steps, &range(0.1, 9.0)), Waste::default());
        assert_eq!(compute_waste(&steps, &range(10.0, 20.0)), Waste { below: 1.0, above: 0.0 });
        assert_eq!(compute_waste(&steps, &range(0.1, 0.2)).total(), 1.0);
        assert_eq!(compute_waste(&[f64::INFINITY, 1.0], &range(0.1, 2.0)), Waste { below: 0.0, above: 0.5 });
    }

    #[test]
    fn a_shortfall_is_what_the_ends_do_not_reach() {
        let steps = [8.0, 2.0, 0.5];
        let close = |got: Shortfall, below: f64, above: f64| {
            (got.below - below).abs() <= 1e-15 && (got.above - above).abs() <= 1e-15
        };
        assert!(close(compute_shortfall(&steps, &range(0.25, 24.0)), 2.0_f64.ln(), 3.0_f64.ln()));
        assert_eq!(compute_shortfall(&steps, &range(0.5, 8.0)), Shortfall::default(), "on the bounds");
        assert_eq!(compute_shortfall(&steps, &range(1.0, 4.0)), Shortfall::default(), "beyond the bounds");
        assert!(close(compute_shortfall(&[2.0], &range(1.0, 6.0)), 2.0_f64.ln(), 3.0_f64.ln()), "a single step");
        // Pure noise reaches everything, and so does no noise.
        assert_eq!(compute_shortfall(&[f64::INFINITY, 1.0, 0.0], &range(0.1, 1e9)), Shortfall::default());
    }

    proptest! {
        #[test]
        fn waste_equals_a_plain_count(
            mut steps in prop::collection::vec(0.01..100.0f64, 1..50),
            low in 0.01..10.0f64,
            width in 0.0..50.0f64,
        ) {
            steps.sort_by(|a, b| b.total_cmp(a));
            let waste = compute_waste(&steps, &range(low, low + width));
            let count = |outside: &dyn Fn(f64) -> bool| {
                steps.iter().filter(|s| outside(**s)).count() as f64 / steps.len() as f64
            };
            prop_assert_eq!(waste.below, count(&|s| s < low));
            prop_assert_eq!(waste.above, count(&|s| s > low + width));
        }
    }
}
