//! Noise on all cores: samples in order, and their distances from a dataset.

use super::error::{Cancel, ScanError};
use super::observer::Observer;
use super::ordered::{Jobs, Schedule, run_ordered};
use crate::noise::field::Role;
use crate::noise::{DatasetModel, MonteCarlo, Noise, SampledNoise};

/// Samples in flight, per worker: each holds planes of its own.
const WINDOW_PER_WORKER: usize = 4;

/// Draws samples `0 … n−1` of `noise` and hands them on in order. `finish(planes, result)` runs on the worker and makes
/// of a sample's planes what `emit(index, result)` then gets.
///
/// # Errors
///
/// If `cancel` was set, threads cannot be started, or `emit` fails.
pub fn draw_samples<R: Default + Send>(
    noise: &SampledNoise,
    n: usize,
    threads: usize,
    (observer, cancel): (&dyn Observer, &Cancel),
    finish: impl Fn(&[f32], &mut R) + Sync,
    mut emit: impl FnMut(usize, &R) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let live = |jobs: &Jobs<'_, R>| {
        let (mut worker, mut planes) = (noise.worker(), vec![0.0; noise.len()]);
        jobs.run(|index, result| {
            worker.draw(index as u64, &mut planes);
            finish(&planes, result);
            Ok(())
        })
    };
    observer.started("drawing noise", "samples", n);
    let arrived = |_: &R| observer.advanced(0);
    run_ordered(schedule(n, threads, cancel), live, arrived, |index, result| emit(index, result))?;
    observer.finished();
    Ok(())
}

fn schedule(n: usize, threads: usize, cancel: &Cancel) -> Schedule<'_> {
    Schedule { n, threads, window: threads.max(1) * WINDOW_PER_WORKER, cancel }
}

/// Squared distances of samples: from Q, and from members of Q.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleSquares {
    /// `d²(x|Q)` of each sample.
    pub to_mean: Vec<f64>,
    /// `d²(x,y|Q)` of each sample.
    pub to_member: Vec<f64>,
}

/// How many samples are drawn, from which seed, on how many workers.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    /// Samples of each family.
    pub n: usize,
    /// Seed of all of them.
    pub seed: u64,
    /// Workers; the result does not depend on it.
    pub threads: usize,
}

/// Draws `draws.n` samples of each of `noises` and measures them against `dataset` and against members drawn as
/// `members` (zero-mean Gaussian with the dataset's Γ).
///
/// # Errors
///
/// If `cancel` was set, or threads cannot be started.
pub fn sample_distances(
    dataset: &DatasetModel,
    members: &Noise,
    noises: &[Noise],
    draws: Draws,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Vec<SampleSquares>, ScanError> {
    let Draws { n, seed, threads } = draws;
    let members = SampledNoise::new(members.sampler.clone(), seed, Role::Member);
    let sampled: Vec<_> = noises.iter().map(|n| SampledNoise::new(n.sampler.clone(), seed, Role::Trial)).collect();
    let live = |jobs: &Jobs<'_, Vec<[f64; 2]>>| {
        let mut monte_carlo = MonteCarlo::new(dataset);
        let mut member = members.worker();
        let mut noises: Vec<_> = sampled.iter().map(SampledNoise::worker).collect();
        let mut planes = vec![0.0; members.len()];
        jobs.run(|index, squares| {
            let index = index as u64;
            member.draw(index, &mut planes);
            monte_carlo.set_member(&planes);
            squares.clear();
            for noise in &mut noises {
                noise.draw(index, &mut planes);
                squares.push(monte_carlo.measure(&planes));
            }
            Ok(())
        })
    };
    let mut all = vec![SampleSquares::default(); noises.len()];
    let emit = |_: usize, squares: &mut Vec<[f64; 2]>| {
        for (all, [to_mean, to_member]) in all.iter_mut().zip(squares.iter()) {
            all.to_mean.push(*to_mean);
            all.to_member.push(*to_member);
        }
        Ok(())
    };
    observer.started("measuring samples of noise", "samples", n);
    run_ordered(schedule(n, threads, cancel), live, |_| observer.advanced(0), emit)?;
    observer.finished();
    Ok(all)
}
