//! What is due by a schedule with one record, seen from how far it has come with it.

use fieldline_model::calendar::{Calendar, CivilTime, moment_of};
use fieldline_model::condition::Query;
use fieldline_model::recurrence::{Recurrence, Unit};
use fieldline_model::{Decimal, DocumentId, Record, SysId, Timestamp, UserZone, Value, Zone};

use super::{DAY_MILLISECONDS, PLANS, SCHEDULES};
use crate::call::Call;
use crate::query::number_field;
use crate::sla;
use crate::table::Result;

/// The most that is made ahead of one record at once.
const MOST_AHEAD: usize = 60;

/// A schedule with its plan, both in use.
pub(super) struct Schedule {
    pub id: SysId,
    pub plan: Record,
    row: Record,
    hours: Option<Calendar>,
}

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// What tells it from what is due at another time.
    pub key: String,
    /// When it should be done by.
    pub at: Timestamp,
}

/// What was seen of a record.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub due: Vec<Due>,
    /// When there is something to see next.
    pub look_at: Option<Timestamp>,
    stands: Vec<(&'static str, Value)>,
}

impl Seen {
    /// Notes how far the schedule has come; whether that is any news.
    pub fn note(&self, row: &mut Record) -> bool {
        let is_news = !self.due.is_empty() || self.stands.iter().any(|(field, value)| row.get(field) != Some(value));
        self.stands.iter().for_each(|(field, value)| row.set(*field, Some(value.clone())));
        is_news
    }
}

impl Schedule {
    /// Reads a schedule; `None` when there is none in use.
    pub fn read(call: &Call<'_>, id: SysId) -> Result<Option<Self>> {
        let in_use = |row: &Record| row.says("active");
        let Some(row) = call.row(&DocumentId::new(SCHEDULES, id))?.filter(in_use) else { return Ok(None) };
        let plan = call.referred(PLANS, row.reference("work_plan"))?;
        let Some(plan) = plan.filter(in_use) else { return Ok(None) };
        let hours = row.reference("schedule").map(|hours| sla::schedule::read(&call.dictionary, &*call.tx, hours));
        let hours = hours.transpose()?.flatten().and_then(std::result::Result::ok);
        Ok(Some(Self { id, plan, row, hours }))
    }

    /// Whether the calendar says when it is due.
    pub fn is_by_calendar(&self) -> bool {
        self.row.text("trigger") == "duration"
    }

    /// What is due with a record; nothing new while an earlier one holds it up.
    pub fn look(&self, call: &mut Call<'_>, record: &Record, stands: &Record, is_held_up: bool) -> Result<Seen> {
        let mut seen = match self.row.text("trigger") {
            "meter" => self.by_meter(call, record, stands)?,
            "condition" => self.by_condition(call, record, stands),
            _ => return Ok(self.by_calendar(call.now, stands, is_held_up)),
        };
        seen.due.retain(|_| !is_held_up);
        Ok(seen)
    }

    /// What is due within the days ahead; of what is past only the last. Where one is made at a time, what is still ahead waits for the
    /// one before, and what passes meanwhile is left out.
    fn by_calendar(&self, now: Timestamp, stands: &Record, is_held_up: bool) -> Seen {
        let Some(recurrence) = self.recurrence() else { return Seen::default() };
        let look_ahead = number_field(&self.plan, "look_ahead_days").unwrap_or(0).max(0) * DAY_MILLISECONDS;
        let (zone, one_at_a_time) = (self.zone(), self.plan.says("suppress"));
        let created = self.row.time("sys_created_on").unwrap_or(now);
        // What was due before anybody thought of it is nobody's.
        let from = stands.time("last_run_time").map_or(created, |last| last.plus_milliseconds(1_000));
        let (mut seen, mut at) = (Seen::default(), recurrence.on_or_after(shown(from, &zone)));
        while let Some(occurrence) = at {
            let moment = moment_of(occurrence.0 * 1_000, &zone);
            let due = self.within_hours(moment, &zone);
            let may_be_made = due.plus_milliseconds(-look_ahead);
            let waits = one_at_a_time && now < due && (is_held_up || !seen.due.is_empty());
            if now < may_be_made || waits || seen.due.len() == MOST_AHEAD {
                seen.look_at = Some(if now < may_be_made { may_be_made } else { due });
                seen.stands.push(("next_run_time", Value::Time(due)));
                break;
            }
            seen.due.retain(|earlier: &Due| now < earlier.at);
            if !is_held_up {
                seen.due.push(Due { key: moment.0.to_string(), at: due });
            }
            seen.stands.retain(|(field, _)| *field != "last_run_time");
            seen.stands.push(("last_run_time", Value::Time(moment)));
            at = recurrence.on_or_after(CivilTime(occurrence.0 + 1));
        }
        seen
    }

    fn recurrence(&self) -> Option<Recurrence> {
        let first = shown(self.row.time("first_due")?, &self.zone());
        let every = number_field(&self.row, "repeat").and_then(|every| u32::try_from(every).ok())?;
        Some(Recurrence { first, every, unit: Unit::named(self.row.text("repeat_unit"))? })
    }

    /// Where clocks show when it is due: where the hours are.
    fn zone(&self) -> UserZone {
        UserZone::named(self.hours.as_ref().and_then(Calendar::time_zone).unwrap_or_default())
    }

    fn within_hours(&self, moment: Timestamp, zone: &UserZone) -> Timestamp {
        self.hours.as_ref().and_then(|hours| hours.next_opening(moment, zone)).unwrap_or(moment)
    }

    /// One order for however many multiples a meter has passed since it was seen last.
    fn by_meter(&self, call: &mut Call<'_>, record: &Record, stands: &Record) -> Result<Seen> {
        let Some(Value::Decimal(every)) = self.row.get("every").cloned() else { return Ok(Seen::default()) };
        let projection = call.projection(&record.id)?;
        let meter = self.row.text("meter");
        let readings = projection.readings.iter().filter(|reading| reading.what.meter == meter);
        let Some(newest) = readings.max_by_key(|reading| reading.at) else { return Ok(Seen::default()) };
        let passed = newest.what.value.millionths.div_euclid(every.millionths.max(1)) * every.millionths;
        let seen_before = match stands.get("last_run_value") {
            Some(Value::Decimal(value)) => Some(value.millionths),
            _ => None,
        };
        // What a meter has passed before it was first seen was seen to by others.
        let is_due = seen_before.is_some_and(|before| before < passed);
        let key = format!("{meter}/{passed}");
        let due = if is_due { vec![Due { key, at: call.now }] } else { Vec::new() };
        let value = Value::Decimal(Decimal { millionths: passed.max(seen_before.unwrap_or(passed)) });
        Ok(Seen { due, look_at: None, stands: vec![("last_run_value", value)] })
    }

    /// One order each time the condition comes true.
    fn by_condition(&self, call: &Call<'_>, record: &Record, stands: &Record) -> Seen {
        let holds = call.holds(&Query::parse(self.row.text("condition")).query, record);
        let is_due = holds && !stands.says("is_met");
        let due = if is_due { vec![Due { key: call.now.0.to_string(), at: call.now }] } else { Vec::new() };
        Seen { due, look_at: None, stands: vec![("is_met", Value::Boolean(holds))] }
    }
}

/// What clocks somewhere show at a moment.
fn shown(at: Timestamp, zone: &UserZone) -> CivilTime {
    CivilTime((at.0 + i64::from(zone.ahead_seconds(at)) * 1_000).div_euclid(1_000))
}
