//! specscan: what spectrum an image dataset has, and what that means for a diffusion model.

pub mod analysis;
pub mod cli;
pub mod dataset;
pub mod diffusion;
pub mod noise;
pub mod pipeline;
pub mod report;
pub mod spectral;
pub mod spectrum;
pub mod stats;
