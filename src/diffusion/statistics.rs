//! Statistics of bounds over a set of any size, in fixed memory: histograms on logarithmic or linear grids.

use super::bounds::NoiseRange;
use super::waste::{Shortfall, Waste};
use crate::stats::histogram::Histogram;
use crate::stats::order_interval::QuantileInterval;

/// Bins per octave of sigma: a width of 0.54 %.
const BINS_PER_OCTAVE: f64 = 128.0;
/// Sigmas are told apart between 2⁻³² and 2³².
const OCTAVES: f64 = 32.0;
/// Bins per octave, on either axis, of the joint histogram: a width of 4 %.
const JOINT_BINS_PER_OCTAVE: f64 = 16.0;
/// Octaves on either side of 1 of the joint histogram; the bounds of 8-bit images of up to 2¹⁶ pixels a side lie
/// within.
const JOINT_OCTAVES: f64 = 24.0;
const JOINT_BINS: usize = (2.0 * JOINT_OCTAVES * JOINT_BINS_PER_OCTAVE) as usize;

/// Bins per unit of ln sigma of a shortfall: a width of 0.4 %; shortfalls are told apart up to e¹⁶.
const SHORTFALL_BINS: f64 = 256.0;

/// One schedule's waste on every image, and its shortfalls.
#[derive(Debug, Clone)]
pub struct WasteStatistics {
    below_sum: f64,
    above_sum: f64,
    total: Histogram,
    /// Of the images with a shortfall.
    short_below: Histogram,
    short_above: Histogram,
}

impl Default for WasteStatistics {
    fn default() -> Self {
        let shortfall = || Histogram::new(0.0, 1.0 / SHORTFALL_BINS, (16.0 * SHORTFALL_BINS) as usize);
        Self {
            below_sum: 0.0,
            above_sum: 0.0,
            total: Histogram::new(0.0, 1.0 / 4096.0, 4097),
            short_below: shortfall(),
            short_above: shortfall(),
        }
    }
}

impl WasteStatistics {
    fn add(&mut self, (waste, shortfall): (Waste, Shortfall)) {
        self.below_sum += waste.below;
        self.above_sum += waste.above;
        self.total.add(waste.total());
        for (histogram, short) in [(&mut self.short_below, shortfall.below), (&mut self.short_above, shortfall.above)] {
            if short > 0.0 {
                histogram.add(short);
            }
        }
    }

    /// Share of the images that have a shortfall at either end; none without images.
    pub fn shortfall_shares(&self) -> Option<Shortfall> {
        let n = self.total.n() as f64;
        (n > 0.0).then(|| Shortfall { below: self.short_below.n() as f64 / n, above: self.short_above.n() as f64 / n })
    }

    /// Medians, in ln sigma, over the images with a shortfall below and above; none where there are no such images.
    pub fn shortfall_medians(&self) -> (Option<f64>, Option<f64>) {
        (self.short_below.quantile(0.5), self.short_above.quantile(0.5))
    }

    /// Mean waste over images; none without images.
    pub fn mean(&self) -> Option<Waste> {
        let n = self.total.n() as f64;
        (n > 0.0).then(|| Waste { below: self.below_sum / n, above: self.above_sum / n })
    }

    /// Quantile over images of the whole waste, 0 to 1; none without images.
    pub fn quantile(&self, level: f64) -> Option<f64> {
        self.total.quantile(level)
    }
}

/// Statistics of the bounds over a set.
#[derive(Debug, Clone)]
pub struct BoundsStatistics {
    log2_sigma_min: Histogram,
    log2_sigma_max: Histogram,
    /// Images by σ_max (slowest) and σ_min.
    joint: Vec<u32>,
    /// σ_min and σ_max of the first images, one more than [`SINGLE_IMAGES`] at most.
    single: Vec<(f64, f64)>,
    n_images: u64,
    n_flat: u64,
    n_floored: u64,
    n_soft: u64,
    n_sharpness_known: u64,
    waste: Vec<WasteStatistics>,
}

/// A band of the picture of bounds: images with similar σ_max, as a share of all, and the spread of their σ_min.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundsBand {
    /// Shares of the images with a smaller and with at most this σ_max, 0 to 1.
    pub share: (f64, f64),
    /// σ_max of these images, value.
    pub sigma_max: f64,
    /// Their σ_min at the levels 5, 25, 50, 75 and 95 %, value.
    pub sigma_min: [f64; 5],
}

/// Images of which each has a row of its own in the picture of bounds.
pub const SINGLE_IMAGES: usize = 200;

impl BoundsStatistics {
    /// No images yet; `n_schedules` reference schedules.
    pub fn new(n_schedules: usize) -> Self {
        let grid = || Histogram::new(-OCTAVES, 1.0 / BINS_PER_OCTAVE, (2.0 * OCTAVES * BINS_PER_OCTAVE) as usize);
        Self {
            log2_sigma_min: grid(),
            log2_sigma_max: grid(),
            joint: vec![0u32; JOINT_BINS * JOINT_BINS],
            single: Vec::new(),
            n_images: 0,
            n_flat: 0,
            n_floored: 0,
            n_soft: 0,
            n_sharpness_known: 0,
            waste: vec![WasteStatistics::default(); n_schedules],
        }
    }

    /// Adds an image: its bounds (none if flat), the waste and the shortfall of each schedule on it, and whether it is
    /// soft (none if unknown).
    ///
    /// # Panics
    ///
    /// If there is not one waste per schedule (none at all for a flat image).
    pub fn add(&mut self, range: Option<&NoiseRange>, waste: &[(Waste, Shortfall)], is_soft: Option<bool>) {
        self.n_images += 1;
        self.n_sharpness_known += u64::from(is_soft.is_some());
        self.n_soft += u64::from(is_soft == Some(true));
        let Some(range) = range else {
            self.n_flat += 1;
            return;
        };
        assert_eq!(waste.len(), self.waste.len(), "one waste per schedule");
        self.n_floored += u64::from(range.floor);
        self.log2_sigma_min.add(range.sigma_min.log2());
        self.log2_sigma_max.add(range.sigma_max.log2());
        // One too many says that they are no longer all.
        if self.single.len() <= SINGLE_IMAGES {
            self.single.push((range.sigma_min, range.sigma_max));
        }
        self.joint[joint_bin(range.sigma_max) * JOINT_BINS + joint_bin(range.sigma_min)] += 1;
        self.waste.iter_mut().zip(waste).for_each(|(statistics, w)| statistics.add(*w));
    }

    /// Images added.
    pub fn n_images(&self) -> u64 {
        self.n_images
    }

    /// Images without bounds.
    pub fn n_flat(&self) -> u64 {
        self.n_flat
    }

    /// Images whose σ_min is the rounding floor.
    pub fn n_floored(&self) -> u64 {
        self.n_floored
    }

    /// Soft images, and images of which it is known.
    pub fn n_soft(&self) -> (u64, u64) {
        (self.n_soft, self.n_sharpness_known)
    }

    /// Quantile of σ_min over the images that have bounds, value.
    pub fn sigma_min_quantile(&self, level: f64) -> Option<f64> {
        self.log2_sigma_min.quantile(level).map(f64::exp2)
    }

    /// The same of images worth `effective` independent ones, with its interval.
    pub fn sigma_min_interval(&self, level: f64, effective: f64) -> QuantileInterval {
        self.log2_sigma_min.quantile_interval(level, effective).map(f64::exp2)
    }

    /// Quantile of σ_max, likewise.
    pub fn sigma_max_interval(&self, level: f64, effective: f64) -> QuantileInterval {
        self.log2_sigma_max.quantile_interval(level, effective).map(f64::exp2)
    }

    /// Quantile of σ_max over the images that have bounds, value.
    pub fn sigma_max_quantile(&self, level: f64) -> Option<f64> {
        self.log2_sigma_max.quantile(level).map(f64::exp2)
    }

    /// Waste of each schedule, in the order given.
    pub fn waste(&self) -> &[WasteStatistics] {
        &self.waste
    }

    /// Whether [`BoundsStatistics::rows`] are single images.
    pub fn has_single_images(&self) -> bool {
        self.single.len() <= SINGLE_IMAGES
    }

    /// The bounds as rows of rising σ_max: one for each image, up to [`SINGLE_IMAGES`]; of more their joint
    /// distribution as at most about `n_rows` rows, each of about as many images.
    pub fn rows(&self, n_rows: u64) -> Vec<BoundsBand> {
        if self.has_single_images() {
            let mut single = self.single.clone();
            single.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
            let share = |i: usize| i as f64 / single.len() as f64;
            let row = |(i, &(sigma_min, sigma_max))| BoundsBand {
                share: (share(i), share(i + 1)),
                sigma_max,
                sigma_min: [sigma_min; 5],
            };
            return single.iter().enumerate().map(row).collect();
        }
        let n: u64 = self.joint.iter().map(|c| u64::from(*c)).sum();
        let least = n.div_ceil(n_rows.max(1)).max(1);
        let mut rows = Vec::new();
        let (mut before, mut counts, mut log2_max_sum) = (0, vec![0u64; JOINT_BINS], 0.0);
        for (bin, line) in self.joint.chunks_exact(JOINT_BINS).enumerate() {
            let here: u64 = line.iter().map(|c| u64::from(*c)).sum();
            counts.iter_mut().zip(line).for_each(|(c, l)| *c += u64::from(*l));
            log2_max_sum += here as f64 * joint_log2(bin as f64 + 0.5);
            let gathered: u64 = counts.iter().sum();
            if here > 0 && (gathered >= least || before + gathered == n) {
                rows.push(BoundsBand {
                    share: (before as f64 / n as f64, (before + gathered) as f64 / n as f64),
                    sigma_max: (log2_max_sum / gathered as f64).exp2(),
                    sigma_min: [0.05, 0.25, 0.5, 0.75, 0.95].map(|level| joint_quantile(&counts, gathered, level)),
                });
                (before, log2_max_sum) = (before + gathered, 0.0);
                counts.fill(0);
            }
        }
        rows
    }
}

fn joint_bin(sigma: f64) -> usize {
    (((sigma.log2() + JOINT_OCTAVES) * JOINT_BINS_PER_OCTAVE) as usize).min(JOINT_BINS - 1)
}

fn joint_log2(bin: f64) -> f64 {
    bin / JOINT_BINS_PER_OCTAVE - JOINT_OCTAVES
}

fn joint_quantile(counts: &[u64], n: u64, level: f64) -> f64 {
    let rank = level * n as f64;
    let mut before = 0.0;
    for (bin, &count) in counts.iter().enumerate() {
        let count = count as f64;
        if count > 0.0 && before + count >= rank {
            return joint_log2(bin as f64 + (rank - before) / count).exp2();
        }
        before += count;
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(sigma_min: f64, sigma_max: f64) -> NoiseRange {
        NoiseRange { sigma_min, sigma_max, weakest_annulus: 9, strongest_annulus: 1, floor: sigma_min < 0.01 }
    }

    #[test]
    fn counts_and_means_are_those_of_the_images() {
        let mut statistics = BoundsStatistics::new(2);
        assert!(statistics.waste()[0].mean().is_none() && statistics.rows(100).is_empty());
        let waste = |below, above| Waste { below, above };
        let first = [waste(0.5, 0.0), waste(0.0, 0.25)].map(|w| (w, Shortfall::default()));
        let second = [waste(0.0, 0.0), waste(0.0, 0.75)].map(|w| (w, Shortfall { below: 0.0, above: 0.5 }));
        statistics.add(Some(&range(0.1, 10.0)), &first, Some(true));
        statistics.add(Some(&range(0.005, 40.0)), &second, Some(false));
        statistics.add(None, &[], None);
        assert_eq!((statistics.n_images(), statistics.n_flat(), statistics.n_floored()), (3, 1, 1));
        assert_eq!(statistics.n_soft(), (1, 2));
        assert_eq!(statistics.waste()[0].mean(), Some(waste(0.25, 0.0)));
        assert_eq!(statistics.waste()[1].mean(), Some(waste(0.0, 0.5)));
        assert_eq!(statistics.waste()[1].quantile(1.0), Some(0.75));
        assert_eq!(statistics.waste()[0].shortfall_shares(), Some(Shortfall { below: 0.0, above: 0.5 }));
        assert_eq!(statistics.waste()[0].shortfall_medians(), (None, Some(0.5)));
        let median = statistics.sigma_max_quantile(0.5).expect("two images");
        assert!((median / 20.0 - 1.0).abs() < 1e-9, "the mean of the logarithms: {median}");
    }

    #[test]
    fn shortfalls_are_those_of_a_plain_count() {
        let mut statistics = BoundsStatistics::new(1);
        let shortfall = |i: u32| f64::from(i * 37 % 101) / 30.0 - 1.0;
        for i in 0..101 {
            let short = Shortfall { below: (-shortfall(i)).max(0.0), above: shortfall(i).max(0.0) };
            statistics.add(Some(&range(0.1, 10.0)), &[(Waste::default(), short)], None);
        }
        let plain = |sign: f64| {
            let mut short: Vec<f64> = (0..101).map(|i| sign * shortfall(i)).filter(|s| *s > 0.0).collect();
            short.sort_by(f64::total_cmp);
            let middle = short.len() / 2;
            let median = if short.len() % 2 == 1 { short[middle] } else { 0.5 * (short[middle - 1] + short[middle]) };
            (short.len() as f64 / 101.0, median)
        };
        let (got, (below, above)) = (&statistics.waste()[0], statistics.waste()[0].shortfall_medians());
        let shares = got.shortfall_shares().expect("images");
        assert_eq!((shares.below, shares.above), (plain(-1.0).0, plain(1.0).0));
        assert!((below.expect("some") - plain(-1.0).1).abs() <= 1.0 / SHORTFALL_BINS);
        assert!((above.expect("some") - plain(1.0).1).abs() <= 1.0 / SHORTFALL_BINS);
    }

    #[test]
    fn few_images_have_a_row_each_and_one_too_many_share_rows() {
        let mut statistics = BoundsStatistics::new(0);
        assert!(statistics.rows(100).is_empty());
        for i in 0..SINGLE_IMAGES {
            let step = ((37 * i) % SINGLE_IMAGES) as f64;
            statistics.add(Some(&range(0.01 + 1e-5 * step, 10.0 + 1e-6 * step)), &[], None);
        }
        statistics.add(None, &[], None);
        let rows = statistics.rows(100);
        assert!(statistics.has_single_images() && rows.len() == SINGLE_IMAGES);
        for (i, row) in rows.iter().enumerate() {
            // Exact, and each image's two bounds together.
            assert_eq!((row.sigma_max, row.sigma_min), (10.0 + 1e-6 * i as f64, [0.01 + 1e-5 * i as f64; 5]));
        }
        assert!(rows[0].share.0 == 0.0 && rows[SINGLE_IMAGES - 1].share.1 == 1.0);
        statistics.add(Some(&range(0.01, 10.0)), &[], None);
        assert!(!statistics.has_single_images() && statistics.rows(100).len() <= 100);
    }

    #[test]
    fn rows_cover_all_images_and_keep_pairs_together() {
        let mut statistics = BoundsStatistics::new(0);
        // σ_min falls as σ_max rises.
        for i in 0..1000 {
            let sigma_max = (f64::from(i) / 200.0).exp2() * 4.0;
            statistics.add(Some(&range(1.0 / sigma_max, sigma_max)), &[], None);
        }
        let rows = statistics.rows(100);
        assert!(rows.len() > 20 && rows.len() <= 100, "{}", rows.len());
        assert!(rows[0].share.0 == 0.0 && rows[rows.len() - 1].share.1 == 1.0);
        for pair in rows.windows(2) {
            assert!(pair[0].share.1 == pair[1].share.0 && pair[0].sigma_max < pair[1].sigma_max);
        }
        for row in rows {
            let product = row.sigma_min[2] * row.sigma_max;
            assert!((product - 1.0).abs() < 0.1, "{row:?}");
            assert!(row.sigma_min.windows(2).all(|w| w[0] <= w[1]));
        }
    }
}
