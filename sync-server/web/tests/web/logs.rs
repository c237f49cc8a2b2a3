use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, basic};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Capture;

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps every log line of every test of this process.
pub fn capture() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Capture);
        lines.json().with_ansi(false).init();
    });
}

#[tokio::test]
async fn no_log_line_holds_a_name_a_token_a_password_or_a_query() {
    let house = House::new();
    let dora = house.sign_in("dora").await;
    let token = dora.trim_start_matches("Bearer ").to_owned();
    let body = json!({ "short_description": "canary-text" });
    let made = house.ask("POST", "/api/now/table/incident", &dora, body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let listed = "/api/now/table/incident?sysparm_query=short_description=canary-query&email=canary-pair";
    house.ask("GET", listed, &basic("dora"), Value::Null).await;
    house.ask("GET", "/api/now/table/canary-table", &dora, Value::Null).await;
    house.ask("GET", "/canary-path", &dora, Value::Null).await;
    house.ask("POST", "/api/v1/session", "", json!({ "user_name": "canary-name", "password": "canary" })).await;

    let lines = String::from_utf8(LINES.lock().expect("whole").clone()).expect("text");
    for secret in ["canary", "Canary", PASSWORD, &token, "\"dora\"", "\"mia\""] {
        let found = lines.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret} is in the log");
    }
    let id = made.header("x-request-id");
    assert_eq!(id.len(), 16);
    let line = lines.lines().find(|line| line.contains(id) && line.contains("answered")).expect("a line per request");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["fields"]["route"], "/api/now/table/{table}");
    assert_eq!((&line["fields"]["method"], &line["fields"]["status"]), (&json!("POST"), &json!(201)));
}
