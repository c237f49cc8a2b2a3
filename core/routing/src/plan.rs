//! A plan: who visits whom, and who is visited by nobody.

use serde::{Deserialize, Serialize};

use crate::score::Score;

/// A technician's way through one shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tour {
    /// The shift, by its place in the problem.
    pub shift: usize,
    /// The visits in their order, by their places in the problem; never empty.
    pub visits: Vec<usize>,
}

/// A visit nobody makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unserved {
    /// The visit, by its place in the problem.
    pub visit: usize,
}

/// Who visits whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The tours, in the order of their shifts.
    pub tours: Vec<Tour>,
    /// The visits in no tour, in their order.
    pub unserved: Vec<Unserved>,
    /// How good it is.
    pub score: Score,
}
