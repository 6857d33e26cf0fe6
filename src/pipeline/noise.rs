//! Noise on all cores: samples in order, and their distances from a dataset.

use super::Observer;
use super::ordered::run_ordered;
use super::pass::{Cancel, ScanError};
use crate::noise::field::Role;
use crate::noise::{DatasetModel, MonteCarlo, Noise, SampleWorker, SampledNoise};

/// Draws samples `0 … n−1` of `noise` and hands them on in order. `finish(planes, result)` runs on the worker and makes of a sample's
/// planes what `emit(index, result)` then gets.
///
/// # Errors
///
/// If `cancel` was set, threads cannot be started, or `emit` fails.
pub fn draw_samples<R: Default + Send>(
    noise: &SampledNoise,
    n: usize,
    threads: usize,
    cancel: &Cancel,
    finish: impl Fn(&[f32], &mut R) + Sync,
    emit: impl FnMut(usize, &R) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let make_worker = || (noise.worker(), vec![0.0; noise.len()]);
    let work = |(worker, planes): &mut (SampleWorker<'_>, Vec<f32>), index: usize, result: &mut R| {
        worker.draw(index as u64, planes);
        finish(planes, result);
    };
    run_ordered(n, threads, cancel, make_worker, work, emit)
}

/// Squared distances of samples: from Q, and from members of Q.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleSquares {
    /// `d²(x|Q)` of each sample.
    pub to_mean: Vec<f64>,
    /// `d²(x,y|Q)` of each sample.
    pub to_member: Vec<f64>,
}

/// What a worker of [`sample_distances`] holds.
struct DistanceWorker<'a> {
    monte_carlo: MonteCarlo<'a>,
    member: SampleWorker<'a>,
    noises: Vec<SampleWorker<'a>>,
    planes: Vec<f32>,
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

/// Draws `draws.n` samples of each of `noises` and measures them against `dataset` and against members drawn as `members` (zero-mean Gaussian
/// with the dataset's Γ).
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
    let make_worker = || DistanceWorker {
        monte_carlo: MonteCarlo::new(dataset),
        member: members.worker(),
        noises: sampled.iter().map(SampledNoise::worker).collect(),
        planes: vec![0.0; members.len()],
    };
    let work = |worker: &mut DistanceWorker<'_>, index: usize, squares: &mut Vec<[f64; 2]>| {
        let index = index as u64;
        worker.member.draw(index, &mut worker.planes);
        worker.monte_carlo.set_member(&worker.planes);
        squares.clear();
        for noise in &mut worker.noises {
            noise.draw(index, &mut worker.planes);
            squares.push(worker.monte_carlo.measure(&worker.planes));
        }
    };
    let mut all = vec![SampleSquares::default(); noises.len()];
    observer.started("drawing samples of noise", n);
    run_ordered(n, threads, cancel, make_worker, work, |_, squares| {
        for (all, [to_mean, to_member]) in all.iter_mut().zip(squares) {
            all.to_mean.push(*to_mean);
            all.to_member.push(*to_member);
        }
        observer.advanced(0);
        Ok(())
    })?;
    observer.finished();
    Ok(all)
}
