//! Loads an event log: reads and checks every row, replays each incident, and writes its history down as it happened.
//!
//! Names become reference records once. Where the log agrees with itself on the priority of a pair of impact and urgency and
//! our table says another, the organisation's own priority is loaded first. Incidents that are here already are left alone.

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, SysId, Timestamp};
use fieldline_service::import::import_document;
use fieldline_service::table::{self, Input};
use fieldline_service::{Call, Server, TableError};
use fieldline_storage::Selection;
use rand_core::Rng;

use super::event::{Event, NEEDED, Reader};
use super::names::{Named, sys_id_of};
use super::progress::Progress;
use super::replay::{Replayed, replay};
use super::report::Report;
use super::source::{Row, RowError, Source};
use crate::failed::Failed;

/// The table whose records an event log is about.
pub const TABLE: &str = "incident";
const PRIORITIES: &str = "dl_u_priority";
/// Incidents in one transaction: few enough that others get their turn, enough that the disk is not the measure.
const BATCH: usize = 25;
/// Reference records in one transaction.
const NAMES_BATCH: usize = 200;

/// Whether a file with this header is an event log.
pub fn is_event_log(header: &[String]) -> bool {
    NEEDED.iter().all(|needed| header.iter().any(|column| column == needed))
}

/// Loads every incident of the log.
///
/// # Errors
/// When the file cannot be read, the error file not written, or the database fails. What was loaded before stays.
pub fn load_events(server: &Server, mut source: Source, now: Timestamp, rng: &mut dyn Rng) -> Result<Report, Failed> {
    let log = Log::read(server, &mut source)?;
    let mut loader = Loader { server, now, rng, report: Report::default() };
    loader.report.rows = log.rows;
    loader.report.named = loader.names(log.names)?;
    loader.report.priorities = loader.priorities(&log.priorities)?;
    let mut progress = Progress::of(log.incidents.len() as u64, "incidents");
    for batch in log.incidents.chunks(BATCH) {
        for (rows, problem) in loader.incidents(batch)? {
            for row in rows {
                source.reject(row, &problem)?;
            }
        }
        progress.advance(batch.len() as u64);
    }
    loader.report.finish(source)
}

/// An incident's rows and what they say.
type Incident = (Vec<Row>, Vec<Event>);

/// A log as it was read.
struct Log {
    rows: u64,
    incidents: Vec<Incident>,
    names: Vec<Named>,
    /// For each impact and urgency the priority of every event, `None` when they disagree.
    priorities: BTreeMap<(i64, i64), Option<i64>>,
}

impl Log {
    fn read(server: &Server, source: &mut Source) -> Result<Self, Failed> {
        let table =
            server.dictionary().shared(TABLE).ok_or_else(|| Failed::Usage(format!("there is no table {TABLE}")))?;
        let columns: Vec<(usize, String)> = source.columns().map(|(index, name)| (index, name.to_owned())).collect();
        let reader = Reader::new(columns.iter().map(|(index, name)| (*index, name.as_str())), &table);
        let mut log = Self { rows: 0, incidents: Vec::new(), names: Vec::new(), priorities: BTreeMap::new() };
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut names = std::collections::BTreeSet::new();
        while let Some(row) = source.next()? {
            log.rows += 1;
            match reader.event(&row.cells) {
                Err(problem) => source.reject(&row, &problem)?,
                Ok(event) => {
                    log.judge_priority(&event);
                    names.extend(event.names.iter().cloned());
                    let place = *places.entry(event.number.clone()).or_insert(log.incidents.len());
                    if place == log.incidents.len() {
                        log.incidents.push((Vec::new(), Vec::new()));
                    }
                    log.incidents[place].0.push(row);
                    log.incidents[place].1.push(event);
                }
            }
        }
        log.names = names.into_iter().collect();
        Ok(log)
    }

    fn judge_priority(&mut self, event: &Event) {
        let level = |name: &str| event.fields.get(name).and_then(fieldline_model::Value::as_integer);
        let (Some(impact), Some(urgency), Some(priority)) = (level("impact"), level("urgency"), event.priority) else {
            return;
        };
        let agreed = self.priorities.entry((impact, urgency)).or_insert(Some(priority));
        *agreed = agreed.filter(|agreed| *agreed == priority);
    }
}

struct Loader<'a> {
    server: &'a Server,
    now: Timestamp,
    rng: &'a mut dyn Rng,
    report: Report,
}

impl Loader<'_> {
    fn write<T>(&mut self, work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError>) -> Result<T, Failed> {
        Ok(self.server.write(&self.server.system(), self.now, self.rng, work)?)
    }

    /// Creates the records that are only named; those that are here already are left alone.
    fn names(&mut self, names: Vec<Named>) -> Result<u64, Failed> {
        let mut created = 0;
        for batch in names.chunks(NAMES_BATCH) {
            created += self.write(|call| {
                let mut created = 0;
                for named in batch {
                    created += u64::from(create_once(call, named.table, named.sys_id(), named.record().fields)?);
                }
                Ok(created)
            })?;
        }
        Ok(created)
    }

    /// Loads the organisation's priorities where they are not ours.
    fn priorities(&mut self, agreed: &BTreeMap<(i64, i64), Option<i64>>) -> Result<Vec<(i64, i64, i64)>, Failed> {
        let ours = self.server.priorities();
        let other = |(&(impact, urgency), priority): (&(i64, i64), &Option<i64>)| {
            priority
                .filter(|priority| ours.priority(impact, urgency) != Some(*priority))
                .map(|priority| (impact, urgency, priority))
        };
        let other: Vec<(i64, i64, i64)> = agreed.iter().filter_map(other).collect();
        self.write(|call| {
            for (impact, urgency, priority) in &other {
                let sys_id = sys_id_of(PRIORITIES, &format!("{impact}x{urgency}"));
                let fields = [("impact", impact), ("urgency", urgency), ("priority", priority)];
                create_once(call, PRIORITIES, sys_id, fields.map(|(name, level)| (name, level.to_string())))?;
            }
            Ok(other)
        })
    }

    /// Loads some incidents; returns the rows of those that were refused, and why.
    fn incidents<'r>(&mut self, batch: &'r [Incident]) -> Result<Vec<(&'r [Row], RowError)>, Failed> {
        let (dictionary, priorities) = (self.server.dictionary().clone(), self.server.priorities());
        let replayed: Vec<Replayed> =
            batch.iter().map(|(_, events)| replay(events, &dictionary, &priorities)).collect();
        let outcomes = self.write(|call| {
            let mut outcomes = Vec::with_capacity(batch.len());
            for ((_, events), incident) in batch.iter().zip(&replayed) {
                outcomes.push(load_one(call, &events[0].number, incident)?);
            }
            Ok(outcomes)
        })?;
        let mut refused = Vec::new();
        for (((rows, _), incident), outcome) in batch.iter().zip(replayed).zip(outcomes) {
            match outcome {
                Outcome::Loaded => self.report.add(incident),
                Outcome::Here => self.report.already_here += 1,
                Outcome::Refused(problem) => refused.push((rows.as_slice(), RowError::new("", problem))),
            }
        }
        Ok(refused)
    }
}

enum Outcome {
    Loaded,
    Here,
    Refused(String),
}

fn load_one(call: &mut Call<'_>, number: &str, incident: &Replayed) -> Result<Outcome, TableError> {
    if is_here(call, number)? {
        return Ok(Outcome::Here);
    }
    match import_document(call, &incident.document, incident.history.clone()) {
        Ok(_) => Ok(Outcome::Loaded),
        Err(TableError::Service(error)) => Err(error.into()),
        Err(problem) => Ok(Outcome::Refused(problem.to_string())),
    }
}

fn is_here(call: &Call<'_>, number: &str) -> Result<bool, TableError> {
    let same = Filter::equals("number", number);
    Ok(call.tx.count(&Selection::of(call.dictionary.family(TABLE), &same))? > 0)
}

/// Creates a reference record unless it is here; whether it did.
fn create_once(
    call: &mut Call<'_>,
    table: &str,
    sys_id: SysId,
    fields: impl IntoIterator<Item = (impl ToString, impl ToString)>,
) -> Result<bool, TableError> {
    if call.tx.record(&DocumentId::new(table, sys_id))?.is_some() {
        return Ok(false);
    }
    let mut input = Input { fields: BTreeMap::from([("sys_id".to_owned(), sys_id.to_string())]), as_displayed: false };
    input.fields.extend(fields.into_iter().map(|(name, text)| (name.to_string(), text.to_string())));
    table::create(call, table, &input)?;
    Ok(true)
}
