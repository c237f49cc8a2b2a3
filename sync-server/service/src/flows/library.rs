//! Flows that come with the product, for practices most organisations have. They are rows like any other and begin inactive.
//!
//! An update brings what is new and what nobody has changed. Whether a flow is active is the organisation's to say and no change;
//! a flow that somebody changed stays theirs, and one that was deleted stays away.

use fieldline_model::{DocumentId, Record, Timestamp, Value};
use rand_core::Rng;
use serde::Deserialize;

use super::FLOWS;
use crate::call::Call;
use crate::definitions;
use crate::error::{Result, ServiceError};
use crate::server::Server;

const FILES: [&str; 9] = [
    include_str!("../../library/change_approval_reminder.toml"),
    include_str!("../../library/costly_item.toml"),
    include_str!("../../library/knowledge_review.toml"),
    include_str!("../../library/major_incident.toml"),
    include_str!("../../library/new_employee.toml"),
    include_str!("../../library/on_hold_reminder.toml"),
    include_str!("../../library/problem_from_repeated_cases.toml"),
    include_str!("../../library/problem_from_repeats.toml"),
    include_str!("../../library/sla_escalation.toml"),
];
/// The fields a flow is known by to be as it was shipped.
const TEXTS: [&str; 7] = ["name", "trigger_type", "table", "condition", "events", "description", "definition"];

/// A flow that is shipped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shipped {
    key: String,
    name: String,
    trigger_type: String,
    #[serde(default)]
    table: String,
    #[serde(default)]
    condition: String,
    #[serde(default)]
    events: String,
    #[serde(default)]
    every_seconds: Option<i64>,
    description: String,
    steps: String,
}

impl Shipped {
    fn all() -> Result<Vec<Self>> {
        let damaged = |problem| ServiceError::damaged("a flow of the library", problem);
        FILES.iter().map(|text| toml::from_str(text).map_err(damaged)).collect()
    }

    fn row(&self) -> Record {
        let mut row = Record::new(DocumentId::new(FLOWS, definitions::identity(FLOWS, &self.key)));
        let texts = [
            &self.name,
            &self.trigger_type,
            &self.table,
            &self.condition,
            &self.events,
            &self.description,
            &self.steps,
        ];
        for (field, text) in TEXTS.into_iter().zip(texts) {
            let text = text.trim();
            row.set(field, (!text.is_empty()).then(|| Value::text(text)));
        }
        row.set("every_seconds", self.every_seconds.map(Value::Integer));
        row.set("order", Some(Value::Integer(100)));
        row.set("active", Some(Value::Boolean(false)));
        row.set("sys_update_name", Some(Value::text(format!("library/{}", self.key))));
        row
    }

    /// Where it is noted how it was published last.
    fn setting(&self) -> String {
        format!("flow_library/{}", self.key)
    }
}

/// What a flow says, but for whether it is active.
fn content(row: &Record) -> Vec<u8> {
    let texts = TEXTS.map(|field| row.text(field));
    let every = row.get("every_seconds").map(ToString::to_string);
    let said = serde_json::to_vec(&(texts, every)).expect("texts");
    ring::digest::digest(&ring::digest::SHA256, &said).as_ref().to_vec()
}

impl Server {
    /// Makes the shipped flows records, unless they are already.
    ///
    /// # Errors
    /// When the database fails.
    pub fn publish_flows(&self, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        let (shipped, tx) = (Shipped::all()?, self.storage().read()?);
        let mut new = Vec::new();
        for flow in shipped {
            if tx.setting(&flow.setting())?.as_ref() != Some(&content(&flow.row())) {
                new.push(flow);
            }
        }
        drop(tx);
        match new.is_empty() {
            true => Ok(()),
            false => {
                self.write(&self.system(), now, rng, |call| new.iter().try_for_each(|flow| call.publish_flow(flow)))
            }
        }
    }
}

impl Call<'_> {
    /// Brings a shipped flow, or what is new of it, unless it became somebody's own.
    pub(super) fn publish_flow(&mut self, flow: &Shipped) -> Result<()> {
        let (mut row, published) = (flow.row(), self.tx.setting(&flow.setting())?);
        let here = self.row(&row.id)?;
        let is_as_shipped = match (&here, &published) {
            (None, published) => published.is_none(),
            (Some(here), published) => published.as_ref() == Some(&content(here)),
        };
        if is_as_shipped {
            for field in ["active", "order"] {
                let kept = here.as_ref().and_then(|here| here.get(field).cloned());
                row.set(field, kept.or_else(|| row.get(field).cloned()));
            }
            self.put_row(row.clone())?;
        }
        Ok(self.tx.put_setting(&flow.setting(), &content(&row))?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use fieldline_model::Dictionary;
    use fieldline_storage_sqlite::SqliteStorage;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::table::{self, Input};

    const NOW: Timestamp = Timestamp(1_772_438_400_000);

    #[test]
    fn every_shipped_flow_is_one_its_tables_can_run() {
        let (storage, mut rng) = (Arc::new(SqliteStorage::in_memory().expect("memory")), ChaCha8Rng::seed_from_u64(7));
        let server = Server::open(storage, Dictionary::shipped().clone(), NOW, &mut rng).expect("it opens");
        let shipped = Shipped::all().expect("they can be read");
        let keys: BTreeSet<&str> = shipped.iter().map(|flow| flow.key.as_str()).collect();
        assert_eq!(keys.len(), FILES.len());
        let checked = server.read(&server.system(), NOW, &mut rng, |call| {
            shipped.iter().try_for_each(|flow| super::super::check(call, &flow.row()))
        });
        assert_eq!(checked.map_err(|problem| problem.to_string()), Ok(()));
    }

    #[test]
    fn an_update_brings_what_nobody_changed_and_leaves_the_rest() {
        let (storage, mut rng) = (Arc::new(SqliteStorage::in_memory().expect("memory")), ChaCha8Rng::seed_from_u64(7));
        let server = Server::open(storage, Dictionary::shipped().clone(), NOW, &mut rng).expect("it opens");
        server.publish_flows(NOW, &mut rng).expect("published");
        let mut shipped = Shipped::all().expect("they can be read");
        let ids: Vec<DocumentId> = shipped.iter().map(|flow| flow.row().id).collect();
        let system = server.system();
        let mut write = |work: &dyn Fn(&mut Call<'_>) -> table::Result<()>| {
            server.write(&system, NOW, &mut rng, |call| work(call)).expect("written");
        };
        let update = |call: &mut Call<'_>, at: usize, field: &str, text: &str| {
            table::update(call, FLOWS, ids[at].sys_id, &Input::of(&[(field, text)])).map(drop)
        };
        write(&|call| update(call, 0, "active", "true"));
        write(&|call| update(call, 1, "description", "ours"));
        write(&|call| table::delete(call, FLOWS, ids[2].sys_id));
        shipped.iter_mut().for_each(|flow| flow.name.push_str(" (new)"));
        write(&|call| Ok(shipped.iter().try_for_each(|flow| call.publish_flow(flow))?));
        let row = |at: usize| {
            let id = &ids[at];
            server.storage().read().expect("readable").record(id).expect("readable").map(|(_, row)| row)
        };
        let (activated, changed, untouched) = (row(0).expect("kept"), row(1).expect("kept"), row(3).expect("kept"));
        assert!(activated.text("name").ends_with("(new)") && activated.says("active"));
        assert!(!changed.text("name").ends_with("(new)") && changed.text("description") == "ours");
        assert_eq!(row(2), None, "what was deleted stays away");
        assert!(untouched.text("name").ends_with("(new)") && untouched.get("active") == Some(&Value::Boolean(false)));
    }
}
