//! The families, a file each, and the table that names them.

pub mod blur_noise;
pub mod cloud;
pub mod cloud_crop;
pub mod directory;
pub mod matched;
pub mod offset;
pub mod pyramid;
pub mod white;

use super::error::NoiseError;
use super::family::{NoiseFamily, Parsed};

/// A line of the table of families.
#[derive(Debug)]
pub struct FamilyEntry {
    /// The name before the colon.
    pub keyword: &'static str,
    /// How it is written, for help texts.
    pub usage: &'static str,
    /// Reads the text after the colon.
    pub parse: fn(&str) -> Parsed,
}

/// Every family there is.
pub const FAMILIES: &[FamilyEntry] = &[
    FamilyEntry { keyword: "white", usage: "white", parse: white::parse },
    FamilyEntry { keyword: "cloud", usage: "cloud:Δ|fit|best", parse: cloud::parse },
    FamilyEntry { keyword: "cloud-crop", usage: "cloud-crop:Δ|fit|best", parse: cloud_crop::parse },
    FamilyEntry { keyword: "pink", usage: "pink", parse: cloud::parse_pink },
    FamilyEntry { keyword: "brown", usage: "brown", parse: cloud::parse_brown },
    FamilyEntry { keyword: "blue", usage: "blue", parse: cloud::parse_blue },
    FamilyEntry { keyword: "offset", usage: "offset:s[,shared]", parse: offset::parse },
    FamilyEntry { keyword: "pyramid", usage: "pyramid[:discount[,iterations]]", parse: pyramid::parse },
    FamilyEntry { keyword: "matched", usage: "matched", parse: matched::parse },
    FamilyEntry { keyword: "blur-noise", usage: "blur-noise:ρ,σ", parse: blur_noise::parse },
    FamilyEntry { keyword: "dir", usage: "dir:PATH", parse: directory::parse },
];

/// Reads a family: a keyword of the table, and its parameters after a colon.
///
/// # Errors
///
/// [`NoiseError::UnknownFamily`] and [`NoiseError::Parameter`].
pub fn parse_family(text: &str) -> Result<Box<dyn NoiseFamily>, NoiseError> {
    let (keyword, parameters) = text.split_once(':').unwrap_or((text, ""));
    let Some(entry) = FAMILIES.iter().find(|entry| entry.keyword == keyword) else {
        let known: Vec<_> = FAMILIES.iter().map(|entry| entry.usage).collect();
        return Err(NoiseError::UnknownFamily { text: text.to_owned(), known: known.join(", ") });
    };
    (entry.parse)(parameters).map_err(|reason| NoiseError::Parameter { text: text.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip_and_bad_ones_say_why() {
        for name in [
            "white",
            "cloud:1.5",
            "cloud:fit",
            "cloud:best",
            "cloud-crop:1",
            "cloud-crop:fit",
            "pink",
            "brown",
            "blue",
            "offset:0.1",
            "offset:0.05,shared",
            "pyramid:0.3,6",
            "pyramid:0.9,10",
            "matched",
            "blur-noise:0.5,0.2",
            "dir:some/folder",
        ] {
            assert_eq!(parse_family(name).expect(name).name(), name);
        }
        for (text, word) in [
            ("grey", "cloud:Δ|fit|best"),
            ("", "white"),
            ("white:1", "no parameters"),
            ("cloud", "fit"),
            ("cloud:x", "number"),
            ("cloud:nan", "between"),
            ("cloud:99", "between"),
            ("offset", "number"),
            ("offset:-1", "between"),
            ("offset:0.1,common", "shared"),
            ("pyramid:0.3,0", "iterations"),
            ("pyramid:2", "between"),
            ("blur-noise:0.5", "ρ,σ"),
            ("dir:", "folder"),
        ] {
            let error = parse_family(text).expect_err(text).to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
