//! Everything a plan is made from, read in one consistent state.

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Timestamp};

use super::candidates::THE_TASK;
use super::roster::{Rosters, Technician};
use super::span::Span;
use super::tasks::{Open, Tasks};
use super::territory::Territories;
use super::{DispatchError, Result};
use crate::call::Call;
use crate::server::WaySource;

/// More tasks than one plan looks at: their ways alone would fill the memory.
const MOST_TASKS: usize = 2_000;

/// What there is to do and who is there.
pub(super) struct Day {
    group: SysId,
    pub within: Span,
    pub now: Timestamp,
    pub rosters: Rosters,
    pub tasks: Tasks,
    pub territories: Territories,
    pub roads: Option<WaySource>,
    skill_names: BTreeMap<String, String>,
}

impl Day {
    /// Reads what concerns a group within some days.
    pub fn read(call: &Call<'_>, group: SysId, within: Span) -> Result<Self> {
        if call.tx.find(call.dictionary.family("sys_user_group"), group)?.is_none() {
            return Err(DispatchError::NotFound(format!("sys_user_group/{group}")));
        }
        let rosters = Rosters::of_group(call, group, within)?;
        let tasks = Tasks::of_group(call, group, &rosters, within)?;
        if tasks.open.len() + tasks.standing.len() > MOST_TASKS {
            let problem = format!("has more than {MOST_TASKS} open tasks; split it in two");
            return Err(DispatchError::Invalid { field: "group", problem });
        }
        let territories = Territories::of_group(call, group, within.from)?;
        let name = |row: &Record| (row.id.sys_id.to_string(), row.text("name").to_owned());
        let skill_names = call.rows("cmn_skill", &Filter::everything())?.iter().map(name).collect();
        let roads = call.server.roads().cloned();
        Ok(Self { group, within, now: call.now, rosters, tasks, territories, roads, skill_names })
    }

    /// The same day as it stands now.
    pub fn again(&self, call: &Call<'_>) -> Result<Self> {
        Self::read(call, self.group, self.within)
    }

    /// Everything that says when a technician is free: the roster, and what stands with its time.
    pub fn calendar_of(&self, user: SysId) -> (Option<&Technician>, Vec<(SysId, Timestamp)>) {
        let roster = self.rosters.technicians.iter().find(|technician| technician.who.user == user);
        let theirs = self.tasks.standing.iter().filter(|standing| standing.user == user);
        (roster, theirs.map(|standing| (standing.task.id.sys_id, standing.begins)).collect())
    }

    /// The same day with nothing to do but one task, beside what stands and what was promised, which is done anyway.
    pub fn with_only(mut self, open: Open) -> Self {
        self.tasks.standing.retain(|standing| standing.task.id != open.task.id);
        self.tasks.open.retain(|other| other.task.id != open.task.id && other.is_promised());
        self.tasks.open.insert(THE_TASK, open);
        self
    }

    /// What people call a skill.
    pub fn skill_name<'d>(&'d self, skill: &'d str) -> &'d str {
        self.skill_names.get(skill).map_or(skill, String::as_str)
    }
}
