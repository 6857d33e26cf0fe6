//! One recommended number: its interval, its unit, what is common, and why.

use serde::Serialize;

use crate::report::text::short;
use crate::stats::jackknife::Interval;

/// A setting and its reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Its name, as trainers have it where they have one.
    pub name: String,
    /// Unit: `value` (pixels in −1 … 1), `ln value`, `px/value`, or `1` for a pure number.
    pub unit: &'static str,
    /// The number with its 95 % interval; ends are none where they are open or unknown.
    #[serde(flatten)]
    pub estimate: Interval,
    /// The common default, if there is one.
    pub default: Option<f64>,
    /// Whose default.
    pub default_of: Option<&'static str>,
    /// How this set differs from the default.
    pub difference: Option<String>,
    /// What the number is, in a few words.
    pub what: &'static str,
    /// Why it is recommended, in a sentence.
    pub why: String,
}

impl Setting {
    /// A number without a common default.
    pub(super) fn new(name: &str, unit: &'static str, estimate: Interval, what: &'static str, why: String) -> Self {
        let name = name.to_owned();
        Self { name, unit, estimate, default: None, default_of: None, difference: None, what, why }
    }

    /// The same beside the common default of `whose`.
    pub(super) fn beside(self, default: f64, whose: &'static str, difference: String) -> Self {
        Self { default: Some(default), default_of: Some(whose), difference: Some(difference), ..self }
    }

    /// How the number lies to its default: inside the interval, or by how much beyond.
    pub(super) fn ratio_to(estimate: Interval, default: f64) -> String {
        let Interval { value, low95, high95 } = estimate;
        let is_inside = low95.zip(high95).is_some_and(|(low, high)| low <= default && default <= high);
        match value / default {
            _ if is_inside => "the default lies within the interval".to_owned(),
            ratio if ratio > 0.0 => format!("{} times the default", short(ratio)),
            _ => format!("{} from the default", short(value - default)),
        }
    }

    /// The number as text and tables have it.
    pub fn value_text(&self) -> String {
        short(self.estimate.value)
    }

    /// Its interval as text and tables have it.
    pub fn interval_text(&self) -> String {
        match (self.estimate.low95, self.estimate.high95) {
            (Some(low), Some(high)) => format!("{} to {}", short(low), short(high)),
            (Some(low), None) => format!("at least {}", short(low)),
            (None, Some(high)) => format!("at most {}", short(high)),
            (None, None) => "–".to_owned(),
        }
    }

    /// Its default as text and tables have it.
    pub fn default_text(&self) -> String {
        self.default.map_or_else(|| "–".to_owned(), short_plain)
    }
}

/// A default as people write it: without trailing zeros.
fn short_plain(value: f64) -> String {
    let text = short(value);
    if text.contains('.') && !text.contains('e') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_ends_are_said_as_such() {
        let of = |low95, high95| {
            Setting::new("x", "1", Interval { value: 2.0, low95, high95 }, "", String::new()).interval_text()
        };
        assert_eq!(of(Some(1.0), Some(3.5)), "1.000 to 3.500");
        assert_eq!(of(Some(1.0), None), "at least 1.000");
        assert_eq!(of(None, Some(3.0)), "at most 3.000");
        assert_eq!(of(None, None), "–");
    }

    #[test]
    fn a_default_is_inside_the_interval_or_beyond_it() {
        let estimate = Interval { value: 0.5, low95: Some(0.4), high95: Some(0.6) };
        assert_eq!(Setting::ratio_to(estimate, 0.45), "the default lies within the interval");
        assert_eq!(Setting::ratio_to(estimate, 0.25), "2.000 times the default");
        assert_eq!(Setting::ratio_to(Interval::unknown(-0.5), 1.0), "-1.500 from the default");
    }
}
