//! The families, a file each; the table that names them is in [`super::family`].

pub mod blur_noise;
pub mod cloud;
pub mod cloud_crop;
pub mod directory;
pub mod matched;
pub mod offset;
pub mod pyramid;
pub mod white;
