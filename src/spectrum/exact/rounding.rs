//! Rounding to whole quanta by one addition, and how many of the results a 64-bit lane holds.

/// Contributions after which a worker's lanes must be emptied: each is below 2⁵¹, so 4096 of them stay below 2⁶³.
pub const FLUSH_AFTER: usize = 4096;

/// Magnitudes below this, in quanta, are rounded exactly by [`ROUNDER`].
pub(super) const NARROW_LIMIT: f64 = (1u64 << 51) as f64;

/// 1.5 · 2⁵²: adding it to a number below 2⁵¹ leaves that number, rounded to the nearest integer, in the low mantissa bits.
pub(super) const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The integer nearest to `value`, of magnitude below [`NARROW_LIMIT`]; halves to even.
#[inline]
pub(super) fn round_narrow(value: f64) -> i64 {
    ((value + ROUNDER).to_bits() as i64).wrapping_sub(ROUNDER.to_bits() as i64)
}
