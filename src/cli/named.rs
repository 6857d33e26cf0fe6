//! Options whose value is one of a few names.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::spectral::Named;

/// Reads a value by its name; the help and the message about a wrong name list all of them.
pub fn choice<T: Named + Send + Sync>() -> impl TypedValueParser<Value = T> {
    let possible =
        |(_, names): &(T, &'static [&'static str])| PossibleValue::new(names[0]).aliases(names[1..].iter().copied());
    PossibleValuesParser::new(T::NAMES.iter().map(possible))
        .try_map(|name| T::from_name(&name).ok_or("not one of the possible values"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::dataset::{ExifPolicy, Layout, Transform};
    use crate::diffusion::ScheduleKind;
    use crate::noise::{Metric, ZeroFrequency};
    use crate::spectral::{Channels, Window};
    use crate::spectrum::Standardize;

    /// Reads `name`, or says why not.
    fn read<T: Named + Send + Sync>(name: &str) -> Result<T, String> {
        let command = clap::Command::new("specscan");
        choice::<T>().parse_ref(&command, None, OsStr::new(name)).map_err(|error| error.to_string())
    }

    fn check<T: Named + PartialEq + std::fmt::Debug + Send + Sync>(n: usize) {
        assert_eq!(T::NAMES.len(), n);
        let refusal = read::<T>("nothing of the kind").expect_err("no such name");
        for (value, names) in T::NAMES {
            assert!(names.iter().all(|name| read::<T>(name) == Ok(*value)), "{names:?}");
            assert!(refusal.contains(names[0]), "{refusal}");
        }
    }

    #[test]
    fn every_choice_reads_its_names_and_refuses_others_with_the_list() {
        check::<ExifPolicy>(2);
        check::<Transform>(5);
        check::<Layout>(5);
        check::<ScheduleKind>(3);
        check::<Metric>(3);
        check::<ZeroFrequency>(2);
        check::<Channels>(3);
        check::<Window>(2);
        check::<Standardize>(3);
        assert_eq!(read("adm"), Ok(Transform::CenterCropDhariwal));
    }
}
