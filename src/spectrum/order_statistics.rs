//! Quantiles, of sorted numbers and of counts in bins: one definition for both.
//!
//! # Definition
//!
//! The quantile at the level `q` of `n` numbers is their order statistic at the rank `q (n − 1)`, counted from 0 and
//! linear between neighbours, as in NumPy. In a histogram the numbers of a bin are taken to be spread evenly over it.

/// The quantile at `level` in `[0, 1]` of `n` numbers; none of no numbers. `order_statistic` is asked for one rank, or
/// for two in rising order.
pub fn quantile_of_ranks(n: u64, level: f64, mut order_statistic: impl FnMut(u64) -> f64) -> Option<f64> {
    let position = level * n.checked_sub(1)? as f64;
    let (below, share) = (position.floor() as u64, position.fract());
    let low = order_statistic(below);
    Some(if share > 0.0 { low + share * (order_statistic(below + 1) - low) } else { low })
}

/// The quantile at `level` in `[0, 1]` of numbers in rising order; none of no numbers.
pub fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    quantile_of_ranks(sorted.len() as u64, level, |rank| sorted[rank as usize])
}

/// As [`quantile`] at several levels, of numbers in any order.
pub fn quantiles<const N: usize>(mut values: Vec<f64>, levels: [f64; N]) -> [Option<f64>; N] {
    values.sort_by(f64::total_cmp);
    levels.map(|level| quantile(&values, level))
}

/// Where in a histogram the value of a rank (0 the least) lies: its bin, and how far within, as in `3.25`; none beyond
/// the last value.
pub fn position_of_rank(counts: &[u64], rank: u64) -> Option<f64> {
    let mut before = 0;
    for (bin, &count) in counts.iter().enumerate() {
        if rank < before + count {
            return Some(bin as f64 + ((rank - before) as f64 + 0.5) / count as f64);
        }
        before += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_of_a_list_lie_between_its_numbers() {
        let sorted = [1.0, 2.0, 4.0, 9.0];
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|level| quantile(&sorted, level)), [1.0, 1.75, 3.0, 9.0].map(Some));
        assert_eq!((quantile(&[7.0], 0.3), quantile(&[], 0.3)), (Some(7.0), None));
        assert_eq!(quantiles(vec![4.0, 1.0, 9.0, 2.0], [0.0, 0.25, 1.0]), [1.0, 1.75, 9.0].map(Some));
        assert_eq!(quantiles(Vec::new(), [0.5]), [None]);
        // A neighbour that has no share is not looked at.
        assert_eq!(quantile(&[1.0, 2.0, f64::INFINITY], 0.5), Some(2.0));
    }

    proptest! {
        #[test]
        fn positions_are_those_of_the_values_spread_over_their_bins(
            counts in prop::collection::vec(0_u64..5, 1..20),
        ) {
            let spread = |(bin, &n): (usize, &u64)| {
                (0..n).map(move |i| bin as f64 + (i as f64 + 0.5) / n as f64).collect::<Vec<_>>()
            };
            let values: Vec<f64> = counts.iter().enumerate().flat_map(spread).collect();
            for (rank, value) in (0_u64..).zip(&values) {
                prop_assert_eq!(position_of_rank(&counts, rank), Some(*value));
            }
            prop_assert_eq!(position_of_rank(&counts, values.len() as u64), None);
        }
    }
}
