//! One worker's look at each image with all detectors; no allocation per image.

use xxhash_rust::xxh3::Xxh3;

use super::probe::{ImageProbe, ProbeSource};
use super::resolution_probe::{ResolutionProbes, sharp_spectra};
use crate::dataset::{RgbImage, View, bar_share};
use crate::detect::peaks::PeakPlan;
use crate::detect::tones::Tones;
use crate::detect::{FileLook, Measured};
use crate::spectral::Channels;
use crate::spectrum::Analyzer;

/// Makes probes for images of one size.
pub(super) struct DetectorProbes(ResolutionProbes);

impl DetectorProbes {
    /// Probes that look at what `sharpness` measures, too.
    pub fn new(sharpness: ResolutionProbes) -> Self {
        Self(sharpness)
    }
}

impl ProbeSource for DetectorProbes {
    fn probe(&self) -> Box<dyn ImageProbe + '_> {
        Box::new(DetectorProbe {
            sharpness: self.0.probe(),
            longer_side_px: self.0.plan.size().longer_side() as f64,
            channels: self.0.channels,
            peaks: PeakPlan::new(self.0.plan.size()),
            look: FileLook::default(),
            of_file: Measured::default(),
            resolution: Vec::with_capacity(1),
        })
    }
}

struct DetectorProbe<'a> {
    sharpness: Box<dyn ImageProbe + 'a>,
    longer_side_px: f64,
    channels: Channels,
    peaks: Option<PeakPlan>,
    look: FileLook,
    /// What the file's own pixels tell, for all working images of it.
    of_file: Measured,
    resolution: Vec<f64>,
}

impl ImageProbe for DetectorProbe<'_> {
    fn look_at_file(&mut self, image: &RgbImage<'_>) {
        self.look.measure(image.pixels, image.size, &mut self.of_file);
    }

    /// The numbers of [`Measured`], then both halves of the hash of the working image's pixels.
    fn measure(&mut self, file: usize, analyzer: &Analyzer, view: &View<'_>, numbers: &mut Vec<f64>) {
        self.resolution.clear();
        self.sharpness.measure(file, analyzer, view, &mut self.resolution);
        let tones = Tones::of(view.rows());
        let spectra = analyzer.latest_spectra().map(|spectra| sharp_spectra(spectra, self.channels));
        let peaks = self.peaks.as_mut().zip(spectra);
        let measured = Measured {
            effective_resolution_share: self.resolution.first().map(|px| px / self.longer_side_px),
            peak_deviations: peaks.map(|(plan, (spectra, unit))| plan.largest(spectra, unit)),
            bar_share: Some(bar_share(view)),
            contrast_codes: Some(tones.contrast_codes),
            luma_q99_codes: Some(tones.q99_codes),
            luma_q05_codes: Some(tones.q05_codes),
            black_share: Some(tones.black_share),
            white_share: Some(tones.white_share),
            ..self.of_file
        };
        measured.append_to(numbers);
        numbers.extend(halves(hash(view)));
    }
}

/// A hash of the pixels of a working image.
fn hash(view: &View<'_>) -> u64 {
    let mut hasher = Xxh3::new();
    view.rows().for_each(|row| hasher.update(row));
    hasher.digest()
}

/// Two numbers that a double holds exactly.
fn halves(hash: u64) -> [f64; 2] {
    [hash >> 32, hash & u64::from(u32::MAX)].map(|half| half as f64)
}

/// The hash of a working image from the numbers behind those of [`Measured`]; none if there are not two.
pub fn hash_of(numbers: &[f64]) -> Option<u64> {
    let [high, low] = *numbers else { return None };
    Some(((high as u64) << 32) | low as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_comes_back_from_its_halves() {
        for hash in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(hash_of(&halves(hash)), Some(hash));
        }
        assert_eq!(hash_of(&[1.0]), None);
    }
}
