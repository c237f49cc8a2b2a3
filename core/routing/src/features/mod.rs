//! The rules that say whether a shift may serve a visit at all, one a file. To add a rule: a file with one function, and a line
//! in `RULES`.

use serde::{Deserialize, Serialize};

use crate::problem::{Problem, Shift, Visit};

mod skills;
mod technicians;
mod territory;
mod tools;

/// Why a shift can never serve a visit, whatever else it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The technician lacks a skill, or has it on too low a level.
    Skill {
        /// The skill.
        skill: String,
        /// The level it takes.
        needs: u32,
        /// The level the technician has; 0 for none.
        has: u32,
    },
    /// A tool is not on board.
    Tool(String),
    /// The visit lies in another territory.
    Territory(String),
    /// The visit is for others.
    OtherTechnician,
    /// The technician is not to be sent there.
    Excluded,
    /// Less of a part is on board than the visit uses.
    Part {
        /// The part.
        part: String,
        /// How much the visit uses.
        needs: i32,
        /// How much is on board.
        has: i32,
    },
    /// Nothing but this visit would make the shift too long, or miss every window.
    Time,
}

type Rule = fn(&Visit, &Shift) -> Option<Obstacle>;

const RULES: [Rule; 4] = [skills::obstacle, tools::obstacle, territory::obstacle, technicians::obstacle];

/// What keeps a shift from ever serving a visit, by the rules that ask for no order: `None` when nothing does.
pub fn obstacle(problem: &Problem, visit: usize, shift: usize) -> Option<Obstacle> {
    let (visit, shift) = (&problem.visits()[visit], &problem.shifts()[shift]);
    RULES.iter().find_map(|rule| rule(visit, shift))
}
