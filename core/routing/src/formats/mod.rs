//! Instances other people publish, read as problems.

use crate::picture::At;
use crate::problem::{Problem, ProblemError};
use crate::travel::TravelError;

pub mod solomon;
pub mod trsp;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// The problem.
    pub problem: Problem,
    /// Where its places are, if that is known.
    pub positions: Vec<At>,
}

/// How distances become whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Tenths, truncated: the 12th DIMACS implementation challenge.
    Dimacs,
    /// Thousandths, rounded.
    Exact,
}

impl Rounding {
    /// How many units a distance of 1 has.
    pub fn units(self) -> f64 {
        match self {
            Self::Dimacs => 10.0,
            Self::Exact => 1_000.0,
        }
    }

    pub(crate) fn distance(self, x: f64, y: f64) -> i32 {
        let distance = x.hypot(y) * self.units();
        match self {
            Self::Dimacs => distance as i32,
            Self::Exact => distance.round() as i32,
        }
    }
}

/// Why a text is no instance.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It does not have the parts an instance has.
    #[error("line {line}: {problem}")]
    Text {
        /// Where, counted from 1.
        line: usize,
        /// What is missing or wrong.
        problem: String,
    },
    /// What it says of places and ways makes no sense.
    #[error("{0}")]
    Ways(String),
    /// The numbers make no problem.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// The distances cannot be used.
    #[error(transparent)]
    Travel(#[from] TravelError),
}

fn wrong(line: usize, problem: &str) -> FormatError {
    FormatError::Text { line, problem: problem.to_owned() }
}
