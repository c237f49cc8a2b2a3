//! The rules that say whether a shift may serve a visit at all, one a file. To add a rule: a file with one function, and a line
//! in `RULES`.

use serde::{Deserialize, Serialize};

use crate::problem::{Problem, Shift, Visit};

mod parts;
mod pinned;
mod skills;
mod technicians;
mod territory;
pub(crate) mod time;
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
    /// Even if the shift does nothing else, every window is missed.
    Window,
    /// Even if the shift does nothing else, it is over before the technician is back.
    ShiftEnd,
    /// Even if the shift does nothing else, it is too far to drive.
    Travel,
    /// A dispatcher has pinned it to another shift: the place of that shift in the problem.
    Pinned(usize),
    /// Even if the shift does nothing else, there is no time for it beside the breaks and the way over the depot.
    BreaksOrDepot,
}

type Rule = fn(&Problem, &Visit, &Shift) -> Option<Obstacle>;

const RULES: [Rule; 5] =
    [skills::obstacle, tools::obstacle, parts::obstacle, territory::obstacle, technicians::obstacle];

/// What keeps a shift from ever serving a visit, even if it does nothing else: `None` when no rule does.
pub fn obstacle(problem: &Problem, visit: usize, shift: usize) -> Option<Obstacle> {
    let visit = &problem.visits()[visit];
    obstacle_but_time(problem, visit, shift).or_else(|| time::obstacle(problem, visit, &problem.shifts()[shift]))
}

/// The same, whenever and from wherever.
pub fn obstacle_but_time(problem: &Problem, visit: &Visit, number: usize) -> Option<Obstacle> {
    let shift = &problem.shifts()[number];
    pinned::obstacle(problem, visit, number).or_else(|| RULES.iter().find_map(|rule| rule(problem, visit, shift)))
}
