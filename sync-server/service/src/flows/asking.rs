//! A step that asks an outside system, and goes on with its answer.
//!
//! The step writes a request into the outbox and waits for its row. A request that failed in the end stops the run; tried again,
//! the same request goes out under the same identity, and one that was mended under a new one.

use std::collections::BTreeMap;

use fieldline_model::Record;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::definition::Fields;
use super::steps::{After, Doing};
use super::values::{Known, Named};
use crate::outgoing::{self, Asked, Cause, Connection, MOST_BODY_BYTES, State};
use crate::query::number_field;
use crate::table::{Result, TableError};

/// What may be asked.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Headers that are not the flow's to say.
const RESERVED: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "idempotency-key",
    "proxy-authorization",
    "transfer-encoding",
];

/// What is asked of whom.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct AskOutside {
    /// The connection alias.
    connection: String,
    #[serde(default = "get")]
    method: String,
    /// Added to the connection's address. What is filled in is escaped.
    #[serde(default)]
    path: String,
    #[serde(default)]
    headers: Fields,
    /// A text, or JSON whose texts are filled in.
    #[serde(default)]
    body: Option<Json>,
    #[serde(default)]
    timeout_seconds: Option<i64>,
    /// What holds `status` and `body` of the answer.
    #[serde(default, rename = "as")]
    name: Option<String>,
}

fn get() -> String {
    "GET".into()
}

impl AskOutside {
    /// Refuses what cannot be asked.
    pub fn check(&self) -> Result<(), String> {
        if self.connection.trim().is_empty() {
            return Err("names no connection alias".into());
        }
        if !METHODS.contains(&self.method.as_str()) {
            return Err(format!("\"{}\" is no method; use one of {}", self.method, METHODS.join(", ")));
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        match self.headers.keys().find(|name| !is_name(name) || RESERVED.contains(&name.to_lowercase().as_str())) {
            Some(name) => {
                Err(format!("the header \"{name}\" is not a flow's to say; credentials belong to the connection"))
            }
            None => Ok(()),
        }
    }
}

impl Doing<'_, '_> {
    pub fn ask_outside(&mut self, ask: &AskOutside, next: usize) -> Result<After> {
        let waits_for = self.run.values.awaited.get(self.step).and_then(|rows| rows.first()).cloned();
        let row = waits_for.map(|named| self.call.row(&named.document())).transpose()?.flatten();
        match row.map(|row| (State::of(&row), row)) {
            Some((State::Sent, row)) => self.answered(ask, &row, next),
            Some((State::Ready, row)) => Ok(wait_for(&row)),
            Some((State::Failed, row)) if !self.run.has_stopped() => {
                let problem = format!("{} of it was not possible: {}", row.text("method"), row.text("error_string"));
                Err(TableError::invalid(row.text("url"), None, problem))
            }
            failed => self.ask_anew(ask, failed.map(|(_, row)| row), next),
        }
    }

    /// Asks for the first time, or again after somebody mended what was in the way.
    fn ask_anew(&mut self, ask: &AskOutside, failed: Option<Record>, next: usize) -> Result<After> {
        let connection = self.call.connection(&self.run.values.text(self.call, &ask.connection)?)?;
        let asked = self.asked(ask, &connection)?;
        if self.is_trial {
            let name = &connection.name;
            self.say(&format!("would ask \"{name}\": {} {} {}", asked.method, asked.url, asked.body))?;
            self.knows_answer(ask, json!({ "status": 200, "body": {} }));
            return Ok(After::Go(next));
        }
        let row = match failed.filter(|failed| Asked::read(failed) == asked) {
            Some(same) => {
                let id = same.id.clone();
                self.call.send_again(same)?;
                id
            }
            None => {
                let id = self.call.new_sys_id();
                let cause = Cause::Step { run: self.run.id(), connection: connection.id };
                self.call.send_out(id, &asked, &cause)?;
                fieldline_model::DocumentId::new(outgoing::TABLE, id)
            }
        };
        self.run.values.awaited.insert(self.step.to_owned(), vec![Named::from(&row)]);
        Ok(After::Wait { until: None, on: Some(row.sys_id), runs: Vec::new() })
    }

    fn answered(&mut self, ask: &AskOutside, row: &Record, next: usize) -> Result<After> {
        self.run.values.awaited.remove(self.step);
        let (status, text) = (number_field(row, "response_status").unwrap_or_default(), row.text("response_body"));
        let body = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        self.knows_answer(ask, json!({ "status": status, "body": body }));
        self.say(&format!("{} {} answered {status}", row.text("method"), row.text("url")))?;
        Ok(After::Go(next))
    }

    fn knows_answer(&mut self, ask: &AskOutside, data: Json) {
        if let Some(name) = &ask.name {
            self.knows(name, Known::Data { data });
        }
    }

    /// What is asked, with everything filled in.
    fn asked(&self, ask: &AskOutside, connection: &Connection) -> Result<Asked> {
        let values = &self.run.values;
        let wrong = |problem: String| TableError::invalid("the request", None, problem);
        let path = values.text_with(self.call, &ask.path, |text| escaped(&text).map_err(wrong))?;
        let url = connection.at(&path).map_err(wrong)?;
        let mut headers = BTreeMap::new();
        for (name, text) in values.filled(self.call, &ask.headers)? {
            if text.chars().any(char::is_control) {
                return Err(wrong(format!("the header {name} would have more than one line")));
            }
            headers.insert(name.to_lowercase(), text);
        }
        let body = match &ask.body {
            None => String::new(),
            Some(Json::String(text)) => values.text(self.call, text)?,
            Some(json) => {
                headers.entry("content-type".to_owned()).or_insert_with(|| "application/json".into());
                self.filled_json(json)?.to_string()
            }
        };
        if body.len() > MOST_BODY_BYTES {
            return Err(wrong(format!("the body has {} bytes; {MOST_BODY_BYTES} are allowed", body.len())));
        }
        let timeout_seconds = match ask.timeout_seconds {
            Some(seconds) => outgoing::timeout(Some(seconds)),
            None => connection.timeout_seconds,
        };
        Ok(Asked { method: ask.method.clone(), url, headers, body, timeout_seconds })
    }

    /// JSON whose texts are filled in: what a value holds never becomes structure.
    fn filled_json(&self, json: &Json) -> Result<Json> {
        Ok(match json {
            Json::String(text) => Json::String(self.run.values.text(self.call, text)?),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.filled_json(item)).collect::<Result<_>>()?),
            Json::Object(fields) => Json::Object(
                fields.iter().map(|(name, json)| Ok((name.clone(), self.filled_json(json)?))).collect::<Result<_>>()?,
            ),
            plain => plain.clone(),
        })
    }
}

fn wait_for(row: &Record) -> After {
    After::Wait { until: None, on: Some(row.id.sys_id), runs: Vec::new() }
}

/// A text as a piece of a path or query; what would climb up in the path is refused.
fn escaped(text: &str) -> Result<String, String> {
    if matches!(text, "." | "..") {
        return Err(format!("\"{text}\" in a path would lead elsewhere"));
    }
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_path_stays_one_piece_of_it() {
        assert_eq!(escaped("a b/ü?&=").as_deref(), Ok("a%20b%2F%C3%BC%3F%26%3D"));
        assert!(escaped("..").is_err() && escaped("a..b").is_ok());
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let check = |text: &str| serde_json::from_str::<AskOutside>(text).expect("it can be read").check();
        assert_eq!(check(r#"{"connection":"Jira","headers":{"X-Trace":"1"}}"#), Ok(()));
        for (text, problem) in [
            (r#"{"connection":" "}"#, "names no connection"),
            (r#"{"connection":"Jira","method":"get"}"#, "\"get\" is no method"),
            (r#"{"connection":"Jira","headers":{"Authorization":"Basic x"}}"#, "is not a flow's to say"),
            (r#"{"connection":"Jira","headers":{"X-A: b\r\nHost":"x"}}"#, "is not a flow's to say"),
        ] {
            assert!(check(text).expect_err(problem).contains(problem), "{text}");
        }
    }
}
