//! Whether two sets can be compared: of one size and the same channels, prepared in the same way.

use anyhow::{Result, ensure};

use super::comparison::Measured;
use crate::spectrum::Preprocess;

/// Refuses sets that cannot be compared: of other sizes or channels, or, unless allowed, otherwise prepared.
///
/// # Errors
///
/// What differs, and what to do about it.
pub fn check_alike(first: &Measured<'_>, second: &Measured<'_>, allow_different: bool) -> Result<()> {
    let (a, b) = (&first.summary, &second.summary);
    let (p, q) = (&a.preprocess, &b.preprocess);
    let (a, b) = (&a.name, &b.name);
    ensure!(p.size == q.size, "{a} is at {}, {b} at {}: scan both with the same --resolution", p.size, q.size);
    let (c, d) = (p.channels, q.channels);
    ensure!(c == d, "{a} holds {c}, {b} {d}: scan both with the same --channels");
    let unlike = unlike(p, q);
    ensure!(
        unlike.is_empty() || allow_different,
        "{a} and {b} were prepared differently ({}), and a difference may come from that alone: prepare both alike, or \
         give --allow-different-preprocess",
        unlike.join(", ")
    );
    Ok(())
}

/// What differs between the preparations of two sets, by the names of the options; empty if they are alike.
fn unlike(first: &Preprocess, second: &Preprocess) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |name: &str, a: String, b: String| {
        if a != b {
            found.push(format!("{name} {a} and {b}"));
        }
    };
    look("--transform", first.transform.clone(), second.transform.clone());
    look("--exif", first.exif.clone(), second.exif.clone());
    let range = |p: &Preprocess| p.range.map_or("of latents".to_owned(), |range| range.to_string());
    look("--range", range(first), range(second));
    look("--standardize", first.standardize.to_string(), second.standardize.to_string());
    look("--window", first.window.to_string(), second.window.to_string());
    look("--allow-upscale", first.allow_upscale.to_string(), second.allow_upscale.to_string());
    look("--drop-letterbox", first.drop_letterbox.to_string(), second.drop_letterbox.to_string());
    look("--decode-scale", first.decode_scale.to_string(), second.decode_scale.to_string());
    found
}
