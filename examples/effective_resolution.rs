//! Prints the effective resolution of every image of a folder: path, pixels, and whether it is soft.
//!
//! `cargo run --example effective_resolution -- FOLDER SIDE` takes the central `SIDE×SIDE` pixels of each image as they
//! are.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use specscan::dataset::{DecodeOptions, Decoder, PreprocessConfig, Preprocessor, Transform};
use specscan::diffusion::EffectiveResolutionPlan;
use specscan::spectral::Size;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(side)) = (arguments.next(), arguments.next()) else {
        return Err("usage: effective_resolution FOLDER SIDE".into());
    };
    let size = Size::square(side.parse()?);
    let config = PreprocessConfig { transform: Transform::Crop, size, allow_upscale: false, drop_letterbox: false };
    let (mut decoder, mut preprocessor) = (Decoder::new(), Preprocessor::new(config)?);
    let plan = EffectiveResolutionPlan::new(size);
    let mut workspace = plan.workspace();
    let mut paths = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    let mut time = Duration::ZERO;
    for path in &paths {
        decoder.read(path)?;
        let decoded = decoder.decode(&DecodeOptions::default())?;
        for view in preprocessor.apply(&decoded.image)? {
            let start = Instant::now();
            let resolution = plan.measure_rgb(|| view.rows(), &mut workspace);
            time += start.elapsed();
            match resolution {
                Some(px) => println!("{}\t{px:.1}\t{}", path.display(), plan.is_soft(px)),
                None => println!("{}\t\tfalse", path.display()),
            }
        }
    }
    eprintln!("{:.3} ms an image", time.as_secs_f64() * 1e3 / paths.len().max(1) as f64);
    Ok(())
}
