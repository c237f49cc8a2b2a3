//! Flows: what is to happen because of something else, step by step, as data.
//!
//! * `definition.rs` reads steps, `program.rs` puts them in a row with jumps, `check.rs` refuses what could not run.
//! * `trigger.rs` begins runs because of records and moments, and wakes those that wait. `run.rs` carries a run on by one step a
//!   transaction, so each effect happens exactly once however often the server dies. `steps.rs` is what steps do.
//! * `library.rs` brings the flows that are shipped (`service/library`).
//! * `context.rs` and `values.rs` are a run as rows. `trial.rs` shows what a flow would do and leaves no trace.
//!
//! A step that fails is tried again as often as it says, then stops its run where people see it; once the flow or the record is
//! mended the run goes on at that step. Runs act with the authority of whoever may write flows.
//!
//! `asking.rs` asks outside systems through the outbox (`outgoing/`), `telling.rs` tells people.
//!
//! Left out: scripts, and what several branches learn from each other.

mod asking;
mod check;
mod context;
mod definition;
mod library;
mod program;
mod run;
mod steps;
mod telling;
pub mod trial;
mod trigger;
mod values;

use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId};

use crate::query::number_field;
use crate::rules::When;
use program::Program;

pub(crate) use check::check;
pub(crate) use context::{CONTEXTS, LOG};
pub(crate) use run::{carry_on, stopped};
pub(crate) use trigger::begin_scheduled;
pub use trigger::{receive, start};

/// Where flows are.
pub(crate) const FLOWS: &str = "sys_hub_flow";
/// The jobs of runs.
pub(crate) const KIND: &str = "flow";
/// The jobs that begin runs at their moment.
pub(crate) const SCHEDULE: &str = "flow_schedule";

/// A flow.
#[derive(Debug)]
pub(crate) struct Flow {
    pub id: SysId,
    /// What people call it.
    pub name: String,
    version: i64,
    order: i64,
    /// Whether it begins by itself.
    pub active: bool,
    /// The table whose records begin it.
    pub table: String,
    when: When,
    every_seconds: Option<i64>,
    /// Which events of clocks begin it.
    events: Vec<String>,
    /// Whether others may begin it with values of their own.
    is_called: bool,
    program: Program,
}

impl Flow {
    /// Reads a flow.
    ///
    /// # Errors
    /// When its steps cannot be read.
    pub(crate) fn read(row: &Record) -> Result<Self, String> {
        let trigger = row.text("trigger_type");
        let scheduled = |_: &i64| trigger == "scheduled";
        Ok(Self {
            id: row.id.sys_id,
            name: row.text("name").to_owned(),
            version: number_field(row, "sys_mod_count").unwrap_or_default(),
            order: number_field(row, "order").unwrap_or(100),
            active: row.says("active"),
            table: row.text("table").to_owned(),
            when: When {
                of_new: matches!(trigger, "record_create" | "record_create_or_update"),
                of_changed: matches!(trigger, "record_update" | "record_create_or_update"),
                condition: Query::parse(row.text("condition")).query,
            },
            every_seconds: number_field(row, "every_seconds").filter(scheduled),
            events: if trigger == "sla_event" { listed(row.text("events")) } else { Vec::new() },
            is_called: trigger == "inbound_call",
            program: Program::of(&definition::read(row.text("definition"))?)?,
        })
    }

    /// What they are begun in the order of.
    pub(crate) fn rank(&self) -> (i64, SysId) {
        (self.order, self.id)
    }

    /// How histories name it.
    fn named(&self) -> String {
        format!("flow \"{}\" ({FLOWS}/{}, version {})", self.name, self.id, self.version)
    }
}

/// What a text names with commas.
fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
