//! What knowledge spared the desk, in three numbers that are never made one.
//!
//! A visit of somebody begins with the first thing they do with knowledge and lasts for a window. Of its end there are three kinds:
//! they opened a case or an incident all the same (nothing was deflected), they did not and said last that something helped (a
//! deflection that is confirmed), or they did not and said nothing (one that is only possible: they may have given up). A visit
//! whose window is not over yet is waited for and counts as none of them.
//!
//! Everything is worked out from what happened when somebody asks: each number comes with its visits, and each visit with its rows.
//! What a visitor does after a window begins their next visit, so all their history is read, however short the time asked for.
//!
//! Source: ServiceNow "Set up the deflection configuration for Self-Service Analytics".

use std::collections::BTreeMap;

use fieldline_model::condition::{Check, Comparison, Filter, Operand, Path};
use fieldline_model::{DocumentId, Record, SysId, Timestamp};

use super::FEEDBACK;
use super::used::{SEARCHES, USES};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Result};

/// What is opened by somebody whom knowledge did not help, and the fields that say who that is.
const CASES: [(&str, [&str; 2]); 2] =
    [("incident", ["caller_id", "opened_by"]), ("sn_customerservice_case", ["opened_by", "opened_by"])];
/// Who may know what visitors did.
const READERS: [&str; 3] = ["knowledge_manager", "knowledge_admin", "report_admin"];
/// A rating of so many stars or more is praise.
const GOOD_STARS: i64 = 4;

/// Something a visitor did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// The row that says so.
    pub row: DocumentId,
}

/// What somebody does who has a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Looked for words.
    Search,
    /// Read an article.
    View,
    /// Said something of one that is no praise.
    Feedback,
    /// Said that it helped.
    Praise,
    /// Opened a case or an incident.
    Case,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A case was opened.
    NotDeflected,
    /// None was, and the last word was praise.
    Confirmed,
    /// None was, and nobody said why.
    Potential,
    /// It has not ended yet.
    Waiting,
}

/// What somebody did within one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Who.
    pub visitor: SysId,
    /// When it began.
    pub from: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What they did, in order.
    pub activities: Vec<Activity>,
}

/// Which visits are asked for: those that began at `from` or later and before `until`, seen with windows so long.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment that is no longer asked for.
    pub until: Timestamp,
    /// How long a case is waited for.
    pub window_milliseconds: i64,
}

/// The visits of everybody who looked for help, in the order in which they began.
///
/// # Errors
/// When the caller may not know, or the database fails.
pub fn visits(call: &Call<'_>, ask: &Ask) -> Result<Vec<Visit>> {
    table::only(call, &READERS, "deflection", "may know what visitors did")?;
    let seen_until = ask.until.plus_milliseconds(ask.window_milliseconds);
    let mut visits: Vec<Visit> = activities(call, seen_until)?
        .into_iter()
        .flat_map(|(visitor, done)| visits_of(visitor, done, ask.window_milliseconds, call.now))
        .filter(|visit| (ask.from..ask.until).contains(&visit.from))
        .collect();
    visits.sort_by_key(|visit| (visit.from, visit.visitor));
    Ok(visits)
}

/// The visits of one visitor.
pub fn visits_of(visitor: SysId, mut done: Vec<Activity>, window_milliseconds: i64, now: Timestamp) -> Vec<Visit> {
    done.sort_by(|one, other| (one.at, one.what, &one.row).cmp(&(other.at, other.what, &other.row)));
    let mut visits: Vec<Visit> = Vec::new();
    for activity in done {
        let over = |visit: &Visit| activity.at >= visit.from.plus_milliseconds(window_milliseconds);
        match visits.last_mut() {
            Some(visit) if !over(visit) => visit.activities.push(activity),
            // Who opens a case without having looked for anything is no visitor.
            _ if activity.what == What::Case => {}
            _ => {
                visits.push(Visit { visitor, from: activity.at, outcome: Outcome::Waiting, activities: vec![activity] })
            }
        }
    }
    for visit in &mut visits {
        let is_over = now >= visit.from.plus_milliseconds(window_milliseconds);
        visit.outcome = outcome(&visit.activities, is_over);
    }
    visits
}

fn outcome(activities: &[Activity], is_over: bool) -> Outcome {
    if activities.iter().any(|activity| activity.what == What::Case) {
        return Outcome::NotDeflected;
    }
    match activities.last() {
        _ if !is_over => Outcome::Waiting,
        Some(last) if last.what == What::Praise => Outcome::Confirmed,
        _ => Outcome::Potential,
    }
}

/// What every visitor did until a moment.
fn activities(call: &Call<'_>, until: Timestamp) -> Result<BTreeMap<SysId, Vec<Activity>>> {
    let mut done: BTreeMap<SysId, Vec<Activity>> = BTreeMap::new();
    let before = |field: &str| Filter::Test(Path::of(field), Check::Compare(Comparison::Less, Operand::Moment(until)));
    for (table, at, who) in [
        (SEARCHES, "sys_created_on", "user"),
        (USES, "sys_created_on", "user"),
        (FEEDBACK, "sys_created_on", "sys_created_by"),
    ] {
        for row in call.rows(table, &before(at))? {
            let Some((what, (at, visitor))) = what(&row).zip(row.time(at).zip(row.reference(who))) else { continue };
            done.entry(visitor).or_default().push(Activity { at, what, row: row.id });
        }
    }
    for (table, whose) in CASES {
        for case in call.rows(table, &before("opened_at"))? {
            let Some(at) = case.time("opened_at") else { continue };
            let mut people: Vec<SysId> = whose.iter().filter_map(|field| case.reference(field)).collect();
            people.sort_unstable();
            people.dedup();
            for visitor in people {
                if let Some(done) = done.get_mut(&visitor) {
                    done.push(Activity { at, what: What::Case, row: case.id.clone() });
                }
            }
        }
    }
    Ok(done)
}

/// What a row says somebody did; `None` when it is not about help they looked for.
fn what(row: &Record) -> Option<What> {
    match row.id.table.as_str() {
        SEARCHES => Some(What::Search),
        USES => row.says("viewed").then_some(What::View),
        _ => {
            let stars = number_field(row, "rating");
            let is_praise = row.text("useful") == "yes" || stars.is_some_and(|stars| stars >= GOOD_STARS);
            Some(if is_praise && row.text("useful") != "no" { What::Praise } else { What::Feedback })
        }
    }
}
