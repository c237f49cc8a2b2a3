//! The Change Management API: changes of every type and their tasks (`records.rs`), and what is asked about one
//! (`questions.rs`).

mod questions;
mod records;

use serde_json::{Value, json};

use crate::endpoint::Endpoint;

/// Where the API lives.
const BASE: &str = "/api/sn_chg_rest/{v}change";

pub fn endpoints() -> Vec<Endpoint> {
    records::endpoints().into_iter().chain(questions::endpoints()).collect()
}

/// What the bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let result =
        |schema: Value| json!({ "type": "object", "required": ["result"], "properties": { "result": schema } });
    let record = json!({
        "type": "object",
        "description": "Every field of the record with its value and what people read, and which fields were not known",
        "properties": {
            "sys_id": { "$ref": "#/components/schemas/Both" },
            "__meta": {
                "type": "object",
                "properties": { "ignoredFields": { "type": "array", "items": text } },
            },
        },
    });
    let list = json!({ "type": "array", "items": record });
    let messages = json!({ "type": "array", "items": text });
    let worker = json!({
        "type": "object",
        "required": ["worker", "request", "state", "type", "messages"],
        "properties": {
            "worker": { "type": "object", "properties": { "sysId": text, "link": text } },
            "request": text,
            "type": text,
            "state": { "type": "object", "properties": { "value": number, "display_value": text } },
            "messages": {
                "type": "object",
                "properties": { "errorMessages": messages, "warningMessages": messages, "infoMessages": messages },
            },
            "payload": { "type": "object" },
        },
    });
    let next = json!({
        "type": "object",
        "required": ["available_states", "state_transitions", "state_label"],
        "properties": {
            "available_states": { "type": "array", "items": text },
            "state_transitions": {
                "type": "array",
                "items": { "type": "array", "items": { "type": "object" } },
            },
            "state_label": { "type": "object", "additionalProperties": text },
        },
    });
    let part = json!({
        "type": "object",
        "required": ["change", "incident", "points", "close_code"],
        "properties": {
            "change": { "type": "object" }, "incident": { "type": ["object", "null"] }, "points": number, "close_code": text,
        },
    });
    let score = json!({
        "type": ["object", "null"],
        "description": "Points, what they are called, how probable success is, and the changes and incidents that made them",
        "required": ["score", "rating", "success_probability", "changes", "parts"],
        "properties": {
            "score": number, "rating": text, "success_probability": { "type": ["string", "null"] }, "changes": number,
            "parts": { "type": "array", "items": part },
        },
    });
    let conflict = json!({
        "type": "object",
        "required": ["status", "last_run", "record_count", "job_status", "conflicts"],
        "properties": {
            "status": text, "last_run": text, "record_count": text, "job_status": text,
            "conflicts": { "type": "array", "items": { "type": "object" } },
        },
    });
    json!({
        "Both": {
            "type": "object",
            "required": ["display_value", "value"],
            "properties": { "display_value": text, "value": text, "display_value_internal": text },
        },
        "ChangeFields": { "type": "object", "description": "Texts by field; they may be parameters instead" },
        "ChangeResult": result(record),
        "ChangesResult": result(list),
        "ChangeWorkerResult": result(worker),
        "ChangeNextStatesResult": result(next),
        "ChangeConflictResult": result(conflict),
        "ChangeScoresResult": result(json!({
            "type": "object",
            "required": ["team_score", "model_score"],
            "properties": { "team_score": score, "model_score": score },
        })),
        "ChangeConflictCheckResult": result(text.clone()),
        "ChangeApproval": {
            "type": "object",
            "required": ["state"],
            "properties": { "state": { "enum": ["approved", "rejected"] }, "comments": text },
        },
        "ChangeItems": {
            "type": "object",
            "required": ["cmdb_ci_sys_ids", "association_type"],
            "properties": {
                "cmdb_ci_sys_ids": { "type": ["string", "array"], "items": text },
                "association_type": { "enum": ["affected", "impacted", "offering"] },
            },
        },
        "ChangeDuration": {
            "type": "object",
            "properties": { "duration_in_seconds": { "type": ["integer", "string"] } },
        },
    })
}
