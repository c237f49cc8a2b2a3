//! What is told of a record, as a CloudEvent 1.0 in structured mode, below 20 kB.

use fieldline_model::{Record, SysId, Timestamp};
use serde_json::{Map, Value as Json, json};

use crate::call::Call;
use crate::query::number_field;
use crate::rules::Hook;

/// The largest event; of a larger one the longest fields are left out, by name.
const MOST_BYTES: usize = 20_000;

/// Something that is told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// What happened: `incident.created`, `sla.breached`, `notification`.
    pub kind: String,
    /// The record it is about.
    pub table: String,
    pub sys_id: SysId,
    sequence: i64,
    data: Map<String, Json>,
}

impl Told {
    /// What happened to a record.
    pub fn of_record(call: &Call<'_>, event: &str, hook: &Hook, before: Option<&Record>, after: &Record) -> Self {
        let mut told = Self::about(&format!("{}.{event}", after.id.table), after);
        let record = shown(call, hook, after);
        if let Some(before) = before {
            let is_stamp = |field: &str| matches!(field, "sys_updated_on" | "sys_updated_by" | "sys_mod_count");
            let changed = record.keys().filter(|field| !is_stamp(field) && before.get(field) != after.get(field));
            let fields_gone = before.fields.keys().filter(|field| after.get(field.as_str()).is_none());
            let gone = fields_gone.map(|field| field.as_str()).filter(|field| is_shown(call, hook, after, field));
            let changed: Vec<&str> = changed.map(String::as_str).chain(gone).collect();
            told.data.insert("changed".into(), json!(changed));
        }
        told.data.insert("record".into(), Json::Object(record));
        told
    }

    /// What happened to a clock of a task.
    pub fn of_clock(
        call: &Call<'_>,
        event: &str,
        percent: Option<u32>,
        hook: &Hook,
        (name, clock, task): (&str, &Record, &Record),
    ) -> Self {
        let mut told = Self::about(&format!("sla.{event}"), task);
        let texts = ["stage", "start_time", "planned_end_time", "business_percentage", "has_breached"];
        let mut sla: Map<String, Json> =
            texts.iter().filter_map(|field| Some(((*field).to_owned(), text(clock, field)?))).collect();
        sla.insert("sys_id".into(), json!(clock.id.sys_id.to_string()));
        sla.insert("name".into(), json!(name));
        told.sequence = number_field(clock, "sys_mod_count").unwrap_or_default();
        told.data.insert("sla".into(), Json::Object(sla));
        told.data.extend(percent.map(|percent| ("percent".to_owned(), json!(percent))));
        told.data.insert("record".into(), Json::Object(shown(call, hook, task)));
        told
    }

    /// What a notification says.
    pub fn of_notice(subject: &str, message: &str, about: &Record) -> Self {
        let mut told = Self::about("notification", about);
        told.data.insert("subject".into(), json!(subject));
        told.data.insert("record".into(), json!({ "message": message }));
        told
    }

    fn about(kind: &str, record: &Record) -> Self {
        let mut data = Map::new();
        data.insert("table".into(), json!(record.id.table.as_str()));
        data.insert("sys_id".into(), json!(record.id.sys_id.to_string()));
        data.insert("number".into(), json!(record.text("number")));
        let (table, sys_id) = (record.id.table.to_string(), record.id.sys_id);
        let sequence = number_field(record, "sys_mod_count").unwrap_or_default();
        Self { kind: kind.to_owned(), table, sys_id, sequence, data }
    }

    /// The event as it is sent, under an identity.
    pub fn body(&self, id: SysId, now: Timestamp) -> String {
        let mut event = json!({
            "specversion": "1.0",
            "id": id.to_string(),
            "source": format!("/api/now/table/{}", self.table),
            "type": self.kind,
            "subject": self.sys_id.to_string(),
            "time": now.to_rfc3339(),
            "datacontenttype": "application/json",
            "sequence": self.sequence.to_string(),
            "data": self.data,
        });
        let mut left_out: Vec<String> = Vec::new();
        loop {
            let text = event.to_string();
            let record = event["data"]["record"].as_object_mut().filter(|_| text.len() >= MOST_BYTES);
            let longest = record.as_ref().and_then(|record| {
                record.iter().max_by_key(|(_, value)| value.as_str().map_or(0, str::len)).map(|(name, _)| name.clone())
            });
            let (Some(record), Some(longest)) = (record, longest) else { return text };
            record.remove(&longest);
            left_out.push(longest);
            event["data"]["left_out"] = json!(left_out);
        }
    }
}

/// The fields of a record that a webhook is told, as the record API stores them.
fn shown(call: &Call<'_>, hook: &Hook, record: &Record) -> Map<String, Json> {
    let names = record.fields.keys().map(|name| name.as_str()).filter(|name| is_shown(call, hook, record, name));
    names.filter_map(|name| Some((name.to_owned(), text(record, name)?))).collect()
}

fn is_shown(call: &Call<'_>, hook: &Hook, record: &Record, name: &str) -> bool {
    let table = call.dictionary.table(record.id.table.as_str());
    let is_for_all = table.and_then(|table| table.field(name)).is_some_and(|field| field.read.is_empty());
    let is_wanted = hook.fields.is_empty() || hook.fields.iter().any(|field| field == name);
    is_for_all && is_wanted
}

fn text(record: &Record, name: &str) -> Option<Json> {
    record.get(name).map(|value| Json::String(value.to_string()))
}

#[cfg(test)]
mod tests {
    use fieldline_model::{DocumentId, Value};

    use super::*;

    #[test]
    fn an_event_that_is_too_large_says_what_it_leaves_out() {
        let mut record = Record::new(DocumentId::new("incident", SysId([7; 16])));
        record.set("number", Some(Value::text("INC1")));
        let mut told = Told::about("incident.created", &record);
        let long = "x".repeat(15_000);
        told.data.insert("record".into(), json!({ "short": "a", "long": long, "longer": format!("{long}y") }));
        let body = told.body(SysId([1; 16]), Timestamp(1_772_438_400_000));
        assert!(body.len() < MOST_BYTES, "{}", body.len());
        let event: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(event["data"]["left_out"], json!(["longer"]));
        assert_eq!(
            (&event["data"]["record"]["short"], &event["time"]),
            (&json!("a"), &json!("2026-03-02T08:00:00.000Z"))
        );
    }
}
