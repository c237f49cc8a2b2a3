//! What a source says about configuration items, and what became of it, member by member as the Identification and
//! Reconciliation API names them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::UNKNOWN;

/// What is sent: items, and relations between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Payload {
    /// The items.
    #[serde(deserialize_with = "each")]
    pub items: Vec<Item>,
    /// Relations between items, by index or by `internal_id`.
    #[serde(default, deserialize_with = "each")]
    pub relations: Vec<Relation>,
    /// Fields of items that refer to other items.
    #[serde(default, rename = "referenceItems")]
    pub reference_items: Vec<ReferenceItem>,
}

/// One configuration item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Item {
    /// Its class.
    #[serde(rename = "className")]
    pub class_name: String,
    /// What it is called in this payload.
    #[serde(default, deserialize_with = "id")]
    pub internal_id: Option<String>,
    /// Its fields.
    #[serde(default, deserialize_with = "texts")]
    pub values: BTreeMap<String, String>,
    /// Records that refer to it and tell it apart.
    #[serde(default)]
    pub lookup: Vec<Companion>,
    /// Records that refer to it and come along.
    #[serde(default)]
    pub related: Vec<Companion>,
    /// What may happen to its class.
    #[serde(default)]
    pub settings: Settings,
    /// Who says so.
    #[serde(default)]
    pub sys_object_source_info: Option<SourceInfo>,
    /// What is wrong with its shape; then nothing else is known of it.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// A record that refers to an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Companion {
    /// Its table.
    #[serde(rename = "className")]
    pub class_name: String,
    /// What it is called in this payload.
    #[serde(default, deserialize_with = "id")]
    pub internal_id: Option<String>,
    /// Its fields.
    #[serde(default, deserialize_with = "texts")]
    pub values: BTreeMap<String, String>,
}

/// Which changes of class are not wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Not to a class further down.
    pub update_without_upgrade: bool,
    /// Not to a class further up.
    pub update_without_downgrade: bool,
    /// Not to a class of another branch.
    pub update_without_switch: bool,
}

/// Who says something about an item, and when it was so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct SourceInfo {
    /// A choice of `cmdb_ci.discovery_source`.
    pub source_name: Option<String>,
    /// The source's own key.
    pub source_native_key: Option<String>,
    /// When it saw the item (UTC).
    pub source_recency_timestamp: Option<String>,
}

/// A relation between two items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Relation {
    /// The parent's index.
    pub parent: Option<usize>,
    /// The child's index.
    pub child: Option<usize>,
    /// The parent's `internal_id`.
    #[serde(default, deserialize_with = "id")]
    pub parent_id: Option<String>,
    /// The child's `internal_id`.
    #[serde(default, deserialize_with = "id")]
    pub child_id: Option<String>,
    /// The name of its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What is wrong with its shape; then nothing else is known of it.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// A field of one item that refers to another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceItem {
    /// The `internal_id` of the item referred to.
    pub referenced: String,
    /// The `internal_id` of the item that refers to it.
    pub referenced_by: String,
    /// By which field.
    pub reference_field: String,
}

/// What happened to an item or a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operation {
    /// It is new.
    Insert,
    /// It changed.
    Update,
    /// It changed, and is of a class further down now.
    UpdateWithUpgrade,
    /// It changed, and is of a class further up now.
    UpdateWithDowngrade,
    /// It changed, and is of a class of another branch now.
    UpdateWithSwitch,
    /// It was so already.
    NoChange,
    /// Nothing was written; what was sent is kept.
    InsertAsIncomplete,
}

/// What became of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// One for each item.
    pub items: Vec<ItemOutcome>,
    /// Always empty: nothing is merged from earlier payloads.
    pub additional_committed_items: [(); 0],
    /// One for each relation.
    pub relations: Vec<RelationOutcome>,
    /// Always empty.
    pub additional_committed_relations: [(); 0],
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemOutcome {
    /// Its class.
    pub class_name: String,
    /// What happened.
    pub operation: Operation,
    /// Its record, or `Unknown`.
    pub sys_id: String,
    /// Records of what came along as lookups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_sys_ids: Vec<Option<String>>,
    /// The same, with their places in the payload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_items: Vec<CompanionOutcome>,
    /// The entry of a rule that recognised it, or `Unknown`.
    pub identifier_entry_sys_id: String,
    /// What was tried.
    pub identification_attempts: Vec<Attempt>,
    /// Always empty.
    pub markers: [(); 0],
    /// Its index in the payload.
    pub input_indices: Vec<usize>,
    /// Always empty.
    pub merged_payload_ids: [(); 0],
    /// How many errors there are.
    pub error_count: usize,
    /// What was wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Problem>,
    /// What was left out of what came along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Problem>,
    /// Which change of class was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<Info>,
}

/// What became of a record that came along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompanionOutcome {
    /// Its table.
    pub class_name: String,
    /// Its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sys_id: Option<String>,
    /// Where it stood.
    pub input_indices: [Indices; 1],
    /// Always empty.
    pub markers: [(); 0],
    /// Always empty.
    pub merged_payload_ids: [(); 0],
}

/// Where something that came along stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Indices {
    /// The item.
    pub main_index: usize,
    /// Within the item's lookups.
    pub sub_index: usize,
}

/// One try to recognise an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The rule.
    pub identifier_name: String,
    /// What came of it.
    pub attempt_result: AttemptResult,
    /// By what.
    pub attributes: Vec<String>,
    /// In which table.
    pub search_on_table: String,
    /// Always empty.
    pub hybrid_entry_ci_attributes: [(); 0],
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttemptResult {
    /// One record is it.
    Matched,
    /// Several could be it.
    MultiMatch,
    /// None is it.
    NoMatch,
    /// What it goes by was not sent.
    Skipped,
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem.
    pub error: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A change of class that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Which.
    pub code: &'static str,
    /// Why.
    pub message: String,
}

/// What became of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelationOutcome {
    /// Always `cmdb_rel_ci`.
    pub class_name: &'static str,
    /// What happened.
    pub operation: Operation,
    /// Its record, or `Unknown`.
    pub sys_id: String,
    /// Always empty.
    pub markers: [(); 0],
    /// Its index in the payload.
    pub input_indices: Vec<usize>,
    /// Always empty.
    pub merged_payload_ids: [(); 0],
    /// How many errors there are.
    pub error_count: usize,
    /// What was wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Problem>,
}

impl ItemOutcome {
    pub(super) fn of(class: &str, index: usize) -> Self {
        Self {
            class_name: class.to_owned(),
            operation: Operation::InsertAsIncomplete,
            sys_id: UNKNOWN.to_owned(),
            related_sys_ids: Vec::new(),
            related_items: Vec::new(),
            identifier_entry_sys_id: UNKNOWN.to_owned(),
            identification_attempts: Vec::new(),
            markers: [],
            input_indices: vec![index],
            merged_payload_ids: [],
            error_count: 0,
            errors: Vec::new(),
            warnings: Vec::new(),
            info: Vec::new(),
        }
    }
}

impl RelationOutcome {
    pub(super) fn of(index: usize) -> Self {
        Self {
            class_name: "cmdb_rel_ci",
            operation: Operation::InsertAsIncomplete,
            sys_id: UNKNOWN.to_owned(),
            markers: [],
            input_indices: vec![index],
            merged_payload_ids: [],
            error_count: 0,
            errors: Vec::new(),
        }
    }
}

impl Problem {
    pub(super) fn new(error: &'static str, message: impl Into<String>) -> Self {
        Self { error, message: message.into() }
    }
}

fn text_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Values of any plain kind, as the texts of the record API.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|(name, value)| (name, text_of(&value))).collect())
}

/// What keeps its place in a list when it cannot be read.
trait Unreadable {
    fn unreadable(sent: &serde_json::Value, problem: String) -> Self;
}

impl Unreadable for Item {
    fn unreadable(sent: &serde_json::Value, problem: String) -> Self {
        let class_name = sent.get("className").map(text_of).unwrap_or_default();
        Self { class_name, unreadable: Some(problem), ..Self::default() }
    }
}

impl Unreadable for Relation {
    fn unreadable(_: &serde_json::Value, problem: String) -> Self {
        Self { unreadable: Some(problem), ..Self::default() }
    }
}

/// Each for itself, so that one that is not of the shape it should be keeps none of the others out.
fn each<'de, T: DeserializeOwned + Unreadable, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let sent = Vec::<serde_json::Value>::deserialize(deserializer)?;
    let read = |sent: serde_json::Value| {
        T::deserialize(&sent).unwrap_or_else(|problem| T::unreadable(&sent, format!("it cannot be read: {problem}")))
    };
    Ok(sent.into_iter().map(read).collect())
}

/// An identifier may be a number.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.as_ref().map(text_of).filter(|text| !text.is_empty()))
}
