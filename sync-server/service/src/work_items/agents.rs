//! Who is there, for which channels, and how much they have.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::choose::Agent;
use super::desk::{Channel, Queue};
use super::{CAPACITIES, ITEMS, PERSON, PRESENCES, STATES};
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;

/// An agent who is there.
pub(super) struct Present {
    pub user: SysId,
    pub since: Timestamp,
    last_at: Option<Timestamp>,
    /// None named is all of them.
    channels: Vec<SysId>,
    groups: BTreeSet<SysId>,
    skills: BTreeSet<SysId>,
    loads: BTreeMap<SysId, i64>,
    capacities: BTreeMap<SysId, i64>,
    universal: Option<i64>,
}

impl Present {
    /// What they are to a queue of a channel whose work is of some groups; `None` where they have nothing to do with it.
    pub fn for_queue(&self, channel: &Channel, groups: &[SysId]) -> Option<Agent> {
        let hears = self.channels.is_empty() || self.channels.contains(&channel.id);
        if !hears || !groups.iter().any(|group| self.groups.contains(group)) {
            return None;
        }
        let of_channel = self.capacities.get(&channel.id).copied().unwrap_or(channel.capacity);
        let left = of_channel - self.loads.get(&channel.id).copied().unwrap_or_default();
        let in_all = self.universal.map(|most| most - self.loads.values().sum::<i64>());
        let room = in_all.map_or(left, |in_all| in_all.min(left));
        Some(Agent { user: self.user, room, last_at: self.last_at, skills: self.skills.clone() })
    }

    /// Notes that they are offered something now.
    pub fn offered(&mut self, channel: SysId, size: i64, now: Timestamp) {
        *self.loads.entry(channel).or_default() += size;
        self.last_at = Some(now);
    }

    /// The first of some groups that is one of theirs.
    pub fn group_among(&self, groups: &[SysId]) -> Option<SysId> {
        groups.iter().copied().find(|group| self.groups.contains(group))
    }
}

/// The identity of the row that says whether somebody is there.
pub(super) fn presence_of(user: SysId) -> DocumentId {
    DocumentId::new(PRESENCES, sys_id_of(format!("presence/{user}")))
}

impl Call<'_> {
    /// Everybody who is there, by identity.
    pub(super) fn present(&self) -> Result<Vec<Present>> {
        let available = self.rows(STATES, &Filter::equals("available", true).and(Filter::equals("active", true)))?;
        let available: BTreeMap<SysId, Record> = available.into_iter().map(|state| (state.id.sys_id, state)).collect();
        let mut present = Vec::new();
        for row in self.rows(PRESENCES, &Filter::everything())? {
            let state = row.reference("current_presence_state").and_then(|state| available.get(&state));
            let (Some(state), Some(user)) = (state, row.reference("agent")) else { continue };
            let person = self.tx.find(self.dictionary.family("sys_user"), user)?;
            if person.is_some_and(|person| person.get("active") != Some(&Value::Boolean(false))) {
                present.push(self.somebody_present(user, &row, state)?);
            }
        }
        present.sort_by_key(|one| one.user);
        Ok(present)
    }

    fn somebody_present(&self, user: SysId, row: &Record, state: &Record) -> Result<Present> {
        let (mut capacities, mut universal) = (BTreeMap::new(), None);
        for capacity in self.rows(CAPACITIES, &Filter::equals("user", user))? {
            let most = number_field(&capacity, "max_capacity").unwrap_or_default();
            match capacity.reference("service_channel") {
                Some(channel) => drop(capacities.insert(channel, most)),
                None => universal = Some(most),
            }
        }
        Ok(Present {
            user,
            since: row.time("since").unwrap_or_default(),
            last_at: row.time("last_assigned_at"),
            channels: state.references("service_channels"),
            groups: self.groups_of(user)?.into_iter().collect(),
            skills: self.skills_of(user)?,
            loads: self.loads_of(user)?,
            capacities,
            universal,
        })
    }

    fn skills_of(&self, user: SysId) -> Result<BTreeSet<SysId>> {
        let rows = self.rows("sys_user_has_skill", &Filter::equals("user", user))?;
        let holds = |row: &&Record| {
            row.get("active") != Some(&Value::Boolean(false))
                && row.time("valid_until").is_none_or(|until| self.now < until)
        };
        Ok(rows.iter().filter(holds).filter_map(|row| row.reference("skill")).collect())
    }

    /// What somebody has, by channel: what they accepted and what they are offered.
    fn loads_of(&self, user: SysId) -> Result<BTreeMap<SysId, i64>> {
        let mut loads = BTreeMap::new();
        for item in self.rows(ITEMS, &Filter::equals(PERSON, user))? {
            if matches!(item.text("state"), "pending_accept" | "accepted")
                && let Some(channel) = item.reference("service_channel")
            {
                *loads.entry(channel).or_default() += number_field(&item, "size").unwrap_or(1);
            }
        }
        Ok(loads)
    }

    /// Whose work of a queue is, for a record.
    pub(super) fn groups_for(&self, queue: &Queue, record: &Record) -> Vec<SysId> {
        match &queue.groups[..] {
            [] => record.reference(super::GROUP).into_iter().collect(),
            groups => groups.to_vec(),
        }
    }
}
