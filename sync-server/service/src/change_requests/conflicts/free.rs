//! When a change, or a change of an item, could be done: where no other change, no blackout and no closed maintenance window is in
//! the way of the items it is about.

use std::collections::BTreeSet;

use fieldline_model::{Record, SysId, Timestamp, Value};
use serde_json::json;

use super::detect::{Look, Near};
use super::settings::Settings;
use super::spans::{Span, room};
use super::windows::{Says, Windows};
use super::{DAY_MILLISECONDS, planned};
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::change_requests::worker::{self, Messages};
use crate::table::{self, Input, Result, TableError};

/// How long a change takes when nobody says.
const USUAL_SECONDS: i64 = 3_600;

/// When a change could be done.
///
/// # Errors
/// When there is no such change for the caller.
pub fn of_change(call: &mut Call<'_>, change: SysId) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    let seconds = planned(&record).map_or(USUAL_SECONDS, |(start, end)| end.milliseconds_since(start) / 1_000);
    let spans = Free::read(call)?.of_change(call, &record, (call.now, seconds))?;
    told(call, Some(change), &spans, &json!({ "change_sys_id": change.to_string() }))
}

/// When something could be done to an item.
///
/// # Errors
/// When there is no such item for the caller.
pub fn of_item(call: &mut Call<'_>, item: SysId, start: Option<Timestamp>, seconds: i64) -> Result<Record> {
    table::get(call, "cmdb_ci", item)?;
    let request = json!({ "cmdb_ci_sys_id": item.to_string(), "duration_in_seconds": seconds });
    let from = start.unwrap_or(call.now).max(call.now);
    let free = Free::read(call)?;
    let taken = free.taken_by_items(call, &BTreeSet::from([item]), None, free.within(from))?;
    told(call, None, &free.suggested(free.within(from), taken, seconds), &request)
}

/// Plans a change into the first stretch in which nothing is in its way.
///
/// # Errors
/// When there is no such change for the caller, or no such stretch soon.
pub fn first_available(call: &mut Call<'_>, change: SysId, seconds: i64) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    let free = Free::read(call)?;
    let Some((start, _)) = free.of_change(call, &record, (call.now, seconds))?.into_iter().next() else {
        let days = free.settings.days();
        let problem = format!("nothing is free for {seconds} seconds within {days} days; plan it by hand");
        return Err(TableError::invalid(&record.id, None, problem));
    };
    let moment = |at: Timestamp| Value::Time(at).to_string();
    let (start, end) = (moment(start), moment(start.plus_milliseconds(seconds.saturating_mul(1_000))));
    table::update(call, CHANGES, change, &Input::of(&[("start_date", &start), ("end_date", &end)]))?;
    let request = json!({ "change_sys_id": change.to_string(), "duration_in_seconds": seconds });
    worker::done(call, Some(change), "schedule", &request, &Messages::default(), None)
}

fn told(call: &mut Call<'_>, change: Option<SysId>, spans: &[Span], request: &serde_json::Value) -> Result<Record> {
    let zone = call.callers_zone();
    let moment = |at: Timestamp| json!({ "value": Value::Time(at).to_string(), "display_value": zone.shown(at) });
    let spans: Vec<_> =
        spans.iter().map(|(start, end)| json!({ "start": moment(*start), "end": moment(*end) })).collect();
    worker::done(call, change, "schedule", request, &Messages::default(), Some(&json!({ "spans": spans })))
}

/// What says when there is room.
struct Free {
    settings: Settings,
    windows: Windows,
}

impl Free {
    fn read(call: &Call<'_>) -> Result<Self> {
        Ok(Self { settings: Settings::read(call)?, windows: Windows::read(call)? })
    }

    fn within(&self, from: Timestamp) -> Span {
        (from, from.plus_milliseconds(self.settings.days().saturating_mul(DAY_MILLISECONDS)))
    }

    fn suggested(&self, within: Span, taken: Vec<Span>, seconds: i64) -> Vec<Span> {
        let mut spans = room(within, taken, seconds);
        spans.truncate(self.settings.suggestions());
        spans
    }

    fn of_change(&self, call: &Call<'_>, change: &Record, (from, seconds): (Timestamp, i64)) -> Result<Vec<Span>> {
        let look = Look { call, settings: &self.settings, windows: &self.windows };
        let (own, within) = (look.own_items(change)?, self.within(from));
        let mut taken = self.taken_by_items(call, &own, Some(change.id.sys_id), within)?;
        taken.extend(self.forbidden(&self.windows.of_change(call, change), Near::Own, within));
        taken.extend(look.assigned(change)?);
        Ok(self.suggested(within, taken, seconds))
    }

    /// When other changes, or windows, are in the way of items and of those next to them.
    fn taken_by_items(
        &self,
        call: &Call<'_>,
        own: &BTreeSet<SysId>,
        except: Option<SysId>,
        within: Span,
    ) -> Result<Vec<Span>> {
        let look = Look { call, settings: &self.settings, windows: &self.windows };
        let mut taken = Vec::new();
        for (item, near) in look.items(own)? {
            let others = if self.settings.says("currentci") { look.changes_of(item)? } else { Vec::new() };
            let others = others.iter().filter(|other| Some(other.id.sys_id) != except);
            taken.extend(others.filter_map(|other| look.busy(other)));
            let Some(item) = call.tx.find(call.dictionary.family("cmdb_ci"), item)? else { continue };
            let own_window = look.own_window(&item)?;
            let mut says = self.windows.of_item(call, &item);
            says.maintenance.extend(&own_window);
            taken.extend(self.forbidden(&says, near, within));
        }
        Ok(taken)
    }

    fn forbidden(&self, says: &Says<'_>, near: Near, within: Span) -> Vec<Span> {
        let blackouts = if near.is_wanted(&self.settings, "blackout") { says.blackouts.clone() } else { Vec::new() };
        let maintenance = if near.is_wanted(&self.settings, "window") { says.maintenance.clone() } else { Vec::new() };
        Says { blackouts, maintenance }.forbidden(within)
    }
}
