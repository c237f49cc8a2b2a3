//! Who travels, and how full the roads are.

use serde::{Deserialize, Serialize};

use crate::error::RoadsError;

/// Who travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// By car or van.
    Car,
    /// On foot.
    Foot,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Car, Self::Foot];
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Car => "car",
            Self::Foot => "foot",
        })
    }
}

/// What a road is like when others use it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Built for cars alone: motorways and trunk roads.
    Fast,
    /// Leads from town to town or through one.
    Main,
    /// Leads to houses and fields.
    Side,
}

/// How many times longer than on free roads one takes, at some time of day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traffic {
    /// On motorways and trunk roads.
    pub fast: f64,
    /// On roads from town to town and through towns.
    pub main: f64,
    /// On all others.
    pub side: f64,
}

impl Default for Traffic {
    /// Free roads.
    fn default() -> Self {
        Self { fast: 1.0, main: 1.0, side: 1.0 }
    }
}

impl Traffic {
    pub(crate) fn check(self) -> Result<Self, RoadsError> {
        match [self.fast, self.main, self.side].into_iter().find(|factor| !(0.01..=100.0).contains(factor)) {
            Some(factor) => Err(RoadsError::Traffic { factor }),
            None => Ok(self),
        }
    }

    pub(crate) fn factor(self, kind: Kind) -> f64 {
        match kind {
            Kind::Fast => self.fast,
            Kind::Main => self.main,
            Kind::Side => self.side,
        }
    }
}
