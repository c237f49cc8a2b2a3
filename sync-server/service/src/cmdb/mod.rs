//! The CMDB: items that several sources tell of are recognised, written once, and related.
//!
//! `rules.toml` says by what items of a class are recognised, `identify.rs` tries it, `reconcile.rs` writes what a source may
//! say, `companions.rs` what refers to
//! an item, `relations.rs` keeps one relation of a type between two items, `engine.rs` brings a whole payload through these.
//! `impact.rs` walks them, in the graph that `graph_kept.rs` keeps in memory. `instance.rs` answers for single items, `meta.rs` for classes. What cannot be told apart or lacks something is kept in
//! `cmdb_ire_incomplete_payloads`; duplicates open one task. `health/` measures how good all of it is.

mod companions;
mod duplicates;
mod engine;
mod graph;
mod graph_kept;
pub mod health;
mod identify;
pub mod impact;
pub mod instance;
pub mod meta;
pub mod payload;
mod precedence;
mod reconcile;
mod relations;
mod rules;
mod sources;

pub(crate) use graph::Delta;
pub(crate) use graph_kept::KeptGraph;

use fieldline_model::{Record, Timestamp};
use rand_core::Rng;

use crate::call::{Call, Caller};
use crate::server::Server;
use crate::table::{Result, TableError, declared};
use payload::{Operation, Outcome, Payload};

/// The parent of all classes.
pub(crate) const ROOT: &str = "cmdb_ci";

/// Writes what a source says about items and their relations.
///
/// # Errors
/// When the caller may not write items or the database fails; what is wrong with an item is told in the outcome and stops no other.
pub fn reconcile(call: &mut Call<'_>, source: &str, payload: &Payload) -> Result<Outcome> {
    check_may(call)?;
    engine::Engine::new(call, source, payload)?.run()
}

/// Recognising an item tells that it is there, so that is for those who may write items.
fn check_may(call: &Call<'_>) -> Result<()> {
    let table = declared(call, ROOT)?;
    if call.caller.may(&table.write) {
        return Ok(());
    }
    let problem = format!("writing configuration items needs one of the roles {}", table.write.join(", "));
    Err(TableError::Denied { record: ROOT.into(), problem })
}

/// Refuses a rule about items that could not do what it says.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn check_rule(call: &Call<'_>, row: &Record) -> Result<()> {
    match row.id.table.as_str() {
        table if precedence::is_rule(table) => precedence::check(call, row),
        table if health::rules::is_rule(table) => health::rules::check(call, row),
        _ => Ok(()),
    }
}

/// Says what [`reconcile`] would do, and does nothing.
///
/// # Errors
/// As [`reconcile`].
pub fn rehearse(
    server: &Server,
    caller: &Caller,
    source: &str,
    payload: &Payload,
    (now, rng): (Timestamp, &mut dyn Rng),
) -> Result<Outcome> {
    let mut call = server.begin(caller, now, rng)?;
    let mut outcome = reconcile(&mut call, source, payload)?;
    for item in outcome.items.iter_mut().filter(|item| item.operation == Operation::Insert) {
        item.sys_id = UNKNOWN.to_owned();
    }
    Ok(outcome)
}

/// What stands for the identity of what is not there.
const UNKNOWN: &str = "Unknown";

/// Whether a table holds configuration items.
pub fn is_class(call: &Call<'_>, table: &str) -> bool {
    call.dictionary.is_a(table, ROOT)
}

/// Whether a data source is one of those there are.
fn is_source(call: &Call<'_>, source: &str) -> bool {
    let field = call.dictionary.table(ROOT).and_then(|table| table.field("discovery_source"));
    field.is_some_and(|field| field.choices.iter().any(|choice| choice.value == source))
}
