//! Enumerations whose values have names: one list of them, for files, tables, messages and the command line.

/// One of a few values, each with a name.
pub trait Named: Copy + 'static {
    /// Every value with its names, in the order of the documentation: the name, then other names it is understood by.
    const NAMES: &'static [(Self, &'static [&'static str])];

    /// The value that goes by `name`, if any does.
    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(value, _)| *value)
    }
}

/// Names the values of a plain enumeration: `named!(Type { Variant = "name" | "other name", … })`. Gives it `ALL`, `name`,
/// [`Named`], and `Display`, `Serialize` and `Deserialize` by its names.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal $(| $other:literal)*),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order of the documentation.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name used on the command line and in files.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl $crate::spectral::named::Named for $type {
            const NAMES: &'static [(Self, &'static [&'static str])] = &[$((Self::$variant, &[$name $(, $other)*])),+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <String as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::spectral::named::Named>::from_name(&name).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{name}` is none of {}", [$($name),+].join(", ")))
                })
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fruit {
        Apple,
        Plum,
    }

    named!(Fruit { Apple = "apple", Plum = "plum" | "prune" });

    #[test]
    fn names_are_written_and_read_back_everywhere() {
        for fruit in Fruit::ALL {
            assert_eq!((Fruit::from_name(fruit.name()), fruit.to_string()), (Some(fruit), fruit.name().to_owned()));
            let json = serde_json::to_string(&fruit).expect("serialises");
            assert_eq!(json, format!("\"{}\"", fruit.name()));
            assert_eq!(serde_json::from_str::<Fruit>(&json).expect("reads"), fruit);
        }
        assert_eq!(format!("{:>6}", Fruit::Plum), "  plum");
    }

    #[test]
    fn other_names_are_understood_and_unknown_ones_answered_with_the_list() {
        assert_eq!((Fruit::from_name("prune"), Fruit::from_name("Apple")), (Some(Fruit::Plum), None));
        let error = serde_json::from_str::<Fruit>("\"pear\"").expect_err("no such fruit").to_string();
        assert!(error.contains("`pear` is none of apple, plum"), "{error}");
    }
}
