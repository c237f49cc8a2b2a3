//! The service level clocks of a record, as far as a phone can know with the radio off.
//!
//! The server's rows (`task_sla`) travel with the record they are about; definitions and schedules are on every phone. What was done
//! here and is not sent moves the clocks here as it will there: by the same engine, at the moment it was done. What others do
//! meanwhile is not known, and [`SlaClock`] says since when.
//!
//! Left out: clocks that a definition reads in a time zone of another record give no moment before the server has told one.

use fieldline_documents::Document;
use fieldline_model::calendar::rows::{Hours, Schedules, hours};
use fieldline_model::condition::{Asking, Query, World};
use fieldline_model::sla::{Agreement, BusinessTime, Clock, ClockStage, Moved, Update, row, step};
use fieldline_model::{DocumentId, Record, SysId, TableName, Timestamp, UserZone, Utc0};
use fieldline_store::View;
use serde::Serialize;

use crate::device::{Device, Rules, put_on_top, read};
use crate::error::DeviceError;
use crate::replica::synced_at;

const CLOCKS: &str = "task_sla";
const AGREEMENTS: &str = "contract_sla";
const SCHEDULES: &str = "cmn_schedule";
/// More than there are of anything here.
const MOST: u32 = 1_000;

/// A clock of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlaClock {
    /// What was promised, in the definition's name.
    pub name: String,
    /// `response` or `resolution`; empty when the definition is not here.
    pub target: String,
    /// Where it stands.
    pub stage: ClockStage,
    /// When it is breached if nothing changes; `None` while it is paused, and where that cannot be told here.
    pub breaches_at: Option<Timestamp>,
    /// Whether it is breached by now.
    pub has_breached: bool,
    /// Working time that is left, less than nothing after the breach; `None` where that cannot be told here.
    pub left_milliseconds: Option<i64>,
    /// Elapsed working time in percent of what was promised; `None` where that cannot be told here.
    pub percent: Option<f64>,
    /// When this phone was last in step: what others have done since may have moved it.
    pub as_of: Option<Timestamp>,
    /// Whether it stands so by work that the server does not have yet.
    pub rests_on_unsent: bool,
}

impl Device {
    /// The clocks of a record at a moment, those that end first coming first; ended ones last.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sla_clocks(&self, id: &DocumentId, now: Timestamp) -> Result<Vec<SlaClock>, DeviceError> {
        self.store.read(|view| {
            let as_of = synced_at(view)?;
            let mut clocks = Watch { rules: &self.rules, view, user: self.user(), now }.clocks(id)?;
            clocks.iter_mut().for_each(|clock| clock.as_of = as_of);
            clocks.sort_by_key(|clock| (!clock.stage.is_active(), clock.breaches_at.is_none(), clock.breaches_at));
            Ok(clocks)
        })
    }
}

impl SlaClock {
    fn of(agreement: Option<&Agreement>, clock: &Clock, at: Timestamp, business: Option<BusinessTime<'_>>) -> Self {
        let elapsed = business.map(|business| clock.elapsed(at, business));
        Self {
            name: agreement.map(|agreement| agreement.name.clone()).unwrap_or_default(),
            target: agreement.map(|agreement| agreement.target.clone()).unwrap_or_default(),
            stage: clock.stage,
            breaches_at: clock.planned_end.filter(|_| clock.stage == ClockStage::InProgress),
            has_breached: clock.is_breached_by(at),
            left_milliseconds: elapsed.map(|elapsed| elapsed.business_left_milliseconds),
            percent: elapsed.map(|elapsed| elapsed.business_percent),
            as_of: None,
            rests_on_unsent: false,
        }
    }
}

/// An edit that the server does not have yet: the record before it and after it.
struct Deed {
    before: Option<Record>,
    after: Record,
    done_at: Timestamp,
}

/// Reads clocks in one view of the database.
struct Watch<'a> {
    rules: &'a Rules,
    view: View<'a>,
    user: Option<SysId>,
    now: Timestamp,
}

impl Watch<'_> {
    /// The server's clocks of a record, moved by what was done here since.
    fn clocks(&self, id: &DocumentId) -> Result<Vec<SlaClock>, DeviceError> {
        let listed = self.view.referring(id.sys_id, &TableName::from(CLOCKS), MOST)?;
        let mut rows: Vec<Record> = listed.into_iter().map(|listed| listed.record).collect();
        let (deeds, mut clocks) = (self.deeds(id)?, Vec::new());
        for agreement in self.agreements(id.table.as_str())? {
            let (its, others) = rows.into_iter().partition(|row| row.reference("sla") == Some(agreement.id));
            rows = others;
            clocks.extend(self.by(&agreement, its, &deeds));
        }
        // What no definition here explains is shown as it came.
        let unexplained = rows.iter().filter_map(row::clock);
        clocks.extend(unexplained.map(|clock| SlaClock::of(None, &clock, self.now, None)));
        Ok(clocks)
    }

    /// The clocks of a record by one definition.
    fn by(&self, agreement: &Agreement, rows: Vec<Record>, deeds: &[Deed]) -> Vec<SlaClock> {
        let told = rows.first().map(|row| row.text("timezone").to_owned());
        let Some(zone) = told.or_else(|| agreement.own_zone().map(str::to_owned)).map(|name| UserZone::named(&name))
        else {
            return Vec::new();
        };
        let business = BusinessTime { calendar: agreement.calendar(), zone: &zone };
        let mut clocks: Vec<(Clock, bool)> = rows.iter().filter_map(row::clock).map(|clock| (clock, false)).collect();
        for deed in deeds {
            let met =
                agreement.met(|query| self.holds(&query.of_change(deed.before.as_ref(), &deed.after), &deed.after));
            let mut update = Update::new(deed.done_at, met);
            update.due = deed.after.time("due_date");
            update.retroactive_start = deed.after.time(&agreement.starts_at);
            let active = clocks.iter_mut().find(|(clock, _)| clock.stage.is_active());
            let step = step(&agreement.terms, business, active.as_ref().map(|(clock, _)| clock), &update);
            if let (Some(Moved { clock, .. }), Some(active)) = (step.existing, active) {
                *active = (clock.clone(), active.1 || active.0 != clock);
            }
            clocks.extend(step.attached.filter(|_| agreement.active).map(|moved| (moved.clock, true)));
        }
        let shown = |(clock, is_moved): (Clock, bool)| SlaClock {
            rests_on_unsent: is_moved,
            ..SlaClock::of(Some(agreement), &clock, self.now, Some(business))
        };
        clocks.into_iter().map(shown).collect()
    }

    /// The definitions about records of a table whose hours are known here.
    fn agreements(&self, table: &str) -> Result<Vec<Agreement>, DeviceError> {
        let mut agreements = Vec::new();
        for listed in self.view.by_table(&TableName::from(AGREEMENTS), MOST)? {
            let row = listed.record;
            if !self.rules.dictionary.is_a(table, row.text("collection")) {
                continue;
            }
            let hours = match row.reference("schedule") {
                Some(schedule) => hours(self, schedule)?.map(Hours::ok),
                None => Some(None),
            };
            // Without its hours a definition would count the nights.
            let known = hours.filter(|hours| hours.is_some() || row.reference("schedule").is_none());
            agreements.extend(known.and_then(|hours| Agreement::of(&row, hours).ok()));
        }
        Ok(agreements)
    }

    /// What was done here to a record and is not sent, oldest first.
    fn deeds(&self, id: &DocumentId) -> Result<Vec<Deed>, DeviceError> {
        let unsent = self.view.unsent_of(id, 0)?;
        if unsent.is_empty() {
            return Ok(Vec::new());
        }
        let confirmed = self.view.confirmed(id)?.and_then(|kept| read(id, &kept).ok());
        let mut before = confirmed.as_ref().map(|document| self.rules.project(document).record);
        let mut document = confirmed.unwrap_or_else(|| Document::seed(id.clone()));
        let deeds = unsent.iter().map(|stored| {
            put_on_top(&mut document, stored);
            let after = self.rules.project(&document).record;
            Deed { before: before.replace(after.clone()), after, done_at: stored.made_at }
        });
        Ok(deeds.collect())
    }

    fn holds(&self, query: &Query, record: &Record) -> bool {
        let asking = Asking {
            dictionary: &self.rules.dictionary,
            now: self.now,
            zone: &Utc0,
            user: self.user,
            groups: &Vec::new,
            may_read: &|_, _| true,
        };
        query.resolve(record.id.table.as_str(), &asking).filter.matches(record, self)
    }
}

impl World for Watch<'_> {
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record> {
        let found = self.view.find(sys_id).ok().flatten()?.record;
        tables.contains(&found.id.table).then_some(found)
    }

    fn all(&self, tables: &[TableName]) -> Vec<Record> {
        let rows = tables.iter().flat_map(|table| self.view.by_table(table, MOST).unwrap_or_default());
        rows.map(|listed| listed.record).collect()
    }
}

impl Schedules for Watch<'_> {
    type Error = DeviceError;

    fn schedule(&self, id: SysId) -> Result<Option<Record>, DeviceError> {
        let found = self.view.record(&DocumentId::new(SCHEDULES, id))?;
        Ok(found.map(|listed| listed.record))
    }

    fn entries(&self, schedule: SysId) -> Result<Vec<Record>, DeviceError> {
        self.of_schedule(schedule, "cmn_schedule_span")
    }

    fn children(&self, schedule: SysId) -> Result<Vec<Record>, DeviceError> {
        self.of_schedule(schedule, "cmn_other_schedule")
    }
}

impl Watch<'_> {
    /// Rows that name a schedule as theirs, not as a part of theirs.
    fn of_schedule(&self, schedule: SysId, table: &str) -> Result<Vec<Record>, DeviceError> {
        let named = self.view.referring(schedule, &TableName::from(table), MOST)?;
        let records = named.into_iter().map(|listed| listed.record);
        Ok(records.filter(|record| record.reference("schedule") == Some(schedule)).collect())
    }
}
