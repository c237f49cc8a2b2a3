//! From an edit to the operations of its change.
//!
//! The operations depend on the edit and on the document at the edit's heads, on nothing else. Every deed writes at least
//! one operation, even when it writes the value already there: Automerge drops such a write, and then an edit would make
//! no change, leave no trace of its author, and lose against a concurrent one that did differ. So an equal value is taken
//! out and put in again.

use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId, ReadDoc, ScalarValue};
use fieldline_model::Value;
use fieldline_model::life_cycle::StepId;
use fieldline_model::plant::{self, Plant};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::edit::{Act, Edit};
use crate::files::{Attachment, FileChange, FileDeed};
use crate::journal::{self, Answer, Entry, Note, PartUse, Reading, Sequel, TimeEntry, Transition};
use crate::layout::{self, Containers};
use crate::ledger::{Ledger, Made};
use crate::register;

/// Writes one edit's acts into a transaction that stands at the edit's heads.
pub(crate) struct Writer<'a, 'doc> {
    pub(crate) transaction: &'a mut Transaction<'doc>,
    pub(crate) containers: &'a Containers,
    pub(crate) ledger: &'a Ledger,
    pub(crate) edit: &'a Edit,
}

impl Writer<'_, '_> {
    /// Writes every act in order.
    pub(crate) fn write(mut self) -> Result<(), AutomergeError> {
        let edit = self.edit;
        let written = if plant::is(Plant::OnlyFirstActWritten) { 1 } else { edit.acts.len() };
        edit.acts.iter().take(written).zip(0..).try_for_each(|(act, number)| self.act(act, number))
    }

    fn act(&mut self, act: &Act, number: u32) -> Result<(), AutomergeError> {
        match act.clone() {
            Act::Set { field, value } => self.put(layout::FIELDS, field.as_str(), scalar(value.as_ref())),
            Act::Confirm { field } => {
                let shown = register::read(self.transaction, self.containers, field.as_str(), self.ledger)?;
                let last = shown.len().saturating_sub(1);
                let chosen = if plant::is(Plant::ConfirmTakesTheOther) { last } else { 0 };
                let value = shown.into_iter().nth(chosen).map_or(ScalarValue::Null, |written| written.value);
                self.put(layout::FIELDS, field.as_str(), value)
            }
            Act::Include { field, item } => self.put(layout::SETS, &format!("{field}/{item}"), true.into()),
            Act::Exclude { field, item } => self.exclude(&format!("{field}/{item}")),
            Act::Comment { text } => self.append(layout::COMMENTS, number, Note { text }),
            Act::WorkNote { text } => self.append(layout::WORK_NOTES, number, Note { text }),
            Act::Transition { step, reason } => {
                let sees = !plant::is(Plant::StepsForgetWhatTheyKnew);
                let after = self.frontier(layout::TRANSITIONS, |_: &Transition| sees);
                self.append(layout::TRANSITIONS, number, Transition { step, reason, after })
            }
            Act::Answer { question, answer, photo } => {
                let sees = !plant::is(Plant::AnswersForgetWhatTheyKnew);
                let after = self.frontier(layout::ANSWERS, |earlier: &Answer| sees && earlier.question == question);
                self.append(layout::ANSWERS, number, Answer { question, answer, photo, after })
            }
            Act::UsePart { model, quantity, asset, stockroom, lease } => {
                self.append(layout::PARTS, number, PartUse { model, quantity, asset, stockroom, lease })
            }
            Act::LogTime { kind, started_at, ended_at } => {
                self.append(layout::TIME_ENTRIES, number, TimeEntry { kind, started_at, ended_at })
            }
            Act::Read { meter, value, unit } => self.append(layout::READINGS, number, Reading { meter, value, unit }),
            Act::Attach { attachment } => self.append(layout::ATTACHMENTS, number, attachment),
            Act::Detach { file } => self.change_file(number, file, None),
            Act::Rename { file, file_name } => self.change_file(number, file, Some(file_name)),
        }
    }

    fn put(&mut self, container: &str, key: &str, value: ScalarValue) -> Result<(), AutomergeError> {
        let container = self.container(container);
        let present = self.transaction.get_all(&container, key)?;
        if present.iter().any(|(present, _)| present.as_scalar() == Some(&value)) {
            self.transaction.delete(&container, key)?;
        }
        self.transaction.put(&container, key, value)
    }

    fn exclude(&mut self, key: &str) -> Result<(), AutomergeError> {
        let sets = self.container(layout::SETS);
        if self.transaction.get(&sets, key)?.is_none() {
            self.transaction.put(&sets, key, true)?;
        }
        if plant::is(Plant::ExcludeForgotten) {
            return self.transaction.put(&sets, key, false);
        }
        self.transaction.delete(&sets, key)
    }

    /// A change of a file its author did not know of is kept and changes nothing: nobody takes away what is still to come.
    fn change_file(&mut self, number: u32, file: StepId, name: Option<String>) -> Result<(), AutomergeError> {
        let list = self.container(layout::ATTACHMENTS);
        let known: Option<Entry<Attachment>> =
            Entry::one(self.transaction, &list, self.ledger, Some(&self.writing()), file);
        let deed = if name.is_some() { FileDeed::Renamed } else { FileDeed::Removed };
        let file_name = name.or(known.as_ref().map(|known| known.what.file_name.clone()));
        self.append(layout::ATTACHMENTS, number, FileChange { deed, file_name, file: known.map(|known| known.id()) })
    }

    /// Entries are one scalar each, immutable: nothing in them can conflict and nothing is deep.
    fn append<T: Serialize>(&mut self, list: &str, number: u32, what: T) -> Result<(), AutomergeError> {
        let text = journal::to_text(number, self.edit.place, what);
        let list = self.container(list);
        let end = self.transaction.length(&list);
        self.transaction.insert(&list, end, text)
    }

    /// The latest entries the edit's author knew of: found here, not claimed by the author, so nobody can forge it.
    fn frontier<T: DeserializeOwned + Sequel>(&self, list: &str, counts: impl Fn(&T) -> bool) -> Vec<StepId> {
        let list = self.container(list);
        let mut entries: Vec<Entry<T>> = Entry::all(self.transaction, &list, self.ledger, Some(&self.writing()));
        entries.retain(|entry| counts(&entry.what));
        journal::frontier(&entries).map(Entry::id).collect()
    }

    /// Who makes the entries of this transaction.
    fn writing(&self) -> Made {
        let Edit { id, author: by, at, .. } = *self.edit;
        Made { id, by, at, deps: Vec::new(), last_operation: u64::MAX }
    }

    fn container(&self, name: &str) -> ObjId {
        self.containers.get(name).clone()
    }
}

/// A value as the document keeps it; its type comes from the dictionary when it is read.
fn scalar(value: Option<&Value>) -> ScalarValue {
    match value {
        Some(Value::Text(text)) => text.as_str().into(),
        Some(Value::Integer(number)) => ScalarValue::Int(*number),
        Some(Value::Decimal(number)) => ScalarValue::Int(number.millionths),
        Some(Value::Boolean(yes)) => ScalarValue::Boolean(*yes),
        Some(Value::Time(moment)) => ScalarValue::Timestamp(moment.0),
        Some(Value::Reference(id)) => id.to_string().into(),
        // `Edit::check_cost` lets no list come this far: sets are written record by record.
        Some(Value::List(_)) | None => ScalarValue::Null,
    }
}
