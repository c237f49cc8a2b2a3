//! Answers that other systems come back for. Here they are ready at once; they are kept so that coming back works.

use fieldline_model::{Record, SysId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::table::{self, Input, Result};

const WORKERS: &str = "chg_mgt_worker";

/// What is to be said about what was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messages {
    /// What went wrong.
    #[serde(rename = "errorMessages")]
    pub errors: Vec<String>,
    /// What was left out.
    #[serde(rename = "warningMessages")]
    pub warnings: Vec<String>,
    /// What was so already.
    #[serde(rename = "infoMessages")]
    pub infos: Vec<String>,
}

/// Keeps what was asked and what came of it.
pub(super) fn done(
    call: &mut Call<'_>,
    change: Option<SysId>,
    kind: &str,
    request: &Value,
    messages: &Messages,
    payload: Option<&Value>,
) -> Result<Record> {
    let change = change.map(|change| change.to_string()).unwrap_or_default();
    let messages = serde_json::to_string(messages).expect("texts can be written as JSON");
    let (request, payload) = (request.to_string(), payload.map(Value::to_string).unwrap_or_default());
    let fields = [
        ("change", change.as_str()),
        ("type", kind),
        ("request", &request),
        ("messages", &messages),
        ("payload", &payload),
    ];
    Ok(table::create(call, WORKERS, &Input::of(&fields))?.record)
}

/// What came of something asked earlier.
///
/// # Errors
/// When nothing of that identity was asked.
pub fn read(call: &mut Call<'_>, sys_id: SysId) -> Result<Record> {
    Ok(table::get(call, WORKERS, sys_id)?.record)
}
