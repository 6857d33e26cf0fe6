//! The families, a file each, and the table that names them.

pub mod band;
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
use crate::spectral::nearest;

/// An entry of the table of families.
#[derive(Debug)]
pub struct FamilyEntry {
    /// The name before the colon.
    pub keyword: &'static str,
    /// How it is written, for help texts.
    pub usage: &'static str,
    /// What it is, in a few words, for help texts.
    pub help: &'static str,
    /// Reads the text after the colon.
    pub parse: fn(&str) -> Parsed,
}

const fn family(
    keyword: &'static str,
    usage: &'static str,
    help: &'static str,
    parse: fn(&str) -> Parsed,
) -> FamilyEntry {
    FamilyEntry { keyword, usage, help, parse }
}

/// Every family there is.
pub const FAMILIES: &[FamilyEntry] = &[
    family("white", "white", "independent pixels", white::parse),
    family("cloud", "cloud:Δ|fit|best", "power f^(−2Δ)", cloud::parse),
    family("cloud-crop", "cloud-crop:Δ|fit|best", "cut from a larger cloud", cloud_crop::parse),
    family("pink", "pink", "power 1/f", cloud::parse_pink),
    family("brown", "brown", "power 1/f²", cloud::parse_brown),
    family("blue", "blue", "power f", cloud::parse_blue),
    family("band", "band:LO,HI", "white in LO < f ≤ HI cycles/px, nothing elsewhere", band::parse),
    family("offset", "offset:s[,shared]", "white plus a constant of deviation s", offset::parse),
    family("pyramid", "pyramid[:discount[,iterations]]", "white at several resolutions", pyramid::parse),
    family("matched", "matched", "the dataset's own Γ", matched::parse),
    family("blur-noise", "blur-noise:ρ,σ", "blurred images plus noise", blur_noise::parse),
    family("dir", "dir:PATH", "measured on noise images", directory::parse),
];

/// Every family as it is written, with a few words about it, for help texts.
pub fn family_usages() -> String {
    FAMILIES.iter().map(|entry| format!("{} ({})", entry.usage, entry.help)).collect::<Vec<_>>().join(", ")
}

/// The families of a list: a comma parts two families where a keyword follows, or what is none of a family's
/// parameters because no colon is before it; all others are within parameters.
pub fn split_families(text: &str) -> impl Iterator<Item = &str> {
    let keyword_of = |part: &str| part.split([':', ',']).next().unwrap_or_default().to_owned();
    let begins = move |after: &str, before: &str| {
        keywords().any(|keyword| keyword == keyword_of(after)) || !before.contains(':')
    };
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let list = rest?;
        let parts = list.match_indices(',').map(|(i, _)| (&list[..i], &list[i + 1..]));
        let split = parts.into_iter().find(|(before, after)| begins(after, before));
        rest = split.map(|(_, after)| after);
        Some(split.map_or(list, |(before, _)| before))
    })
}

fn keywords() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|entry| entry.keyword)
}

/// Reads a family: a keyword of the table, and its parameters after a colon.
///
/// # Errors
///
/// [`NoiseError::UnknownFamily`] and [`NoiseError::Parameter`].
pub fn parse_family(text: &str) -> Result<Box<dyn NoiseFamily>, NoiseError> {
    let (keyword, parameters) = text.split_once(':').unwrap_or((text, ""));
    let Some(entry) = FAMILIES.iter().find(|entry| entry.keyword == keyword) else {
        let known: Vec<_> = FAMILIES.iter().map(|entry| entry.usage).collect();
        let nearest = nearest(keyword, keywords());
        return Err(NoiseError::UnknownFamily { text: text.to_owned(), nearest, known: known.join(", ") });
    };
    (entry.parse)(parameters).map_err(|reason| NoiseError::Parameter { text: text.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::testing::FAMILY_NAMES;

    #[test]
    fn commas_part_families_and_stay_in_parameters() {
        let split = |text| split_families(text).collect::<Vec<_>>();
        assert_eq!(split("white"), ["white"]);
        assert_eq!(split("white,pink"), ["white", "pink"]);
        assert_eq!(split("white,pnik"), ["white", "pnik"], "a typo is to be named alone");
        let list = "offset:0.1,shared,blur-noise:0.5,0.2,pyramid:0.3,6,cloud:fit,dir:a,b,white";
        let expected = ["offset:0.1,shared", "blur-noise:0.5,0.2", "pyramid:0.3,6", "cloud:fit", "dir:a,b", "white"];
        assert_eq!(split(list), expected);
        assert_eq!(split("offset:0.1,whitee"), ["offset:0.1,whitee"], "it may be a parameter");
        assert_eq!(split(""), [""]);
    }

    #[test]
    fn names_survive_a_round_trip_and_bad_ones_say_why() {
        for name in FAMILY_NAMES {
            assert_eq!(parse_family(name).expect(name).name(), *name);
        }
        let shown = family_usages();
        for FamilyEntry { keyword, usage, help, .. } in FAMILIES {
            let is_of = |name: &&str| name.split(':').next() == Some(keyword);
            assert!(FAMILY_NAMES.iter().any(is_of), "{keyword} is missing in the list of tests");
            assert!(!help.is_empty() && shown.contains(&format!("{usage} ({help})")), "{shown}");
            assert_eq!(FAMILIES.iter().filter(|entry| entry.keyword == *keyword).count(), 1);
            let refused = parse_family(&format!("{keyword}:?,?,?"));
            assert!(refused.is_err() || *keyword == "dir", "{keyword} takes anything");
        }
        for (text, word) in [
            ("grey", "cloud:Δ|fit|best"),
            ("pnik", "did you mean `pink`?"),
            ("offset", "offset:0.1"),
            ("", "white"),
            ("white:1", "no parameters"),
            ("cloud", "fit"),
            ("cloud:x", "number"),
            ("cloud:nan", "between"),
            ("cloud:99", "between"),
            ("band:0.1", "both ends"),
            ("band:0.3,0.3", "below"),
            ("band:0.4,0.1", "below"),
            ("band:0,0.8", "between"),
            ("band:-0.1,0.5", "between"),
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
