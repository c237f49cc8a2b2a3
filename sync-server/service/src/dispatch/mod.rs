//! Dispatch: a group's open tasks become visits, its technicians' rosters become shifts, and what the optimiser finds becomes
//! edits of the tasks, made by the server for the dispatcher who asked.
//!
//! ```text
//! span        stretches of time
//! territory   which part of the map somebody serves
//! roster      who works when, from where, with which skills
//! tasks       what is open, what stands, what cannot be planned
//! day         both, read in one consistent state
//! problem     the day in the optimiser's words
//! words       why somebody cannot do a task
//! outcome     a plan as a report
//! publish     a report as edits
//! candidates  who could do one task
//! slots       which hours can be offered
//! violations  what an assignment by hand would go against
//! assign      one task goes to somebody, by hand or by itself
//! report      what all of this says
//! ```
//!
//! What a technician was told stands: nothing is moved that somebody has in hand, so planning twice changes nothing and a
//! cancelled task only makes room. Bad input costs nobody but itself. Reading, searching and writing are three steps: nobody
//! waits for a search, and what changed meanwhile is left alone.
//!
//! Ways are measured on roads where the server has a network of them, else as the crow flies, stretched as roads are; a report says
//! how many are which.
//!
//! What it leaves out: breaks, tools and parts.

mod assign;
mod candidates;
mod day;
mod outcome;
mod problem;
mod publish;
pub mod report;
mod roster;
mod slots;
mod span;
mod tasks;
pub(crate) mod territory;
mod violations;
mod words;

use fieldline_model::{Record, SysId, Timestamp};
use rand_core::Rng;

use crate::call::{Call, Caller};
use crate::error::ServiceError;
use crate::server::Server;
use crate::table::TableError;
use day::Day;
use problem::Posed;
use report::{Assigned, Candidates, Checked, Report, Slots};

pub use assign::Assignment;
pub use slots::{Wanted, Wish};
pub use span::Span;

/// The longest span planned at once.
pub const MOST_DAYS: u32 = 14;
/// The most iterations of one search: half a minute for a few hundred tasks, which is less than a request may take.
pub const MOST_ITERATIONS: u64 = 200_000;
/// The most tasks assigned by one request.
pub const MOST_ASSIGNED: usize = 100;
/// How long the hours offered to a customer are.
const SLOT_SECONDS: u32 = 2 * 3_600;
/// Who may plan.
const DISPATCHER: &str = "wm_dispatcher";

/// Why nothing was planned.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The caller's roles do not allow it.
    #[error("only {DISPATCHER} may plan; ask one of them")]
    Denied,
    /// There is no such group or task.
    #[error("{0} does not exist; check its sys_id")]
    NotFound(String),
    /// What was asked makes no sense.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<fieldline_storage::StorageError> for DispatchError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

/// What a dispatch function returns.
pub type Result<T, E = DispatchError> = std::result::Result<T, E>;

/// What is to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The dispatch group.
    pub group: SysId,
    /// Where the days begin.
    pub from: Timestamp,
    /// How many days of 24 hours.
    pub days: u32,
    /// How long to search.
    pub iterations: u64,
    /// What to begin the search with, to get the plan of an earlier report again.
    pub seed: Option<u32>,
    /// Whether to say only what would happen.
    pub dry_run: bool,
}

/// Plans the open tasks of a group, publishes the assignments unless it is a dry run, and says what came of it.
///
/// # Errors
/// When the caller may not, there is no such group, the ask is out of bounds, or the database fails; nothing is published then.
pub fn plan(server: &Server, caller: &Caller, ask: &Ask, now: Timestamp, rng: &mut dyn Rng) -> Result<Report> {
    let within = checked(caller, ask.from, ask.days)?;
    if ask.iterations > MOST_ITERATIONS {
        let problem = format!("{} are too many; use {MOST_ITERATIONS} at the most", ask.iterations);
        return Err(DispatchError::Invalid { field: "iterations", problem });
    }
    let day = server.read(caller, now, rng, |call| Day::read(call, ask.group, within))?;
    let posed = Posed::of(&day)?;
    let seed = ask.seed.unwrap_or_else(|| rng.next_u32());
    let plan = posed.solved(seed, ask.iterations);
    let mut report = outcome::report(&day, &posed, &plan, seed);
    if !ask.dry_run {
        server.write(caller, now, rng, |call| publish::publish(call, &day, &posed, &mut report))?;
    }
    Ok(report)
}

/// Says who could do a task within some days, and what is in the way of everybody else.
///
/// # Errors
/// When the caller may not, there is no such task or it cannot be planned as it is, or the database fails.
pub fn candidates(
    server: &Server,
    caller: &Caller,
    task: SysId,
    (from, days): (Timestamp, u32),
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Candidates> {
    let within = checked(caller, from, days)?;
    server.read(caller, now, rng, |call| candidates::of_task(call, task, within))
}

/// Lists the hours that can be offered within some days, the cheapest first.
///
/// # Errors
/// When the caller may not, there is no such group or task, what is wanted makes no sense, or the database fails.
pub fn slots(
    server: &Server,
    caller: &Caller,
    wanted: &Wanted,
    (from, days): (Timestamp, u32),
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Slots> {
    let within = checked(caller, from, days)?;
    if let Wanted::Wish { wish, .. } = wanted
        && !(1..=i64::from(days) * 86_400).contains(&wish.work_seconds)
    {
        let problem = format!("{} is not between 1 and the seconds of the days asked for", wish.work_seconds);
        return Err(DispatchError::Invalid { field: "work_seconds", problem });
    }
    server.read(caller, now, rng, |call| slots::of(call, wanted, within, SLOT_SECONDS))
}

/// Says what it would go against if a technician did a task, from a moment on if one is given.
///
/// # Errors
/// When the caller may not, there is no such task or person, the task cannot be assigned any more, or the database fails.
pub fn check(
    server: &Server,
    caller: &Caller,
    (task, technician, start): (SysId, SysId, Option<Timestamp>),
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Checked> {
    checked(caller, now, 1)?;
    server.read(caller, now, rng, |call| assign::check(call, task, technician, start))
}

/// Assigns a task to whom somebody named, or to the best there is, unless something stands against it.
///
/// # Errors
/// When the caller may not, there is no such task or person, the task cannot be assigned any more, or the database fails.
pub fn assign(
    server: &Server,
    caller: &Caller,
    wanted: &Assignment,
    (from, days): (Timestamp, u32),
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Assigned> {
    let within = checked(caller, from, days)?;
    server.write(caller, now, rng, |call| assign::assign(call, wanted, within))
}

/// Assigns tasks to the best there are, each in a transaction of its own, in their order; what cannot be assigned says why and keeps none
/// of the others from it.
///
/// # Errors
/// When the caller may not, there are too many, one of them does not exist, or the database fails.
pub fn assign_all(
    server: &Server,
    caller: &Caller,
    tasks: &[SysId],
    (from, days): (Timestamp, u32),
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Vec<Assigned>> {
    let within = checked(caller, from, days)?;
    if tasks.len() > MOST_ASSIGNED {
        let problem = format!("{} are too many at once; send {MOST_ASSIGNED} at the most", tasks.len());
        return Err(DispatchError::Invalid { field: "tasks", problem });
    }
    let mut assigned = Vec::new();
    for task in tasks {
        let one = server.write(caller, now, rng, |call| assign::assign_if_possible(call, *task, within));
        assigned.push(one?);
    }
    Ok(assigned)
}

/// The hours that can be offered for a task as it would be, whoever asks.
pub(crate) fn offers(call: &Call<'_>, task: &Record, within: Span, slot_seconds: u32) -> Result<Slots> {
    slots::of_record(call, task, within, slot_seconds)
}

impl From<DispatchError> for TableError {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Denied => Self::Denied { record: "dispatch".into(), problem: error.to_string() },
            DispatchError::NotFound(what) => Self::NotFound(what),
            DispatchError::Invalid { field, problem } => Self::invalid("wm_task", Some(&field.into()), problem),
            DispatchError::Service(error) => Self::Service(error),
        }
    }
}

/// The days asked for, if the caller may plan them; moments are told in whole seconds.
fn checked(caller: &Caller, from: Timestamp, days: u32) -> Result<Span> {
    if !caller.may(&[DISPATCHER.to_owned()]) {
        return Err(DispatchError::Denied);
    }
    if !(1..=MOST_DAYS).contains(&days) {
        let problem = format!("{days} is not between 1 and {MOST_DAYS}");
        return Err(DispatchError::Invalid { field: "days", problem });
    }
    Ok(Span::of_days(Timestamp(from.0.div_euclid(1_000) * 1_000), days))
}
