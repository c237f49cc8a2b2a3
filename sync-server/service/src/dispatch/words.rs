//! What is between a task and a technician, in words a dispatcher can act on.

use fieldline_routing::{Obstacle, Plan, Reason, explain};

use super::day::Day;
use super::problem::{Errand, Posed};
use super::report::InTheWay;

/// For each technician why a visit is not theirs; the nearest miss of all their working hours counts, and the nearest comes first.
pub fn in_the_way(day: &Day, posed: &Posed<'_>, plan: &Plan, visit: usize) -> Vec<InTheWay> {
    let reasons = explain(&posed.problem, plan, visit).shifts;
    let crew = posed.problem.visits()[visit].crew_size();
    let of = |technician: &super::roster::Technician| {
        let theirs = posed.shifts.iter().zip(&reasons).filter(|(owner, _)| owner.who == technician.who);
        let nearest = theirs.map(|(_, reason)| reason).min_by_key(|reason| distance(reason));
        let words = match nearest {
            None => "has no working hours left in these days".into(),
            Some(Reason::Fits) if crew > 1 => format!("has room, but not together with {} more", crew - 1),
            Some(reason) => in_words(day, posed, reason),
        };
        let in_the_way = InTheWay { technician: technician.who.clone(), reason: words };
        (nearest.map_or((u8::MAX, 0), distance), in_the_way)
    };
    let mut all: Vec<_> = day.rosters.technicians.iter().map(of).collect();
    all.sort_by_key(|(distance, _)| *distance);
    all.into_iter().map(|(_, in_the_way)| in_the_way).collect()
}

/// How far a reason is from none: what a dispatcher can move is nearer than what a technician cannot.
fn distance(reason: &Reason) -> (u8, usize) {
    match reason {
        Reason::Fits => (0, 0),
        Reason::Displaces(others) | Reason::ComesAfter(others) => (1, others.len()),
        Reason::Obstacle(Obstacle::Window | Obstacle::ShiftEnd | Obstacle::BreaksOrDepot | Obstacle::Travel) => (2, 0),
        Reason::Obstacle(_) => (3, 0),
    }
}

fn in_words(day: &Day, posed: &Posed<'_>, reason: &Reason) -> String {
    match reason {
        Reason::Fits => "has room; plan again with more iterations".into(),
        Reason::Displaces(others) => {
            format!("has no room left; {} would have to give way", names(posed, others))
        }
        Reason::ComesAfter(others) => format!("has no time for it after {}", names(posed, others)),
        Reason::Obstacle(obstacle) => obstacle_in_words(day, obstacle),
    }
}

fn names(posed: &Posed<'_>, visits: &[usize]) -> String {
    let name = |visit: &usize| match posed.visits[*visit] {
        Errand::Open(open) => open.task.text("number").to_owned(),
        Errand::Standing(standing) => format!("{} (in hand)", standing.task.text("number")),
    };
    visits.iter().map(name).collect::<Vec<_>>().join(" and ")
}

fn obstacle_in_words(day: &Day, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Skill { skill, has: 0, .. } => format!("lacks the skill {}", day.skill_name(skill)),
        Obstacle::Skill { skill, needs, has } => {
            format!("has the skill {} on level {has}, it takes {needs}", day.skill_name(skill))
        }
        Obstacle::Tool(tool) => format!("has no {tool} on board"),
        Obstacle::Part { part, needs, has } => format!("has {has} of {part} on board, it takes {needs}"),
        Obstacle::Territory(territory) => format!("does not serve {territory}"),
        Obstacle::OtherTechnician => "is not among those it is for; withdraw it, or change required_agents".into(),
        Obstacle::Excluded => "rejected the task, or is excluded from it".into(),
        Obstacle::Window => "cannot be there within its window, or in these days".into(),
        Obstacle::Pinned(_) => "is not who it was pinned to".into(),
        Obstacle::ShiftEnd | Obstacle::BreaksOrDepot => "would not be back by the end of the working hours".into(),
        Obstacle::Travel => "would have to drive too far".into(),
    }
}
