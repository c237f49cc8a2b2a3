//! Who of some agents is offered an item. A function of the two alone, so that it can be compared with a plainer one.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use fieldline_model::{SysId, Timestamp};

/// How one of several is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whether whoever has most room comes first; else whoever was given nothing for the longest.
    pub by_room: bool,
    /// What skills are worth.
    pub skills: Skills,
}

/// What skills are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skills {
    /// Nothing.
    NotAsked,
    /// Who lacks one is not offered it.
    Mandatory,
    /// Who has more of them comes first.
    BestMatch,
}

impl Rule {
    /// What a queue says.
    pub(super) fn of(assignment: &str, skills: &str) -> Self {
        let skills = match skills {
            "mandatory" => Skills::Mandatory,
            "best_match" => Skills::BestMatch,
            _ => Skills::NotAsked,
        };
        Self { by_room: assignment == "most_capacity", skills }
    }
}

/// An agent, as far as one queue is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Who it is.
    pub user: SysId,
    /// What they could still take of the channel, and of all channels together where that is limited.
    pub room: i64,
    /// When something was offered to them last.
    pub last_at: Option<Timestamp>,
    /// What they can do.
    pub skills: BTreeSet<SysId>,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How much it takes.
    pub size: i64,
    /// What it needs.
    pub skills: BTreeSet<SysId>,
    /// Who was asked and would not.
    pub declined: BTreeSet<SysId>,
}

/// Who is offered it, if anybody can be.
pub fn choose(wanted: &Wanted, agents: &[Agent], rule: Rule) -> Option<SysId> {
    let has = |agent: &Agent| wanted.skills.intersection(&agent.skills).count();
    let fits = |agent: &&Agent| {
        agent.room >= wanted.size
            && !wanted.declined.contains(&agent.user)
            && (rule.skills != Skills::Mandatory || has(agent) == wanted.skills.len())
    };
    let rank = |agent: &&Agent| {
        let matched = if rule.skills == Skills::BestMatch { has(agent) } else { 0 };
        let room = if rule.by_room { agent.room } else { 0 };
        (Reverse(matched), Reverse(room), agent.last_at, agent.user)
    };
    agents.iter().filter(fits).min_by_key(rank).map(|agent| agent.user)
}
