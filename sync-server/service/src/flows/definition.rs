//! The steps of a flow as people write them: a list in JSON, each with what it does (`do`) and, if others must find it again, an
//! `id`.
//!
//! Texts may name what the run knows: `{{trigger.caller_id.email}}` is the field at the end of a way through references.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::asking::AskOutside;
use super::telling::Tell;

/// The most steps of a flow, those within others counted.
pub(super) const MOST_STEPS: usize = 500;
/// How deep steps may lie within others.
pub(super) const DEEPEST: usize = 16;

/// Field names and texts.
pub(super) type Fields = BTreeMap<String, String>;

/// One step.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Step {
    /// What a run that stopped here is found by again, also after the flow was changed; its place when left out.
    #[serde(default)]
    pub id: Option<String>,
    /// How often it is tried again when it fails, each time after twice as long.
    #[serde(default)]
    pub retries: u32,
    /// What it does.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What a step does.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Deed {
    /// Creates a record.
    Create {
        table: String,
        fields: Fields,
        #[serde(default, rename = "as")]
        name: Option<String>,
    },
    /// Changes a record the run knows.
    Update { record: String, fields: Fields },
    /// Finds the records that match a query: the first, or `all` of them.
    LookUp {
        table: String,
        query: String,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        all: bool,
    },
    /// Asks people to approve a record, and waits: `as` holds `approved` or `rejected`.
    AskApproval {
        record: String,
        approvers: Vec<String>,
        #[serde(rename = "as")]
        name: String,
    },
    /// Asks an outside system, and waits for its answer: `as` holds its `status` and `body`.
    Call(Box<AskOutside>),
    /// Tells people, or a webhook, something of a record.
    Notify(Box<Tell>),
    /// Waits so long.
    Wait { seconds: i64 },
    /// Waits until a condition holds for a record, or so long: `as` holds `held` or `timed_out`.
    WaitFor {
        record: String,
        condition: String,
        #[serde(default)]
        at_most_seconds: Option<i64>,
        #[serde(default, rename = "as")]
        name: Option<String>,
    },
    /// A decision table: the first row whose condition holds for a record says what values are.
    Decide { record: String, rows: Vec<Row> },
    /// Goes one way or the other: by a condition of a record, or of a text (`=yes`, `!=no`, `>=3`).
    If {
        record: String,
        condition: String,
        then: Vec<Step>,
        #[serde(default, rename = "else")]
        otherwise: Vec<Step>,
    },
    /// Does steps for each of the records that were found, or of a list that came from outside.
    ForEach {
        #[serde(rename = "in")]
        list: String,
        #[serde(rename = "as")]
        name: String,
        steps: Vec<Step>,
    },
    /// Does steps again and again, until a condition holds for a record, or for a text, after them.
    Repeat { steps: Vec<Step>, until: String, condition: String },
    /// Does several lists of steps side by side, and goes on when all are done. What one learns the others do not know.
    Parallel { branches: Vec<Vec<Step>> },
    /// Runs another flow about a record, and goes on when it is done.
    RunFlow { flow: String, record: String },
    /// Ends the run.
    End {},
}

/// A row of a decision table.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    /// When it counts; always when empty.
    #[serde(default)]
    pub when: String,
    /// What values are then.
    pub set: Fields,
}

/// Reads the steps of a flow.
///
/// # Errors
/// Says what cannot be read, and where.
pub(super) fn read(text: &str) -> Result<Vec<Step>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|problem| format!("is no list of steps: {problem}"))
}
