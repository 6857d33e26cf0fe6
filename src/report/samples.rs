//! Samples of noise as files, written while they are drawn: PNGs, and one `.npy` for each family.

use std::collections::HashSet;
use std::error::Error;
use std::io::Write;

use super::arrays::StreamedNpy;
use super::output_dir::{OutputDir, OutputError};
use super::plot::pixels::{Pixels, encode_png};
use crate::dataset::OwnPicture;
use crate::spectral::{Size, named};

/// Black and white of the PNGs, standard deviations.
const PNG_STDS: f64 = 3.0;

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFormat {
    /// A picture of each.
    Png,
    /// An array of all, `N×C×H×W` floats.
    Npy,
}

named!(SampleFormat { Png = "png", Npy = "npy" });

/// One drawn sample.
#[derive(Debug, Default)]
pub struct Sample {
    /// Channels, one after the other, value.
    pub planes: Vec<f32>,
    /// The PNG, if one is wanted.
    pub png: Vec<u8>,
    /// Values beyond the PNG's black and white.
    pub n_clipped: u64,
}

/// All sample files of a run.
pub struct SampleFiles<'a> {
    out: &'a OutputDir,
    png: bool,
    npy: bool,
    size: Size,
    range: f64,
    /// Whether there are several families, and names tell them apart.
    is_several: bool,
    png_names: Vec<String>,
    /// Names in use: two families may have the same file name.
    stems: HashSet<String>,
}

/// Those of one family, while they are drawn.
pub struct FamilyFiles<'a, 'b> {
    files: &'b mut SampleFiles<'a>,
    stem: String,
    npy: Option<StreamedNpy>,
    n_channels: usize,
    n: usize,
    n_clipped: u64,
}

/// Turns samples into PNGs; what every worker needs.
#[derive(Debug, Clone, Copy)]
pub struct PngEncoder {
    is_wanted: bool,
    size: Size,
    range: f64,
}

impl<'a> SampleFiles<'a> {
    /// Samples of `size` with pixels of deviation `std`, of `n_families`.
    pub fn new(out: &'a OutputDir, formats: &[SampleFormat], size: Size, std: f64, n_families: usize) -> Self {
        Self {
            out,
            png: formats.contains(&SampleFormat::Png),
            npy: formats.contains(&SampleFormat::Npy),
            size,
            range: PNG_STDS * std,
            is_several: n_families > 1,
            png_names: Vec::new(),
            stems: HashSet::new(),
        }
    }

    /// The value that is white in the PNGs; black is its negative.
    pub fn png_range(&self) -> f64 {
        self.range
    }

    /// Opens the files of the family `name`.
    ///
    /// # Errors
    ///
    /// If the array cannot be created.
    pub fn open<'b>(&'b mut self, name: &str, n_channels: usize) -> Result<FamilyFiles<'a, 'b>, OutputError> {
        let mut stem = if self.is_several { format!("noise_{}", slug(name)) } else { "noise".to_owned() };
        while !self.stems.insert(stem.clone()) {
            stem.push('+');
        }
        let shape = [n_channels, self.size.height, self.size.width];
        let npy = self.npy.then(|| StreamedNpy::create(self.out, &format!("{stem}.npy"), &shape)).transpose()?;
        Ok(FamilyFiles { files: self, stem, npy, n_channels, n: 0, n_clipped: 0 })
    }

    /// Retires the samples of an earlier run; the names of the PNGs written.
    pub fn finish(self) -> Vec<String> {
        self.out.own().samples().into_iter().for_each(|name| self.out.retire(name));
        self.png_names
    }
}

/// A family's name as part of a file name.
fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' }).collect()
}

impl FamilyFiles<'_, '_> {
    /// What turns this family's samples into PNGs.
    pub fn encoder(&self) -> PngEncoder {
        PngEncoder { is_wanted: self.files.png, size: self.files.size, range: self.files.range }
    }

    /// Keeps sample `index`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn push(&mut self, index: usize, sample: &Sample) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let Some(npy) = &mut self.npy {
            npy.push(sample.planes.iter().copied())?;
        }
        if self.files.png {
            let name = format!("{}_{index:05}.png", self.stem);
            self.files.out.write_sample(&name, |file| file.write_all(&sample.png))?;
            self.files.png_names.push(name);
        }
        self.n += 1;
        self.n_clipped += sample.n_clipped;
        Ok(())
    }

    /// Completes the files: their names, and how many values the PNGs clip.
    ///
    /// # Errors
    ///
    /// If the array cannot be completed.
    pub fn commit(self) -> Result<(String, u64), OutputError> {
        let mut names = Vec::new();
        if self.files.png {
            let last = self.n.saturating_sub(1);
            let first = format!("{}_00000.png", self.stem);
            names.push(if last == 0 { first } else { format!("{first} … {last:05}") });
        }
        if let Some(npy) = self.npy {
            npy.commit()?;
            let Size { height, width } = self.files.size;
            names.push(format!("{}.npy ({}×{}×{height}×{width})", self.stem, self.n, self.n_channels));
        }
        Ok((names.join(", "), self.n_clipped))
    }
}

impl PngEncoder {
    /// Makes the PNG of a sample's planes, and counts the values it clips.
    pub fn encode(&self, sample: &mut Sample) {
        let range = self.range as f32;
        sample.n_clipped = sample.planes.iter().filter(|v| v.abs() > range).count() as u64;
        if self.is_wanted {
            let pixels = to_pixels(self.size, &sample.planes, self.range);
            // Sizes come from the grid, so the encoder has nothing to refuse.
            sample.png = encode_png(&pixels, OwnPicture::Sample, None).unwrap_or_default();
        }
    }
}

/// Planes of values as pixels: `-range` is black and `range` white; one plane is grey, three are red, green and blue.
pub fn to_pixels(size: Size, planes: &[f32], range: f64) -> Pixels {
    let n = size.n_pixels();
    let n_channels = planes.len() / n;
    let code = |v: f32| (127.5 + 127.5 * f64::from(v) / range).round().clamp(0.0, 255.0) as u8;
    let rgb = (0..n).flat_map(|p| (0..3).map(move |c| planes[c.min(n_channels - 1) * n + p])).map(code).collect();
    Pixels { width: size.width, height: size.height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_codes_and_names_become_file_names() {
        let pixels = to_pixels(Size::new(1, 2), &[0.0, 3.0, -3.0, 9.0, 0.0, -9.0], 3.0);
        assert_eq!(pixels.rgb, [128, 0, 128, 255, 255, 0]);
        assert_eq!(to_pixels(Size::new(1, 2), &[1.5, -1.5], 3.0).rgb, [191, 191, 191, 64, 64, 64]);
        assert_eq!(slug("cloud:1.5"), "cloud-1.5");
        assert_eq!(slug("dir:../a b/c"), "dir-..-a-b-c");
    }
}
