//! Who works when, from where, and what they can: the rosters of a dispatch group.
//!
//! A technician's working hours are the `cmn_schedule_span` rows of the type `work`; every other type cuts into them. A day
//! begins and ends where `wm_agent_schedule_attribute_plan` says; what cuts a day in two is spent there, too. Skills are the
//! active rows of `sys_user_has_skill`, on level 1 where none is said. Who cannot be planned is told with the reason.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Place, Record, SysId, Timestamp, Value};

use super::report::{InTheWay, Who};
use super::span::{Span, joined};
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;

/// Somebody who can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technician {
    pub who: Who,
    pub skills: Vec<Skill>,
    /// In order, none touching another.
    pub stretches: Vec<Stretch>,
}

/// What somebody can, how well and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    pub skill: SysId,
    pub level: u32,
    pub valid_until: Option<Timestamp>,
}

/// Working hours without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub span: Span,
    pub start: Place,
    pub end: Place,
}

/// The technicians of a group, by name, and those of its members who cannot be planned.
#[derive(Debug, Default)]
pub struct Rosters {
    pub technicians: Vec<Technician>,
    pub absent: Vec<InTheWay>,
}

impl Rosters {
    /// Reads the rosters of a group's members.
    pub fn of_group(call: &Call<'_>, group: SysId, within: Span) -> Result<Self> {
        Self::of_users(call, &call.members_of(group)?.into_iter().collect(), within)
    }

    /// Reads the rosters of people.
    pub fn of_users(call: &Call<'_>, users: &BTreeSet<SysId>, within: Span) -> Result<Self> {
        let mut rosters = Self::default();
        for user in users {
            rosters.add(call, *user, within)?;
        }
        rosters.technicians.sort_by(|a, b| a.who.cmp(&b.who));
        rosters.absent.sort_by(|a, b| a.technician.cmp(&b.technician));
        Ok(rosters)
    }

    fn add(&mut self, call: &Call<'_>, user: SysId, within: Span) -> Result<()> {
        let Some(row) = call.row(&DocumentId::new("sys_user", user))? else { return Ok(()) };
        let who = Who { user, name: row.text("name").to_owned() };
        if row.get("active") == Some(&Value::Boolean(false)) {
            self.absent.push(InTheWay { technician: who, reason: "is not active any more".into() });
            return Ok(());
        }
        let bases = call.rows("wm_agent_schedule_attribute_plan", &Filter::equals("user", user))?;
        let (mut stretches, mut reason) = (Vec::new(), None);
        for span in working_hours(call, user, within)? {
            match base(call, &bases, span.from)? {
                Ok((start, end)) => stretches.push(Stretch { span, start, end }),
                Err(problem) => reason = Some(problem),
            }
        }
        if stretches.is_empty() && reason.is_none() {
            let missing = "has no working hours in these days; add rows of the type work to cmn_schedule_span";
            reason = Some(missing.into());
        }
        self.absent.extend(reason.map(|reason| InTheWay { technician: who.clone(), reason }));
        if !stretches.is_empty() {
            self.technicians.push(Technician { who, skills: skills(call, user)?, stretches });
        }
        Ok(())
    }
}

/// When somebody works, less what cuts in.
fn working_hours(call: &Call<'_>, user: SysId, within: Span) -> Result<Vec<Span>> {
    let Span { from, until } = within;
    let overlapping = format!("user={user}^start_date_time<{until}^end_date_time>{from}");
    let rows = call.rows_of_query("cmn_schedule_span", &overlapping)?;
    let span_of = |row: &Record| {
        let span = Span { from: row.time("start_date_time")?, until: row.time("end_date_time")? };
        span.shared_with(within)
    };
    let (work, cuts): (Vec<&Record>, Vec<&Record>) = rows.iter().partition(|row| row.text("type") == "work");
    let mut hours = joined(work.into_iter().filter_map(span_of).collect());
    for cut in cuts.into_iter().filter_map(span_of) {
        hours = hours.iter().flat_map(|span| span.without(cut)).collect();
    }
    Ok(hours)
}

/// Where a working day begins and ends, or why that is not known.
fn base(call: &Call<'_>, bases: &[Record], day: Timestamp) -> Result<Result<(Place, Place), String>> {
    let holds =
        |row: &&Record| row.time("from").is_none_or(|from| from <= day) && row.time("to").is_none_or(|to| day <= to);
    let Some(row) = bases.iter().filter(holds).min_by_key(|row| (number_field(row, "rank"), row.id.sys_id)) else {
        let missing = "has no start location; add a row to wm_agent_schedule_attribute_plan";
        return Ok(Err(missing.into()));
    };
    let place = |field: &str| -> Result<Result<Place, String>> {
        let location = row.reference(field).or_else(|| row.reference("start_location"));
        let place = location.map(|location| place_of(call, location)).transpose()?.flatten();
        Ok(place.ok_or_else(|| format!("has a {field} without a position; fill in its latitude and longitude")))
    };
    let (start, end) = (place("start_location")?, place("end_location")?);
    Ok(start.and_then(|start| Ok((start, end?))))
}

/// Where a location is.
pub(super) fn place_of(call: &Call<'_>, location: SysId) -> Result<Option<Place>> {
    let row = call.tx.find(call.dictionary.family("cmn_location"), location)?;
    Ok(row.and_then(|row| row.place()))
}

/// What somebody can.
pub(super) fn skills(call: &Call<'_>, user: SysId) -> Result<Vec<Skill>> {
    let rows = call.rows("sys_user_has_skill", &Filter::equals("user", user))?;
    let active = rows.iter().filter(|row| row.get("active") != Some(&Value::Boolean(false)));
    let skill = |row: &Record| {
        let level = number_field(row, "skill_level").unwrap_or(1).max(1);
        let level = u32::try_from(level).unwrap_or(u32::MAX);
        Some(Skill { skill: row.reference("skill")?, level, valid_until: row.time("valid_until") })
    };
    Ok(active.filter_map(skill).collect())
}
