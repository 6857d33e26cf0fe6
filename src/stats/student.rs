//! Student's t distribution: quantiles for intervals, tails for tests.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Confidence level's upper quantile: 0.975 leaves 95 % between both ends.
const UPPER_QUANTILE: f64 = 0.975;

/// The normal distribution's quantile at that level.
pub const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// Degrees of freedom from which the quantile of Student's t is expanded about the normal distribution's.
const EXPANDED_DEGREES: f64 = 500.0;

/// Degrees of freedom beyond which the limit of infinitely many is as good: statrs's continued fraction no longer is.
const MANY_DEGREES: f64 = 1e4;

/// The 97.5 % quantile of Student's t. NaN for degrees of freedom that are not positive.
pub fn student_quantile(degrees: f64) -> f64 {
    if degrees < EXPANDED_DEGREES {
        return StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |t| t.inverse_cdf(UPPER_QUANTILE));
    }
    // statrs inverts the incomplete beta function, which loses its digits as t approaches the normal; the expansion in
    // 1/ν (Cornish–Fisher) is exact to 1e-9 by then.
    let z = NORMAL_QUANTILE;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + ((third / degrees + second) / degrees + first) / degrees
}

/// Chance of a value of Student's t as far from zero as `t`, on both sides. NaN for degrees of freedom that are not
/// positive.
pub fn student_p(t: f64, degrees: f64) -> f64 {
    2.0 * student_tail(t.abs(), degrees)
}

/// Chance of a value of Student's t of at least `t`. NaN as [`student_p`].
pub fn student_tail(t: f64, degrees: f64) -> f64 {
    if degrees > MANY_DEGREES {
        return normal_tail(t);
    }
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |distribution| distribution.sf(t))
}

/// Chance of a normal number of at least `z`.
pub fn normal_tail(z: f64) -> f64 {
    Normal::standard().sf(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_student_t() {
        // scipy.stats.t.ppf(0.975, ν)
        for (degrees, quantile) in [
            (1.0, 12.706204736175),
            (2.3, 3.807163208232),
            (5.0, 2.570581835636),
            (30.0, 2.042272456301),
            (47.7, 2.010961494105),
            (499.0, 1.964729390988),
            (500.0, 1.964719837467),
            (2500.0, 1.960913344796),
            (1e6, 1.959966356814),
            (1e9, 1.959963986912),
        ] {
            assert!((student_quantile(degrees) - quantile).abs() <= 1e-8, "{degrees}");
        }
        assert!(student_quantile(f64::NAN).is_nan());
    }

    #[test]
    fn the_tail_beyond_the_quantile_is_five_percent() {
        for degrees in [1.0, 4.0, 30.0, 400.0] {
            assert!((student_p(student_quantile(degrees), degrees) - 0.05).abs() <= 1e-9, "{degrees}");
            assert!((student_p(0.0, degrees) - 1.0).abs() <= 1e-12);
        }
    }
}
