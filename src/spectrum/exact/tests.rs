//! Tests of exact sums: rounding, order, the widths of lanes, overflow.

use super::*;

fn sum_of(values: &[f64], quantum_log2: i32) -> Vec<i128> {
    let mut lanes = ExactLanes::new(values.len(), quantum_log2);
    lanes.add(0, values);
    let mut totals = vec![0; values.len()];
    lanes.drain_into(&mut totals, "test").unwrap();
    totals
}

#[test]
fn contributions_are_rounded_to_the_nearest_quantum_with_halves_to_even() {
    assert_eq!(sum_of(&[0.5, 1.5, 2.5, -0.5, -1.5, 0.49, -0.51], 0), [0, 2, 2, 0, -2, 0, -1]);
    assert_eq!(sum_of(&[0.25, 0.125, -0.375], -2), [1, 0, -2]);
}

#[test]
fn the_wide_path_rounds_as_the_fast_one_and_does_not_touch_its_neighbours() {
    let small = [3.25, -7.75, 0.125, 1e-3];
    let alone = sum_of(&small, -20);
    let mut with_giant = small.to_vec();
    with_giant.push(1e30);
    let together = sum_of(&with_giant, -20);
    assert_eq!(together[..4], alone[..]);
    assert_eq!(together[4], (1e30 * f64::from(20).exp2()) as i128);
}

#[test]
fn every_magnitude_is_rounded_as_128_bit_arithmetic_rounds_it() {
    // Halves and odd numbers of units in the last place, up to magnitudes beyond two limbs.
    for exponent in 40..120 {
        for step in -9..=9 {
            let value = 2f64.powi(exponent) * (1.0 + f64::from(step) * 2f64.powi(-52)) + f64::from(step) * 0.5;
            let expected = value.round_ties_even() as i128;
            assert_eq!(sum_of(&[value, -value], 0), [expected, -expected], "{value:e}");
        }
    }
}

#[test]
fn values_may_start_and_end_inside_a_block() {
    let n = 3 * BLOCK;
    for (offset, length) in [(0, n), (5, n - 9), (BLOCK - 1, 2), (BLOCK, BLOCK), (n - 1, 1), (n, 0)] {
        let values: Vec<f64> = (0..length).map(|i| if i % 50 == 7 { 1e20 } else { i as f64 + 1.0 }).collect();
        let mut lanes = ExactLanes::new(n, 0);
        lanes.add(offset, &values);
        let mut totals = vec![0; n];
        lanes.drain_into(&mut totals, "test").unwrap();
        let expected: Vec<i128> = values.iter().map(|v| *v as i128).collect();
        assert_eq!(totals[offset..offset + length], expected[..], "{offset} {length}");
        assert_eq!(totals.iter().sum::<i128>(), expected.iter().sum::<i128>(), "{offset} {length}");
    }
}

#[test]
fn order_and_grouping_do_not_matter() {
    let values: Vec<f64> = (0..1000).map(|i| ((i * 7919) % 1013) as f64 * 1.37e-5 * 10f64.powi(i % 18)).collect();
    let total = |order: &mut dyn Iterator<Item = usize>, flush: usize| {
        let mut lanes = ExactLanes::new(1, -40);
        let mut totals = [0i128];
        for (n, i) in order.enumerate() {
            lanes.add(0, &values[i..i + 1]);
            if n % flush == 0 {
                lanes.drain_into(&mut totals, "test").unwrap();
            }
        }
        lanes.drain_into(&mut totals, "test").unwrap();
        totals[0]
    };
    let forward = total(&mut (0..1000), 7);
    assert_eq!(forward, total(&mut (0..1000).rev(), 1));
    assert_eq!(forward, total(&mut (0..1000).map(|i| (i * 377) % 1000), FLUSH_AFTER));
}

#[test]
fn lanes_hold_the_promised_number_of_largest_contributions() {
    let largest = NARROW_LIMIT - 1.0;
    let mut lanes = ExactLanes::new(1, 0);
    for _ in 0..FLUSH_AFTER {
        lanes.add(0, &[largest]);
    }
    let mut totals = [0i128];
    lanes.drain_into(&mut totals, "test").unwrap();
    assert_eq!(totals[0], largest as i128 * FLUSH_AFTER as i128);
}

#[test]
fn whole_numbers_are_summed_exactly_in_lanes_of_either_width() {
    // The bounds of 8-bit channels, of luma, and of colour differences: narrow, narrow and wide, wide.
    for largest in [255u64, 255_000, 1_275_000] {
        let values: Vec<f32> = (0..5003).map(|i| (i * 7919 % (2 * largest + 1)) as f32 - largest as f32).collect();
        let specs = [
            TensorSpec::integers("sum", &[5003], largest),
            TensorSpec::integers("squares", &[5003], largest * largest),
        ];
        let [mut sums, mut squares] = specs.map(|spec| ExactLanes::of(&spec));
        let (mut total, mut square_total) = (0, 0);
        for _ in 0..3 {
            total += sums.add_integers(0, &values);
            square_total += squares.add_squares(0, &values);
        }
        let (mut got, mut got_squares) = (vec![0; 5003], vec![0; 5003]);
        sums.drain_into(&mut got, "sum").unwrap();
        squares.drain_into(&mut got_squares, "squares").unwrap();
        for (i, value) in values.iter().enumerate() {
            assert_eq!(got[i], 3 * *value as i128, "{largest}");
            assert_eq!(got_squares[i], 3 * (*value as i128).pow(2), "{largest}");
        }
        assert_eq!(i128::from(total), got.iter().sum::<i128>());
        assert_eq!(i128::from(square_total), got_squares.iter().sum::<i128>());
    }
}

#[test]
fn narrow_lanes_and_totals_hold_the_largest_contributions() {
    // The largest bound that is still narrow.
    let largest = i32::MAX as u64 / FLUSH_AFTER as u64;
    let spec = TensorSpec::integers("sum", &[FLUSH_AFTER], largest);
    assert_eq!((spec.lane_bytes(), TensorSpec::integers("sum", &[1], largest + 1).lane_bytes()), (4, 8));
    for sign in [1.0, -1.0] {
        let mut lanes = ExactLanes::of(&spec);
        let values = vec![sign * largest as f32; FLUSH_AFTER];
        let total: i64 = (0..FLUSH_AFTER).map(|_| lanes.add_integers(0, &values)).sum();
        let mut totals = vec![0; FLUSH_AFTER];
        lanes.drain_into(&mut totals, "sum").unwrap();
        let expected = sign as i128 * largest as i128 * FLUSH_AFTER as i128;
        assert!(totals.iter().all(|t| *t == expected));
        assert_eq!(i128::from(total), expected * FLUSH_AFTER as i128);
    }
}

#[test]
fn a_contribution_that_is_not_finite_is_an_error() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut lanes = ExactLanes::new(2, 0);
        lanes.add(0, &[1.0, bad]);
        assert!(matches!(lanes.drain_into(&mut [0; 2], "test"), Err(SpectrumError::NotFinite { .. })));
    }
}

#[test]
fn overflow_is_an_error() {
    let mut tensor = ExactTensor::zeros(TensorSpec::new("test", &[1], 0));
    tensor.totals[0] = i128::MAX;
    let mut one = ExactTensor::zeros(TensorSpec::new("test", &[1], 0));
    one.totals[0] = 1;
    assert!(matches!(tensor.merge(&one), Err(SpectrumError::Overflow { .. })));
}

#[test]
fn what_does_not_fit_128_bits_is_told_and_never_added_wrongly() {
    let largest = 2f64.powi(126);
    let outcome = |values: &[f64]| {
        let mut lanes = ExactLanes::new(1, 0);
        values.iter().for_each(|value| lanes.add(0, &[*value]));
        let mut totals = [0];
        lanes.drain_into(&mut totals, "test").map(|()| totals[0])
    };
    assert_eq!(outcome(&[largest]).expect("fits"), 1 << 126);
    assert_eq!(outcome(&[largest, -largest, 3.0]).expect("fits"), 3);
    for values in [&[2.0 * largest][..], &[-4.0 * largest], &[largest, largest], &[f64::INFINITY], &[f64::NAN]] {
        assert!(matches!(outcome(values), Err(SpectrumError::NotFinite { .. })), "{values:?}");
    }
}
