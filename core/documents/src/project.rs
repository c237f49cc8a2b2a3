//! What a document means: the flat record, where it stands in its life, what is in doubt, and everything people added.
//!
//! A projection is a pure function of the set of changes, the dictionary and the priority table: replicas that hold the
//! same changes get the same one, whatever order they came in ([`Projection::digest`] proves it). It is total: a value or
//! entry it cannot read (a newer app wrote it, or the field's type has changed) is left out here and kept in the document.
//! It holds nothing that cannot be made again, so stores may drop it at will.

use std::collections::{BTreeMap, BTreeSet};

use automerge::iter::MapRangeItem;
use automerge::{ReadDoc, ScalarValue};
use fieldline_model::dictionary::Merge;
use fieldline_model::life_cycle::{RefusedStep, Step};
use fieldline_model::plant::{self, Plant};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{
    Decimal, DeviceId, Dictionary, Field, FieldName, FieldType, Record, SysId, Table, Timestamp, Value,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::files::Attachment;
use crate::journal::{Answer, Entry, Note, PartUse, Reading, TimeEntry, Transition, frontier};
use crate::layout;
use crate::ledger::Made;
use crate::register::{self, Written};

/// Who wrote a field's value, when and on which device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Who.
    pub by: SysId,
    /// When, by that device.
    pub at: Timestamp,
    /// On which device.
    pub device: DeviceId,
}

impl From<&Made> for Origin {
    fn from(made: &Made) -> Self {
        Self { by: made.by, at: made.at, device: made.id.device }
    }
}

/// A value written by somebody who did not know of the one shown; it stays until a later write covers both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The field.
    pub field: FieldName,
    /// The value not shown; `None` when somebody emptied the field.
    pub value: Option<Value>,
    /// Who wrote it.
    #[serde(flatten)]
    pub origin: Origin,
}

/// The state of one checklist question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The answer shown.
    pub latest: Entry<Answer>,
    /// Whether somebody who did not know of it answered differently.
    pub is_disputed: bool,
    /// Every other answer, oldest first.
    pub others: Vec<Entry<Answer>>,
}

/// What a document means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// The record with its derived fields.
    pub record: Record,
    /// The stage its life cycle has reached; `None` when its table has no life cycle.
    pub stage: Option<String>,
    /// The steps followed.
    pub accepted: Vec<Step>,
    /// The steps kept but not followed, and why.
    pub refused: Vec<RefusedStep>,
    /// Values in doubt, by field.
    pub alternatives: Vec<Alternative>,
    /// Who wrote each value shown.
    pub provenance: BTreeMap<FieldName, Origin>,
    /// The journal customers can read, oldest first.
    pub comments: Vec<Entry<Note>>,
    /// The internal journal, oldest first.
    pub work_notes: Vec<Entry<Note>>,
    /// The checklist, by question.
    pub answers: Vec<Answered>,
    /// Parts used and put back, oldest first.
    pub parts: Vec<Entry<PartUse>>,
    /// Time entered, oldest first.
    pub time_entries: Vec<Entry<TimeEntry>>,
    /// Meter readings, oldest first.
    pub readings: Vec<Entry<Reading>>,
    /// Captured files nobody has removed, under their newest names, oldest first.
    pub attachments: Vec<Entry<Attachment>>,
}

impl Projection {
    /// SHA-256 of everything in it.
    pub fn digest(&self) -> [u8; 32] {
        let bytes = serde_json::to_vec(self).expect("a projection has only text keys");
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref());
        digest
    }

    /// Whether its row says everything about it that lists, search and stock are made of.
    pub fn is_told_by_its_row(&self) -> bool {
        let journals = self.comments.is_empty() && self.work_notes.is_empty() && self.attachments.is_empty();
        let in_doubt = self.answers.iter().any(|answered| answered.is_disputed) || !self.alternatives.is_empty();
        journals && self.parts.is_empty() && self.refused.is_empty() && !in_doubt
    }

    /// How many of each part are used in sum. Kept within 64 bits: quantities are capped, but their number is not.
    pub fn parts_used(&self) -> BTreeMap<SysId, i64> {
        let mut used: BTreeMap<SysId, i64> = BTreeMap::new();
        for entry in &self.parts {
            let sum = used.entry(entry.what.model).or_default();
            *sum = sum.saturating_add(entry.what.quantity);
        }
        used
    }
}

impl Document {
    /// Says what the document means.
    pub fn project(&self, dictionary: &Dictionary, priorities: &PriorityMatrix) -> Projection {
        let mut projection = self.empty_projection();
        let Some(table) = dictionary.table(self.id().table.as_str()) else { return projection };
        for field in &table.fields {
            self.project_default(field, &mut projection.record);
        }
        for item in self.doc.map_range(self.containers.get(layout::FIELDS), ..) {
            if let Some(field) = table.field(&item.key).filter(|field| is_register(field)) {
                self.project_field(field, &self.written(field, item), &mut projection);
            }
        }
        self.project_sets(table, &mut projection.record);
        self.project_stamps(table, &mut projection.record);
        self.project_life(dictionary, table, &mut projection);
        project_priority(table, priorities, &mut projection.record);
        projection
    }

    /// Everything that needs no dictionary.
    fn empty_projection(&self) -> Projection {
        Projection {
            record: Record::new(self.id().clone()),
            stage: None,
            accepted: Vec::new(),
            refused: Vec::new(),
            alternatives: Vec::new(),
            provenance: BTreeMap::new(),
            comments: self.entries(layout::COMMENTS),
            work_notes: self.entries(layout::WORK_NOTES),
            answers: answered(self.entries(layout::ANSWERS)),
            parts: self.entries(layout::PARTS),
            time_entries: self.entries(layout::TIME_ENTRIES),
            readings: self.entries(layout::READINGS),
            attachments: self.files(),
        }
    }

    pub(crate) fn entries<T: DeserializeOwned>(&self, list: &str) -> Vec<Entry<T>> {
        Entry::all(&self.doc, self.containers.get(list), &self.ledger, None)
    }

    /// A field nobody ever wrote shows its default; one that was emptied stays empty.
    fn project_default(&self, field: &Field, record: &mut Record) {
        let default = field.default.as_deref().filter(|_| is_register(field));
        record.set(field.name.clone(), default.and_then(|text| field.parse(text).ok().flatten()));
    }

    /// Every value of a field. Few have more than one, and to look each field up costs most of a projection.
    fn written(&self, field: &Field, item: MapRangeItem<'_>) -> Vec<Written> {
        if item.conflict {
            return register::read(&self.doc, &self.containers, field.name.as_str(), &self.ledger).unwrap_or_default();
        }
        let made = self.ledger.author_of(&item.id()).cloned();
        item.value.into_value().into_scalar().map(|value| vec![Written { value, made }]).unwrap_or_default()
    }

    fn project_field(&self, field: &Field, written: &[Written], projection: &mut Projection) {
        let name = &field.name;
        let mut values = written.iter().filter_map(|written| Some((written, value(field, &written.value)?)));
        let Some((first, shown)) = values.next() else { return };
        for (Written { made, .. }, value) in values.filter(|(_, value)| *value != shown) {
            let origin = made.as_ref().map(Origin::from);
            let alternative = origin.map(|origin| Alternative { field: name.clone(), value, origin });
            projection.alternatives.extend(alternative.filter(|_| !plant::is(Plant::AlternativesDropped)));
        }
        projection.provenance.extend(first.made.as_ref().map(|made| (name.clone(), made.into())));
        if shown.is_some() || !plant::is(Plant::EmptiedFieldShowsDefault) {
            projection.record.set(name.clone(), shown);
        }
    }

    fn project_sets(&self, table: &Table, record: &mut Record) {
        let mut sets: BTreeMap<FieldName, BTreeSet<SysId>> = BTreeMap::new();
        for key in self.doc.keys(self.containers.get(layout::SETS)) {
            let Some((name, item)) = key.split_once('/') else { continue };
            let field = table.field(name).filter(|field| field.field_type == FieldType::GlideList);
            if let Some((field, item)) = field.zip(item.parse().ok()) {
                sets.entry(field.name.clone()).or_default().insert(item);
            }
        }
        for (field, items) in sets {
            record.set(field, Some(Value::List(items.into_iter().collect())));
        }
    }

    /// Who made the record and who touched it last: the earliest change on the bare seed and the newest head.
    fn project_stamps(&self, table: &Table, record: &mut Record) {
        let order = |made: &&Made| (made.at, made.id);
        let is_first =
            |made: &&Made| made.deps.iter().all(|hash| self.ledger.get(*hash).is_some_and(|dep| dep.id.counter == 0));
        let Some(created) = self.ledger.edits().map(|(_, made)| made).filter(is_first).min_by_key(order) else {
            return;
        };
        let heads = self.full_heads();
        let updated = heads.iter().filter_map(|hash| self.ledger.get(*hash)).max_by_key(order).unwrap_or(created);
        let opened_at = record.get("opened_at").cloned().unwrap_or(Value::Time(created.at));
        let opened_by = record.get("opened_by").cloned().unwrap_or(Value::Reference(created.by));
        for (name, value) in [
            ("opened_at", opened_at),
            ("opened_by", opened_by),
            ("sys_created_on", Value::Time(created.at)),
            ("sys_created_by", Value::Reference(created.by)),
            ("sys_updated_on", Value::Time(updated.at)),
            ("sys_updated_by", Value::Reference(updated.by)),
            ("sys_mod_count", Value::Integer(self.edits().saturating_sub(1) as i64)),
        ] {
            if table.field(name).is_some() {
                record.set(name, Some(value));
            }
        }
    }

    fn project_life(&self, dictionary: &Dictionary, table: &Table, projection: &mut Projection) {
        let Some(life_cycle) = dictionary.life_cycle_of(table.name.as_str()) else { return };
        let folded = life_cycle.fold(self.entries::<Transition>(layout::TRANSITIONS).into_iter().map(Step::from));
        for (field, value) in life_cycle.facts(table, &folded) {
            projection.record.set(field, Some(value));
        }
        projection.stage = Some(folded.stage);
        projection.accepted = folded.accepted;
        projection.refused = folded.refused;
    }
}

fn is_register(field: &Field) -> bool {
    matches!(field.merge, Merge::Register | Merge::Fixed) && field.field_type != FieldType::GlideList
}

/// Cases have a priority people set; everywhere else it follows from impact and urgency.
fn project_priority(table: &Table, priorities: &PriorityMatrix, record: &mut Record) {
    if table.field("priority").is_none_or(|field| field.merge != Merge::Derived) {
        return;
    }
    let level = |name: &str| record.get(name).and_then(Value::as_integer);
    let priority =
        level("impact").zip(level("urgency")).and_then(|(impact, urgency)| priorities.priority(impact, urgency));
    record.set("priority", priority.map(Value::Integer));
}

/// A scalar as the dictionary says to read it: `Some(None)` for an emptied field, `None` when it is of another type.
pub(crate) fn value(field: &Field, scalar: &ScalarValue) -> Option<Option<Value>> {
    let value = match (field.field_type, scalar) {
        (_, ScalarValue::Null) => return Some(None),
        (FieldType::String, ScalarValue::Str(text)) => Value::text(text.as_str()),
        (FieldType::Integer, ScalarValue::Int(number)) => Value::Integer(*number),
        (FieldType::Decimal, ScalarValue::Int(millionths)) => Value::Decimal(Decimal { millionths: *millionths }),
        (FieldType::Boolean, ScalarValue::Boolean(yes)) => Value::Boolean(*yes),
        (FieldType::GlideDateTime, ScalarValue::Timestamp(moment)) => Value::Time(Timestamp(*moment)),
        (FieldType::Reference, ScalarValue::Str(id)) => Value::Reference(id.parse().ok()?),
        _ => return None,
    };
    Some(Some(value))
}

/// One line a question: the newest of the answers no other one follows on, and whether those agree.
pub(crate) fn answered(entries: Vec<Entry<Answer>>) -> Vec<Answered> {
    let mut questions: BTreeMap<String, Vec<Entry<Answer>>> = BTreeMap::new();
    for entry in entries {
        questions.entry(entry.what.question.clone()).or_default().push(entry);
    }
    let judge = |mut entries: Vec<Entry<Answer>>| {
        let open: Vec<&Entry<Answer>> = frontier(&entries).collect();
        let shown = open.last().copied().or(entries.last())?;
        let differs = open.iter().any(|entry| entry.what.answer != shown.what.answer);
        let is_disputed = differs && !plant::is(Plant::DisputeNotSeen);
        let index = entries.iter().position(|entry| entry.id() == shown.id())?;
        let latest = entries.remove(index);
        Some(Answered { latest, is_disputed, others: entries })
    };
    questions.into_values().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldline_model::DocumentId;

    use crate::edit::{Act, Edit};
    use crate::testing::{answer, description, edit, set, step, task};

    fn project(document: &Document) -> Projection {
        document.project(Dictionary::shipped(), &PriorityMatrix::default())
    }

    fn apply(document: &mut Document, phone: u8, counter: u64, act: Act) {
        document.apply(&edit(phone, counter, &document.heads()).act(act)).expect("is on the heads");
    }

    #[test]
    fn a_new_record_shows_defaults_priority_stage_and_who_made_it() {
        let mut document = Document::seed(task());
        apply(&mut document, 1, 1, description("Boiler"));
        apply(&mut document, 2, 2, set("impact", Value::Integer(1)));
        let record = project(&document).record;
        assert_eq!(record.get("urgency"), Some(&Value::Integer(3)));
        assert_eq!(record.get("priority"), Some(&Value::Integer(3)));
        assert_eq!(record.get("state"), Some(&Value::Integer(1)));
        assert_eq!(record.get("active"), Some(&Value::Boolean(true)));
        assert_eq!(record.reference("sys_created_by"), Some(SysId([1; 16])));
        assert_eq!(record.reference("sys_updated_by"), Some(SysId([2; 16])));
        assert_eq!(record.get("sys_mod_count"), Some(&Value::Integer(1)));
        assert_eq!(record.get("opened_at"), record.get("sys_created_on"));
    }

    #[test]
    fn the_priority_of_a_case_is_what_an_agent_chose() {
        let case = DocumentId::new("sn_customerservice_case", SysId([7; 16]));
        let mut document = Document::seed(case.clone());
        let chosen = edit(1, 1, &document.heads()).act(set("priority", Value::Integer(2)));
        document.apply(&Edit { document: case, ..chosen }).expect("is on the heads");
        assert_eq!(project(&document).record.get("priority"), Some(&Value::Integer(2)));
    }

    #[test]
    fn the_newest_of_two_concurrent_values_is_shown_and_the_other_kept_until_somebody_confirms() {
        let mut document = Document::seed(task());
        let seed = document.heads();
        let newer = edit(1, 9, &seed).act(description("Pump broken"));
        let older = edit(2, 1, &seed).act(description("Pump leaks"));
        document.apply(&newer).expect("is on the seed");
        document.apply(&older).expect("is on the seed");
        let in_doubt = project(&document);
        assert_eq!(in_doubt.record.text("short_description"), "Pump broken");
        let [alternative] = &in_doubt.alternatives[..] else { panic!("{:?}", in_doubt.alternatives) };
        assert_eq!(alternative.value, Some(Value::text("Pump leaks")));
        assert_eq!((alternative.origin.by, alternative.origin.at), (older.author, older.at));
        apply(&mut document, 2, 2, Act::Confirm { field: "short_description".into() });
        let settled = project(&document);
        assert_eq!(settled.record.text("short_description"), "Pump broken");
        assert!(settled.alternatives.is_empty());
        assert_eq!(settled.provenance["short_description"].by, older.author);
    }

    #[test]
    fn a_completion_beats_a_concurrent_cancel_and_both_are_shown() {
        let mut document = Document::seed(task());
        for (counter, name) in (1..).zip(["qualify", "assign", "accept", "start_work"]) {
            apply(&mut document, 1, counter, step(name));
        }
        let seen = document.heads();
        document.apply(&edit(2, 5, &seen).act(step("cancel"))).expect("is on the heads");
        document.apply(&edit(1, 600, &seen).act(step("complete"))).expect("is on known heads");
        let projection = project(&document);
        assert_eq!(projection.stage.as_deref(), Some("closed_complete"));
        assert_eq!(projection.refused.iter().map(|refused| &refused.step.name).collect::<Vec<_>>(), ["cancel"]);
        assert_eq!(projection.record.get("actual_work_duration"), Some(&Value::Integer(596)));
        assert!(projection.record.get("work_end").is_some());
    }

    #[test]
    fn answers_that_did_not_know_of_each_other_are_disputed_until_somebody_answers_both() {
        let mut document = Document::seed(task());
        let seed = document.heads();
        document.apply(&edit(1, 1, &seed).act(answer("gas_off", "yes"))).expect("is on the seed");
        document.apply(&edit(2, 2, &seed).act(answer("gas_off", "no"))).expect("is on the seed");
        let disputed = &project(&document).answers[0];
        assert!(disputed.is_disputed && disputed.latest.what.answer == "no" && disputed.others.len() == 1);
        apply(&mut document, 1, 3, answer("gas_off", "yes"));
        let settled = &project(&document).answers[0];
        assert!(!settled.is_disputed && settled.latest.what.answer == "yes" && settled.others.len() == 2);
    }

    #[test]
    fn a_projection_survives_being_stored() {
        let mut document = Document::seed(task());
        let edit = crate::testing::every_act().into_iter().fold(edit(1, 1, &document.heads()), Edit::act);
        document.apply(&edit).expect("is on the heads");
        let projection = project(&document);
        let text = serde_json::to_string(&projection).expect("writes");
        assert_eq!(serde_json::from_str::<Projection>(&text).expect("reads"), projection);
    }

    #[test]
    fn a_record_of_an_unknown_table_keeps_its_journals() {
        let id = DocumentId::new("u_new_table", SysId([1; 16]));
        let mut document = Document::seed(id.clone());
        let note = Act::WorkNote { text: "from a newer app".into() };
        let edit = Edit { document: id, ..edit(1, 1, &document.heads()).act(note) };
        document.apply(&edit).expect("is on the heads");
        assert_eq!(project(&document).work_notes.len(), 1);
    }
}
