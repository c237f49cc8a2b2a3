//! A technician needs every skill of a visit, each on its level or a higher one.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(_: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    visit.skills.iter().find_map(|(skill, needs)| {
        let has = shift.skills.get(skill).copied().unwrap_or(0);
        (has < *needs).then(|| Obstacle::Skill { skill: skill.clone(), needs: *needs, has })
    })
}
