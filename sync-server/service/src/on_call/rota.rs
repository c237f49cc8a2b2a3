//! A shift as it is written in records, and who has it at a moment.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::calendar::{Calendar, CivilTime};
use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Timestamp, UserZone};

use super::rotation::Rotation;
use super::{MEMBERS, ROSTERS, SHIFTS, SPANS};
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::sla::schedule;

/// Days of a week.
const WEEK: u32 = 7;
/// Minutes between reminders where a roster names none.
const MINUTES: u32 = 10;

/// A shift: when it is, and who takes turns in it.
#[derive(Debug)]
pub struct Rota {
    /// Its record.
    pub id: SysId,
    /// What people call it.
    pub name: String,
    /// Whose shift it is.
    pub group: SysId,
    /// Its hours; always without.
    hours: Option<Calendar>,
    zone: UserZone,
    /// The primary one first.
    pub rosters: Vec<Roster>,
}

/// Who takes turns.
#[derive(Debug)]
pub struct Roster {
    /// Its record.
    pub id: SysId,
    /// What people call it.
    pub name: String,
    rotation: Rotation,
    members: Vec<Member>,
    /// Others who have the turn at some time, whoever's it is.
    covers: Vec<Span>,
    /// When members are away.
    away: Vec<Span>,
    /// How often somebody is reminded who does not answer.
    pub reminders: u32,
    /// The minutes between reminders.
    pub minutes: u32,
}

#[derive(Debug)]
struct Member {
    user: SysId,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Member {
    fn is_one_at(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// Something about somebody for a time.
#[derive(Debug)]
struct Span {
    user: SysId,
    from: Timestamp,
    until: Timestamp,
}

impl Span {
    fn of(row: &Record) -> Option<Self> {
        let (from, until) = (row.time("start_date_time")?, row.time("end_date_time")?);
        Some(Self { user: row.reference("user")?, from, until })
    }

    fn is_at(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// Who has a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Whoever has it.
    pub user: SysId,
    /// Whose turn it would have been.
    pub instead_of: Option<SysId>,
}

impl Rota {
    /// Whether somebody is on call at a moment.
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.is_open(at, &self.zone))
    }

    /// Who has a roster's turn at a moment, and the members after them, as far as they are there.
    pub fn duty(&self, roster: &Roster, at: Timestamp) -> (Option<Duty>, Vec<SysId>) {
        let Some(turn) = roster.rotation.turn(at, &self.zone).filter(|_| self.is_on(at)) else {
            return (None, Vec::new());
        };
        let began = roster.rotation.begins(turn, &self.zone);
        let members: Vec<&Member> = roster.members.iter().filter(|member| member.is_one_at(began)).collect();
        let first = usize::try_from(turn).unwrap_or_default().checked_rem(members.len()).unwrap_or_default();
        let whose = members.get(first).map(|member| member.user);
        let in_order = (0..members.len()).map(|next| members[(first + next) % members.len()]);
        let is_there = |member: &&Member| member.is_one_at(at) && !roster.is_away(member.user, at);
        let cover = roster.covers.iter().find(|cover| cover.is_at(at) && !roster.is_away(cover.user, at));
        let mut there: Vec<SysId> = cover.map(|cover| cover.user).into_iter().collect();
        for member in in_order.filter(is_there) {
            if !there.contains(&member.user) {
                there.push(member.user);
            }
        }
        // Whoever is covered for is not disturbed.
        there.retain(|user| cover.is_none_or(|cover| *user == cover.user || Some(*user) != whose));
        let duty = there.first().map(|user| Duty { user: *user, instead_of: whose.filter(|whose| whose != user) });
        (duty, there)
    }
}

impl Roster {
    fn is_away(&self, user: SysId, at: Timestamp) -> bool {
        self.away.iter().any(|away| away.user == user && away.is_at(at))
    }
}

impl Call<'_> {
    /// The active shifts of a group, of every group where none is named, in their order.
    pub(crate) fn rotas(&self, group: Option<SysId>) -> Result<Vec<Rota>> {
        let active = Filter::equals("active", true);
        let of_group = group.map_or_else(|| active.clone(), |group| active.clone().and(Filter::equals("group", group)));
        let mut rows = self.rows(SHIFTS, &of_group)?;
        rows.sort_by_key(in_order);
        let mut rotas = Vec::with_capacity(rows.len());
        for row in rows {
            rotas.extend(self.rota(&row)?);
        }
        Ok(rotas)
    }

    /// A shift; `None` where its hours cannot be told, which is logged.
    fn rota(&self, row: &Record) -> Result<Option<Rota>> {
        let Some(group) = row.reference("group") else { return Ok(None) };
        let hours = match row.reference("schedule") {
            Some(schedule) => schedule::read(&self.dictionary, &*self.tx, schedule)?,
            None => None,
        };
        let hours = match hours.transpose() {
            Ok(hours) => hours,
            Err(problem) => {
                tracing::error!(shift = %row.id, problem, "the hours of a shift cannot be told");
                return Ok(None);
            }
        };
        let zone = UserZone::named(hours.as_ref().and_then(Calendar::time_zone).unwrap_or_default());
        let of_it = Filter::equals("rota", row.id.sys_id).and(Filter::equals("active", true));
        let mut rows = self.rows(ROSTERS, &of_it)?;
        rows.sort_by_key(in_order);
        let rosters = rows.iter().map(|row| self.roster(row)).collect::<Result<Vec<_>>>()?;
        let rosters = rosters.into_iter().flatten().collect();
        Ok(Some(Rota { id: row.id.sys_id, name: row.text("name").to_owned(), group, hours, zone, rosters }))
    }

    fn roster(&self, row: &Record) -> Result<Option<Roster>> {
        let Some(start) = row.time("rotation_start_date") else { return Ok(None) };
        let count =
            number_field(row, "rotation_interval_count").and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
        let days = if row.text("rotation_interval_type") == "daily" { count } else { count.saturating_mul(WEEK) };
        let mut members = self.rows(MEMBERS, &Filter::equals("roster", row.id.sys_id))?;
        members.sort_by_key(in_order);
        let member =
            |row: &Record| Some(Member { user: row.reference("member")?, from: row.time("from"), to: row.time("to") });
        let members: Vec<Member> = members.iter().filter_map(member).collect();
        let mut covers =
            self.rows(SPANS, &Filter::equals("roster", row.id.sys_id).and(Filter::equals("type", "on_call")))?;
        covers.sort_by_key(|row| (row.time("start_date_time"), row.id.sys_id));
        let covers: Vec<Span> = covers.iter().filter_map(Span::of).collect();
        let users: BTreeSet<SysId> =
            members.iter().map(|member| member.user).chain(covers.iter().map(|cover| cover.user)).collect();
        let number = |field: &str, usual| {
            number_field(row, field).and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
        };
        Ok(Some(Roster {
            id: row.id.sys_id,
            name: row.text("name").to_owned(),
            rotation: Rotation::new(CivilTime(start.0.div_euclid(1_000)), days),
            members,
            covers,
            away: self.away(&users)?,
            reminders: number("attempts", 0),
            minutes: number("time_between_reminders", MINUTES).max(1),
        }))
    }

    /// When these people are away: by their on-call roster, and by their own.
    fn away(&self, users: &BTreeSet<SysId>) -> Result<Vec<Span>> {
        let mut away = Vec::new();
        for user in users {
            let off = Filter::equals("user", *user).and(Filter::equals("type", "time_off"));
            for table in [SPANS, schedule::SPANS] {
                away.extend(self.rows(table, &off)?.iter().filter_map(Span::of));
            }
        }
        Ok(away)
    }
}

pub(super) fn in_order(row: &Record) -> (i64, SysId) {
    (number_field(row, "order").unwrap_or(100), row.id.sys_id)
}

/// The rosters of shifts by identity.
pub(super) fn rosters_of(rotas: &[Rota]) -> BTreeMap<SysId, (&Rota, &Roster)> {
    rotas.iter().flat_map(|rota| rota.rosters.iter().map(move |roster| (roster.id, (rota, roster)))).collect()
}
