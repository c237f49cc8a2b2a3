//! Webhooks: rows of `fl_webhook` that say which outside system is told of which records, and of what happens to them.

use fieldline_model::{Dictionary, Record};
use fieldline_storage::Tx;

use super::{Action, Rule, TOLD};
use crate::call::Call;
use crate::error::Result;
use crate::outgoing;
use crate::sla::SlaEvent;
use crate::table::{self, TableError};
use crate::webhooks;

pub(super) const TABLE: &str = webhooks::WEBHOOKS;
/// What may happen to a record.
const RECORD_EVENTS: [&str; 3] = ["created", "updated", "deleted"];
/// What the events of a task's clocks begin with.
const OF_CLOCKS: &str = "sla.";

/// An outside system that is told.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    /// Where it listens.
    pub url: String,
    /// Which fields it is told; all of them when empty.
    pub fields: Vec<String>,
    events: Vec<String>,
}

impl Hook {
    fn read(row: &Record) -> Self {
        let list = |field: &str| listed(row.text(field)).map(str::to_owned).collect();
        Self { url: row.text("url").to_owned(), fields: list("fields"), events: list("events") }
    }

    /// Whether it wants to hear of something that happens to a record.
    pub fn hears(&self, event: &str) -> bool {
        self.events.iter().any(|heard| heard == event)
    }

    /// Whether it wants to hear of something that happens to a clock.
    pub fn hears_of_clock(&self, event: SlaEvent) -> bool {
        self.events.iter().filter_map(|heard| heard.strip_prefix(OF_CLOCKS)).any(|heard| event.is(heard))
    }
}

/// What a text names with commas.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

pub(super) fn rule(row: &Record, _: &Dictionary, _: &dyn Tx) -> Result<Option<Rule>> {
    let hook = Hook::read(row);
    let (created, updated) = (hook.hears("created"), hook.hears("updated"));
    let mut rule = Rule::of(row, row.text("collection"), row.text("condition"), Action::Post(Box::new(hook)));
    (rule.when.of_new, rule.when.of_changed) = (created, updated);
    Ok(Some(rule))
}

/// Refuses a webhook that could not be told anything.
pub(super) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    outgoing::check_url(row.text("url")).map_err(|problem| invalid("url", problem))?;
    match row.text("secret") {
        "" if call.secret_of(row.id.sys_id)?.is_some() => {}
        secret => drop(webhooks::key_of(secret).map_err(|problem| invalid("secret", problem))?),
    }
    let table = row.text("collection");
    if table.is_empty() {
        return Ok(());
    }
    let declared = call.dictionary.table(table);
    let Some(declared) = declared.filter(|_| !TOLD.contains(&table) && table != outgoing::TABLE) else {
        let problem = format!("there is no table \"{table}\" of whose records anybody could be told");
        return Err(invalid("collection", problem));
    };
    if !row.text("condition").is_empty() {
        call.check_condition(row, &"condition".into(), table, row.text("condition"))?;
    }
    let hook = Hook::read(row);
    let is_known = |event: &&String| match event.strip_prefix(OF_CLOCKS) {
        Some(word) => SlaEvent::knows(word),
        None => RECORD_EVENTS.contains(&event.as_str()),
    };
    if let Some(unknown) = hook.events.iter().find(|event| !is_known(event)) {
        let known = format!("{}, {OF_CLOCKS}{}", RECORD_EVENTS.join(", "), SlaEvent::WORDS.join(", sla."));
        return Err(invalid("events", format!("\"{unknown}\" is no event; use some of {known}, sla.percent.75")));
    }
    match hook.fields.iter().find(|name| declared.field(name).is_none()) {
        Some(unknown) => Err(invalid("fields", format!("{table} has no field \"{unknown}\""))),
        None => Ok(()),
    }
}
