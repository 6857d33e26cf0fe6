//! Schedules and training densities beside the images' bounds: what they waste and whom they do not reach.

use anyhow::Result;
use serde::Serialize;

use crate::analysis::read_schedule;
use crate::diffusion::{Audit, NoiseDraws, ReferenceSchedule, SetBounds};

/// Schedules that are judged in any case, after the densities of EDM and of flow matching.
const USUAL_STEPS: [&str; 2] = ["edm:18", "ddpm-linear:1000"];

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Audited {
    /// Draws of training.
    Draws(NoiseDraws),
    /// Steps of training or sampling.
    Steps(ReferenceSchedule),
}

/// One schedule or density.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditRow {
    /// Its name.
    pub name: String,
    /// `draws` or `steps`.
    pub of: &'static str,
    /// What it does for the set.
    #[serde(flatten)]
    pub audit: Audit,
}

impl Audited {
    /// The usual ones, then those called `names`; none twice.
    ///
    /// # Errors
    ///
    /// If a name is none, and no file.
    pub(super) fn usual_and(names: &[String]) -> Result<Vec<Self>> {
        let mut all = vec![Self::Draws(NoiseDraws::EDM), Self::Draws(NoiseDraws::FLOW)];
        for name in USUAL_STEPS {
            all.push(Self::Steps(name.parse()?));
        }
        for name in names {
            let audited = match NoiseDraws::is_named_by(name) {
                true => Self::Draws(name.parse()?),
                false => Self::Steps(read_schedule(name)?),
            };
            if !all.contains(&audited) {
                all.push(audited);
            }
        }
        Ok(all)
    }

    /// What it does for a set with these bounds.
    pub(super) fn row(&self, bounds: &SetBounds<'_>) -> AuditRow {
        match self {
            Self::Draws(draws) => AuditRow { name: draws.to_string(), of: "draws", audit: bounds.audit_draws(*draws) },
            Self::Steps(schedule) => {
                AuditRow { name: schedule.to_string(), of: "steps", audit: bounds.audit_steps(schedule.sigmas()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_densities_schedules_or_refused_and_none_stands_twice() {
        let of = |names: &[&str]| Audited::usual_and(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]).expect("names").len(), 4);
        let all = of(&["edm:18", "edm:-0.8,1.6", "edm:40", "edm:-1.2,1.2"]).expect("names");
        assert_eq!(all.len(), 6, "{all:?}");
        assert!(matches!(&all[4], Audited::Draws(_)) && matches!(&all[5], Audited::Steps(_)));
        for bad in ["edm:1,0", "flow-shift:0", "edmm"] {
            assert!(of(&[bad]).is_err(), "{bad}");
        }
    }
}
