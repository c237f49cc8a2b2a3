//! A run as a row of `sys_flow_context`, and what its steps did as rows of `sys_flow_log`.

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;

use super::Flow;
use super::values::Values;
use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::query::number_field;

pub(crate) const CONTEXTS: &str = "sys_flow_context";
pub(crate) const LOG: &str = "sys_flow_log";
/// The longest message that is kept.
const MESSAGE_CHARACTERS: usize = 4_000;

/// A run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    row: Record,
    pub values: Values,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    InProgress,
    Waiting,
    Complete,
    Error,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Waiting => "waiting",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }
}

impl Run {
    /// A run that begins at a step.
    pub fn new(id: SysId, flow: &Flow, about: &DocumentId, values: Values) -> Self {
        let mut row = Record::new(DocumentId::new(CONTEXTS, id));
        row.set("name", Some(Value::text(flow.name.as_str())));
        row.set("flow", Some(Value::Reference(flow.id)));
        row.set("source_table", Some(Value::text(about.table.as_str())));
        row.set("source_record", Some(Value::text(about.sys_id.to_string())));
        let mut run = Self { row, values };
        run.stands(State::InProgress, "");
        run
    }

    /// A run as it was kept.
    pub fn read(row: Record) -> Result<Self> {
        let damaged = |problem: serde_json::Error| ServiceError::damaged(&row.id, problem);
        let values = serde_json::from_str(row.text("values")).map_err(damaged)?;
        Ok(Self { row, values })
    }

    pub fn id(&self) -> SysId {
        self.row.id.sys_id
    }

    pub fn flow(&self) -> Option<SysId> {
        self.row.reference("flow")
    }

    pub fn position(&self) -> &str {
        self.row.text("position")
    }

    /// The run that waits for this one.
    pub fn caller(&self) -> Option<SysId> {
        self.row.reference("calling_context")
    }

    /// Whether there is nothing left to do.
    pub fn is_over(&self) -> bool {
        matches!(self.row.text("state"), "complete" | "cancelled")
    }

    /// Whether it stopped and somebody lets it try again.
    pub fn has_stopped(&self) -> bool {
        self.row.text("state") == State::Error.word()
    }

    pub fn is_complete(&self) -> bool {
        self.row.text("state") == "complete"
    }

    pub fn steps_done(&self) -> i64 {
        number_field(&self.row, "steps_done").unwrap_or_default()
    }

    /// The same run, begun by another one.
    pub fn begun_by(mut self, caller: SysId) -> Self {
        self.row.set("calling_context", Some(Value::Reference(caller)));
        self
    }

    /// Notes where it stands now.
    pub fn stands(&mut self, state: State, position: &str) {
        self.row.set("state", Some(Value::text(state.word())));
        self.row.set("position", Some(position).filter(|position| !position.is_empty()).map(Value::text));
        self.row.set("parent", None);
        self.row.set("error_message", None);
    }

    /// Notes the record whose change wakes it.
    pub fn waits_for(&mut self, record: SysId) {
        self.row.set("parent", Some(Value::text(record.to_string())));
    }

    /// Notes why it stopped.
    pub fn failed(&mut self, problem: &str) {
        self.row.set("state", Some(Value::text(State::Error.word())));
        self.row.set("error_message", Some(Value::text(shortened(problem))));
    }
}

impl Call<'_> {
    /// A run by its identity.
    pub(super) fn run(&self, id: SysId) -> Result<Option<Run>> {
        self.row(&DocumentId::new(CONTEXTS, id))?.map(Run::read).transpose()
    }

    /// Keeps a run.
    pub(super) fn keep_run(&mut self, run: &Run) -> Result<()> {
        let mut row = run.row.clone();
        if row.get("started").is_none() {
            row.set("started", Some(Value::Time(self.now)));
        }
        row.set("ended", Some(Value::Time(self.now)).filter(|_| run.is_over()));
        let values = serde_json::to_string(&run.values).expect("plain data");
        row.set("values", Some(Value::text(values)));
        self.put_row(row)
    }

    /// Lets a run go on as soon as may be.
    pub(super) fn carry_on(&mut self, run: SysId) -> Result<()> {
        self.put_job(&Job::of(super::KIND, run, self.now))
    }

    /// Notes what a step of a run did.
    pub(super) fn log_step(&mut self, run: &mut Run, step: &str, message: &str) -> Result<()> {
        let order = run.steps_done() + 1;
        run.row.set("steps_done", Some(Value::Integer(order)));
        let mut line = Record::new(DocumentId::new(LOG, self.new_sys_id()));
        line.set("parent", Some(Value::Reference(run.id())));
        line.set("order", Some(Value::Integer(order)));
        line.set("step", Some(Value::text(step)));
        line.set("message", Some(Value::text(shortened(message))));
        self.put_row(line)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MESSAGE_CHARACTERS).collect()
}
