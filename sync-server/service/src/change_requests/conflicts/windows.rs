//! When changes must not be done (`cmn_schedule_blackout`) and when they must (`cmn_schedule_maintenance`), and of which items or
//! changes a schedule says so. A schedule without a zone of its own is read where whoever looks is.

use std::collections::BTreeSet;

use fieldline_model::calendar::Calendar;
use fieldline_model::condition::{Filter, Query};
use fieldline_model::{FieldName, Record, SysId, UserZone};

use super::spans::{Span, cover, overlap, without};
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::cmdb::impact::{self, Way};
use crate::sla::schedule;
use crate::table::{self, TableError};

pub(crate) const BLACKOUTS: &str = "cmn_schedule_blackout";
pub(crate) const MAINTENANCE: &str = "cmn_schedule_maintenance";

/// A schedule, as far as it says when.
pub(super) struct Window {
    pub schedule: SysId,
    calendar: Calendar,
    zone: UserZone,
}

/// Of what a schedule says so.
enum Scope {
    /// Items of a class, those of a condition.
    Items(String, Query),
    /// A service, and what it needs.
    Of(BTreeSet<SysId>),
    /// Changes.
    Changes(Query),
}

/// The schedules there are.
pub(super) struct Windows {
    blackouts: Vec<(Scope, Window)>,
    maintenance: Vec<(Scope, Window)>,
}

/// What schedules say of one item, or of a change itself.
#[derive(Default)]
pub(super) struct Says<'w> {
    pub blackouts: Vec<&'w Window>,
    pub maintenance: Vec<&'w Window>,
}

impl Window {
    pub fn new(schedule: SysId, calendar: Calendar, own: UserZone) -> Self {
        let zone = calendar.time_zone().map_or(own, UserZone::named);
        Self { schedule, calendar, zone }
    }

    /// Reads a schedule; one that cannot be told is logged and left out.
    pub fn read(call: &Call<'_>, id: SysId) -> table::Result<Option<Self>> {
        match schedule::read(&call.dictionary, &*call.tx, id)? {
            Some(Ok(calendar)) => Ok(Some(Self::new(id, calendar, call.callers_zone()))),
            Some(Err(problem)) => {
                tracing::error!(schedule = %id, problem, "a window for changes cannot be told");
                Ok(None)
            }
            None => Ok(None),
        }
    }

    pub fn spans(&self, within: Span) -> Vec<Span> {
        self.calendar.open_spans(within.0, within.1, &self.zone)
    }
}

impl Says<'_> {
    /// The blackouts that a stretch of time reaches into.
    pub fn blacked_out(&self, planned: Span) -> impl Iterator<Item = &Window> {
        self.blackouts.iter().copied().filter(move |window| overlap(&window.spans(planned), planned))
    }

    /// Whether there are maintenance windows, and a stretch of time is not within them; the first of them.
    pub fn outside(&self, planned: Span) -> Option<&Window> {
        let first = self.maintenance.first().copied()?;
        let open: Vec<Span> = self.maintenance.iter().flat_map(|window| window.spans(planned)).collect();
        (!cover(&open, planned)).then_some(first)
    }

    /// When nothing may be done.
    pub fn forbidden(&self, within: Span) -> Vec<Span> {
        let mut spans: Vec<Span> = self.blackouts.iter().flat_map(|window| window.spans(within)).collect();
        if !self.maintenance.is_empty() {
            spans.extend(without(within, self.maintenance.iter().flat_map(|window| window.spans(within)).collect()));
        }
        spans
    }
}

impl Windows {
    pub fn read(call: &Call<'_>) -> table::Result<Self> {
        Ok(Self { blackouts: scoped(call, BLACKOUTS)?, maintenance: scoped(call, MAINTENANCE)? })
    }

    /// What they say of an item.
    pub fn of_item<'w>(&'w self, call: &Call<'_>, item: &Record) -> Says<'w> {
        self.that(|scope| match scope {
            Scope::Items(class, query) => {
                (class.is_empty() || call.dictionary.is_a(item.id.table.as_str(), class)) && call.holds(query, item)
            }
            Scope::Of(items) => items.contains(&item.id.sys_id),
            Scope::Changes(_) => false,
        })
    }

    /// What they say of a change itself.
    pub fn of_change<'w>(&'w self, call: &Call<'_>, change: &Record) -> Says<'w> {
        self.that(|scope| matches!(scope, Scope::Changes(query) if call.holds(query, change)))
    }

    fn that(&self, holds: impl Fn(&Scope) -> bool) -> Says<'_> {
        Says { blackouts: holding(&self.blackouts, &holds), maintenance: holding(&self.maintenance, &holds) }
    }
}

fn holding<'w>(all: &'w [(Scope, Window)], holds: &impl Fn(&Scope) -> bool) -> Vec<&'w Window> {
    all.iter().filter(|(scope, _)| holds(scope)).map(|(_, window)| window).collect()
}

fn scoped(call: &Call<'_>, table: &str) -> table::Result<Vec<(Scope, Window)>> {
    let mut all = Vec::new();
    for row in call.rows(table, &Filter::equals("active", true))? {
        let scope = scope(call, &row)?;
        all.extend(Window::read(call, row.id.sys_id)?.map(|window| (scope, window)));
    }
    Ok(all)
}

fn scope(call: &Call<'_>, row: &Record) -> table::Result<Scope> {
    let query = || Query::parse(row.text("condition")).query;
    Ok(match row.text("source") {
        "change_request" => Scope::Changes(query()),
        "service" => {
            let service: BTreeSet<SysId> = row.reference("service").into_iter().collect();
            let below = impact::reached(call, &service, Way::Down)?;
            Scope::Of(service.into_iter().chain(below.into_keys()).collect())
        }
        _ => Scope::Items(row.text("applies_to").to_owned(), query()),
    })
}

/// Refuses a window that would hold of nothing.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid =
        |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&FieldName::from(field)), problem));
    schedule::check_zone(row)?;
    let condition = row.text("condition");
    let table = match row.text("source") {
        "service" if row.reference("service").is_none() => {
            return invalid("service", "name the service whose items it holds for".into());
        }
        "service" if !condition.is_empty() => {
            return invalid(
                "condition",
                "a schedule of a service holds for all it needs; leave the condition out".into(),
            );
        }
        "service" => return Ok(()),
        "change_request" => CHANGES,
        _ => match row.text("applies_to") {
            "" => "cmdb_ci",
            class if call.dictionary.is_a(class, "cmdb_ci") => class,
            class => return invalid("applies_to", format!("\"{class}\" is no class of configuration items")),
        },
    };
    if condition.is_empty() { Ok(()) } else { call.check_condition(row, &"condition".into(), table, condition) }
}
