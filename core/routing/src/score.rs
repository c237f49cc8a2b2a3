//! How good a plan is: ordered tiers, the first that differs decides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many priorities visits may have.
pub const PRIORITIES: usize = 4;

/// What a plan leaves undone and what it costs; less is better. The tiers are compared one after the other, so no number of
/// saved kilometers outweighs a visit, nor a promise that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Score {
    /// The value of the visits not served, by priority, the most urgent first.
    pub unserved: [i64; PRIORITIES],
    /// By how much visits end after they are due, together.
    #[serde(default)]
    pub late_seconds: i64,
    /// Shifts that are used, where using fewer comes before driving less; else 0.
    pub shifts: i64,
    /// What the rest costs, in the objective's units.
    pub cost: i64,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unserved: Vec<String> = self.unserved.iter().map(ToString::to_string).collect();
        let Self { late_seconds, shifts, cost, .. } = self;
        write!(f, "unserved {}, late {late_seconds} s, shifts {shifts}, cost {cost}", unserved.join("/"))
    }
}
