//! Signal-to-noise ratio over time and frequency: when each frequency emerges from a noise.
//!
//! # Definition
//!
//! `SNR(f, t) = ᾱ_t R(f) / ((1−ᾱ_t) S(f))`, natural units. A frequency emerges where it passes 1: at the `t` with
//! `ln(ᾱ/(1−ᾱ)) = ln S − ln R`. White noise lets low frequencies emerge first; with `S ∝ R` all emerge together.
//!
//! # Conventions
//!
//! `t` counts steps from 1 (least noise) to T. Between steps `ln(ᾱ/(1−ᾱ))` is linear in t. A frequency that is above 1
//! to the end, or below it from the first step on, gets the time of that end and is counted. Where the noise has no
//! power the ratio is infinite: such a frequency is above 1 to the end.

/// A schedule as the logarithm of `ᾱ/(1−ᾱ)` at steps 1 … T; it falls.
#[derive(Debug, Clone, PartialEq)]
pub struct SnrSchedule {
    log_ratio: Vec<f64>,
}

/// When one frequency emerges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// Step, with its fraction, 1 … T.
    pub t: f64,
    /// The step at which SNR is nearest to 1.
    pub nearest_step: usize,
    /// Whether SNR passes 1 within the schedule at all.
    pub is_inside: bool,
}

impl SnrSchedule {
    /// From `ᾱ` of each step, least noise first. A step of pure noise counts as the smallest number there is.
    pub fn new(alpha_bars: &[f64]) -> Self {
        let log_ratio = |a: &f64| (a.max(f64::MIN_POSITIVE)).ln() - (1.0 - a).max(f64::MIN_POSITIVE).ln();
        Self { log_ratio: alpha_bars.iter().map(log_ratio).collect() }
    }

    /// Steps.
    pub fn len(&self) -> usize {
        self.log_ratio.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.log_ratio.is_empty()
    }

    /// `ln SNR` at step `t` (1 … T) of a frequency where the logarithm of R/S is `log_ratio`.
    ///
    /// # Panics
    ///
    /// If there is no such step.
    pub fn log_snr(&self, t: usize, log_ratio: f64) -> f64 {
        self.log_ratio[t - 1] + log_ratio
    }

    /// When a frequency whose logarithm of R/S is `log_ratio` emerges; none if that is not a number, or there are no
    /// steps.
    pub fn crossing(&self, log_ratio: f64) -> Option<Crossing> {
        let n = self.len();
        if n == 0 || log_ratio.is_nan() {
            return None;
        }
        let snr = |i: usize| self.log_ratio[i] + log_ratio;
        // The first step at which noise prevails; the schedule falls.
        let after = self.log_ratio.partition_point(|r| r + log_ratio >= 0.0);
        let nearest = match log_ratio {
            // No step is nearer than another; the limit of large ratios is the last.
            f64::INFINITY => n - 1,
            _ => (0..n).min_by(|a, b| snr(*a).abs().total_cmp(&snr(*b).abs())).unwrap_or(0),
        };
        let (t, is_inside) = match after {
            0 => (1.0, snr(0) == 0.0),
            after if after == n => (n as f64, snr(n - 1) == 0.0),
            after => {
                let (above, below) = (snr(after - 1), snr(after));
                (after as f64 + above / (above - below), true)
            }
        };
        Some(Crossing { t, nearest_step: nearest + 1, is_inside })
    }
}

/// When the frequencies emerge from one noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Emergence {
    /// `ln(R/S)` of each annulus; infinite where the noise has no power, not a number where the images have none.
    pub log_ratio: Vec<f64>,
    /// For each annulus; none where the images have no power.
    pub crossings: Vec<Option<Crossing>>,
    /// Standard deviation of `t/T` over the annuli `j ≥ 1`: 0 when all emerge together. None without any, or where some
    /// do not emerge within the schedule.
    pub spread: Option<f64>,
    /// Annuli `j ≥ 1` that do not pass 1 within the schedule.
    pub n_outside: usize,
    /// Steps of the schedule, T.
    pub n_steps: usize,
}

impl Emergence {
    /// `t/T` of a crossing.
    pub fn time(&self, crossing: &Crossing) -> f64 {
        crossing.t / self.n_steps as f64
    }

    /// `t/T` of each annulus from 0 on; not a number where it does not pass 1 within the schedule.
    pub fn times_within(&self) -> impl Iterator<Item = f64> {
        self.crossings.iter().map(|c| c.filter(|c| c.is_inside).map_or(f64::NAN, |c| self.time(&c)))
    }

    /// Half the width of the 95 % interval of each annulus' `t/T`, where `half_width_ln` is that of the logarithm of
    /// R; none where that is unknown, or it does not pass 1 within the schedule.
    pub fn half_widths(&self, schedule: &SnrSchedule, half_width_ln: &[Option<f64>]) -> Vec<Option<f64>> {
        let annuli = self.crossings.iter().zip(&self.log_ratio).zip(half_width_ln);
        annuli
            .map(|((crossing, ratio), half)| {
                crossing.filter(|crossing| crossing.is_inside)?;
                let [early, late] = [ratio - (*half)?, ratio + (*half)?].map(|ratio| schedule.crossing(ratio));
                Some(0.5 * (self.time(&late?) - self.time(&early?)))
            })
            .collect()
    }

    /// SNR at steps 1 … T of `schedule`, for each step at all annuli; infinite where the noise has no power, not
    /// a number where the images have none.
    pub fn ratios(&self, schedule: &SnrSchedule) -> impl Iterator<Item = f64> {
        (1..=schedule.len()).flat_map(move |t| self.log_ratio.iter().map(move |r| schedule.log_snr(t, *r).exp()))
    }

    /// `t/T` at which the brightness (annulus 0) emerges; none without power.
    pub fn brightness_time(&self) -> Option<f64> {
        self.crossings.first()?.as_ref().map(|c| self.time(c))
    }

    /// `t/T` of the annulus `j ≥ 1` that emerges first, from the most noise, and of the last; none without any.
    pub fn first_and_last_time(&self) -> Option<(f64, f64)> {
        let times = || self.crossings.iter().skip(1).flatten().map(|c| self.time(c));
        times().reduce(f64::max).zip(times().reduce(f64::min))
    }
}

/// When each annulus with the power `rapsd` emerges from noise with the power `noise` (both value² per mode, annuli 0 …
/// ⌊L/2⌋).
///
/// # Panics
///
/// If the two have different lengths.
pub fn emergence(schedule: &SnrSchedule, rapsd: &[f64], noise: &[f64]) -> Emergence {
    assert_eq!(rapsd.len(), noise.len(), "one power per annulus");
    let ratio = |(r, s): (&f64, &f64)| if *r > 0.0 { r.ln() - s.ln() } else { f64::NAN };
    let log_ratio: Vec<f64> = rapsd.iter().zip(noise).map(ratio).collect();
    let crossings: Vec<_> = log_ratio.iter().map(|r| schedule.crossing(*r)).collect();
    let inner = || crossings.iter().skip(1).flatten();
    let n = inner().count() as f64;
    let n_outside = inner().filter(|c| !c.is_inside).count();
    let total = schedule.len() as f64;
    let mean = inner().map(|c| c.t / total).sum::<f64>() / n;
    let variance = inner().map(|c| (c.t / total - mean).powi(2)).sum::<f64>() / n;
    Emergence {
        spread: (n > 0.0 && n_outside == 0).then(|| variance.sqrt()),
        n_outside,
        n_steps: schedule.len(),
        log_ratio,
        crossings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear() -> SnrSchedule {
        let mut alpha_bar = 1.0;
        let beta = |i: usize| 1e-4 + (0.02 - 1e-4) * i as f64 / 999.0;
        let bars: Vec<f64> = (0..1000)
            .map(|i| {
                alpha_bar *= 1.0 - beta(i);
                alpha_bar
            })
            .collect();
        SnrSchedule::new(&bars)
    }

    #[test]
    fn the_crossing_is_where_the_snr_is_one() {
        let schedule = linear();
        for ratio in [-6.0, -1.3, 0.0, 0.7, 5.0] {
            let crossing = schedule.crossing(ratio).expect("a number");
            let before = crossing.t.floor() as usize;
            let share = crossing.t.fract();
            let at = (1.0 - share) * schedule.log_snr(before, ratio) + share * schedule.log_snr(before + 1, ratio);
            assert!(crossing.is_inside && at.abs() <= 1e-12, "{ratio}: {at}");
            let naive = (1..=1000)
                .min_by(|a, b| schedule.log_snr(*a, ratio).abs().total_cmp(&schedule.log_snr(*b, ratio).abs()));
            assert_eq!(Some(crossing.nearest_step), naive);
            assert!((crossing.t - crossing.nearest_step as f64).abs() <= 1.0);
        }
    }

    #[test]
    fn stronger_frequencies_emerge_from_more_noise_and_the_ends_are_told() {
        let schedule = linear();
        let t: Vec<f64> = [-3.0, -1.0, 1.0, 3.0].iter().map(|r| schedule.crossing(*r).expect("a number").t).collect();
        assert!(t.windows(2).all(|p| p[0] < p[1]), "{t:?}");
        let (low, high) = (schedule.crossing(-40.0).expect("a number"), schedule.crossing(40.0).expect("a number"));
        assert_eq!((low.t, low.nearest_step, low.is_inside), (1.0, 1, false));
        assert_eq!((high.t, high.nearest_step, high.is_inside), (1000.0, 1000, false));
        assert_eq!(schedule.crossing(f64::NAN), None);
        assert_eq!(SnrSchedule::new(&[]).crossing(0.0), None);
    }

    #[test]
    fn noise_of_the_same_shape_has_no_spread_and_white_noise_has() {
        let schedule = linear();
        let rapsd: Vec<f64> = (0..33).map(|j| 1.0 / (1.0 + j as f64).powi(2)).collect();
        let same: Vec<f64> = rapsd.iter().map(|r| 0.3 * r).collect();
        let together = emergence(&schedule, &rapsd, &same);
        assert!(together.spread.expect("power") <= 1e-12 && together.n_outside == 0, "{:?}", together.spread);
        let white = emergence(&schedule, &rapsd, &[0.1; 33]);
        let (first, last) = white.first_and_last_time().expect("power");
        assert_eq!(first, white.crossings[1].expect("power").t / 1000.0, "the strongest");
        assert_eq!(last, white.crossings[32].expect("power").t / 1000.0, "the weakest");
        assert!(white.brightness_time().expect("power") > first);
        assert!(white.spread.expect("power") > 0.05);
        let flat = emergence(&schedule, &[1.0, 0.0, 0.0], &[1.0; 3]);
        assert_eq!((flat.spread, flat.crossings[1]), (None, None));
        assert!(flat.crossings[0].is_some());
        let within: Vec<f64> = flat.times_within().collect();
        assert!(within[0] == flat.brightness_time().expect("power") && within[1].is_nan());
        // A schedule that never reaches the signal tells nothing of when it would emerge.
        let faint = SnrSchedule::new(&[0.9999, 0.9998]);
        let none = emergence(&faint, &[1.0; 4], &[1e-3; 4]);
        assert_eq!((none.spread, none.n_outside), (None, 3));
        assert!(none.times_within().all(f64::is_nan));
    }

    #[test]
    fn half_widths_of_times_follow_those_of_the_power() {
        let schedule = linear();
        let found = emergence(&schedule, &[4.0, 1.0, 0.25, 0.0, 1e12], &[1.0; 5]);
        let halves = found.half_widths(&schedule, &[Some(0.2), Some(0.2), None, Some(0.2), Some(0.2)]);
        for (j, power) in [(0, 4.0_f64), (1, 1.0)] {
            let at = |ln: f64| schedule.crossing(power.ln() + ln).expect("a number").t / 1000.0;
            let half = halves[j].expect("an interval");
            assert!((half - 0.5 * (at(0.2) - at(-0.2))).abs() <= 1e-12 && half > 0.0, "{half}");
            // Near its value the time follows the logarithm of the power in proportion.
            let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
            assert!((half / (0.2 * slope) - 1.0).abs() <= 0.01, "{half} and {slope}");
        }
        assert_eq!(halves[2..], [None; 3], "unknown, without power, never at 1");
        let none = found.half_widths(&schedule, &[Some(0.0); 5]);
        assert_eq!(none[..2], [Some(0.0); 2]);
    }

    #[test]
    fn from_noise_without_power_a_frequency_has_emerged_at_every_step() {
        let schedule = linear();
        let holes = emergence(&schedule, &[1.0, 1.0, 1.0, 0.0], &[0.0, 0.0, 0.5, 0.0]);
        let at_the_end = Some(Crossing { t: 1000.0, nearest_step: 1000, is_inside: false });
        assert_eq!(holes.crossings[..2], [at_the_end; 2]);
        assert!(holes.crossings[2].is_some_and(|c| c.is_inside) && holes.crossings[3].is_none());
        assert_eq!((holes.spread, holes.n_outside), (None, 1));
        for step in holes.ratios(&schedule).collect::<Vec<_>>().chunks_exact(4) {
            assert!(step[..2] == [f64::INFINITY; 2] && step[2].is_finite() && step[3].is_nan(), "{step:?}");
        }
    }

    #[test]
    fn ratios_are_those_of_the_definition_step_by_step() {
        let (alpha_bars, rapsd, noise) = ([0.9, 0.5, 0.1], [4.0, 1.0, 0.0], [0.5, 0.5, 0.5]);
        let schedule = SnrSchedule::new(&alpha_bars);
        let ratios: Vec<f64> = emergence(&schedule, &rapsd, &noise).ratios(&schedule).collect();
        assert_eq!(ratios.len(), 9);
        for (step, a) in ratios.chunks_exact(3).zip(alpha_bars) {
            for j in 0..2 {
                assert!((step[j] / (a * rapsd[j] / ((1.0 - a) * noise[j])) - 1.0).abs() <= 1e-12, "{step:?} at {a}");
            }
            assert!(step[2].is_nan(), "no power");
        }
    }
}
