//! What the dictionary both sides ship is trained on: records, documents and messages of every table, as fields allow.
//!
//! Nothing here is measured: the words are other words than those of the measurements, and which fields a record has is
//! drawn from the dictionary and not from their records.

use std::error::Error;
use std::fs;
use std::path::Path;

use fieldline_documents::{Act, Document, Edit, EditId, packed};
use fieldline_model::dictionary::{Kind, Merge};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{
    Decimal, DeviceId, Dictionary, DocumentId, Field, FieldType, Record, SysId, Table, Timestamp, Value,
};
use fieldline_sync::wire::{Batch, Entry, Outcome, Position, PushedEdit, Receipt, Response};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const SEED: u64 = 0x5a3d_0001;
/// Records of each table.
const RECORDS: usize = 60;
/// The most changes after the first.
const MOST_CHANGES: u32 = 12;
const MORNING: i64 = 1_767_250_800_000;
const STEPS: [&str; 8] = ["qualify", "assign", "accept", "start_travel", "start_work", "complete", "cancel", "close"];
const SENTENCES: &str = "please call the customer before arrival|no access to the plant room, key at the front desk|\
replaced the filter and checked the pressure|the unit does not start and shows an error|waiting for parts from the warehouse|\
customer informed, next visit on monday|water is leaking from the pipe under the sink|the technician will arrive in the morning|\
annual maintenance according to contract|work completed and tested, no further action needed|the door of the lift does not open|\
noise from the fan on the second floor|cleaned the drain and reset the controller|the battery has to be replaced|\
installed the new router and updated the software|user cannot sign in since this morning|printer out of order|\
network connection is slow in the whole building|temperature too low in the server room|request for a new laptop and screen|\
checked on site together with the caretaker|the alarm was caused by a faulty sensor|quote sent to the customer|\
part ordered, delivery expected next week|the meter was read and the values entered|safety inspection passed";

/// Writes every sample as a file of its own.
pub fn write(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    let mut maker = Maker { rng: ChaCha12Rng::seed_from_u64(SEED), people: Vec::new(), counter: 0 };
    let samples = Dictionary::shipped().tables().try_fold(Vec::new(), |mut samples, table| {
        for _ in 0..RECORDS {
            samples.extend(maker.record(table)?);
        }
        Ok::<_, Box<dyn Error>>(samples)
    })?;
    for (number, sample) in samples.iter().enumerate() {
        fs::write(directory.join(format!("{number:05}")), sample)?;
    }
    println!(
        "{} samples; now `zstd --train {}/* --maxdict=16384 --dictID=2 -o core/sync/dictionaries/2`",
        samples.len(),
        directory.display()
    );
    Ok(())
}

struct Maker {
    rng: ChaCha12Rng,
    /// Whoever writes on the record under way, other people on each: nobody is to be in the dictionary.
    people: Vec<SysId>,
    counter: u64,
}

impl Maker {
    fn below(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    /// A record as it is kept and as it travels.
    fn record(&mut self, table: &Table) -> Result<Vec<Vec<u8>>> {
        let id = DocumentId::new(table.name.clone(), self.sys_id());
        if table.kind == Kind::Reference {
            let mut row = Record::new(id);
            for field in &table.fields {
                let value = self.value(field);
                row.set(field.name.clone(), Some(value));
            }
            return Ok(vec![minicbor::to_vec(&row.fields)?, minicbor::to_vec(&row)?]);
        }
        self.people = (0..3).map(|_| self.sys_id()).collect();
        let mut document = Document::seed(id);
        let first = self.first(table);
        let mut edits = vec![self.edit(&mut document, first)?];
        for _ in 0..self.below(MOST_CHANGES) {
            let acts = self.change(table);
            edits.push(self.edit(&mut document, acts)?);
        }
        let row = document.project(Dictionary::shipped(), &PriorityMatrix::default()).record;
        let saved = document.save();
        let packed = packed::pack(&row, &saved);
        Ok(vec![minicbor::to_vec(&row.fields)?, saved, packed, messages(&document, edits)?])
    }
}

impl Maker {
    fn sys_id(&mut self) -> SysId {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        SysId(bytes)
    }

    /// What one of the people in this organisation wrote.
    fn text(&mut self) -> String {
        let sentences: Vec<&str> = SENTENCES.split('|').collect();
        let (first, second) = (self.below(sentences.len() as u32), self.below(3 * sentences.len() as u32));
        let second = sentences.get(second as usize).map_or(String::new(), |second| format!(". {second}"));
        format!("{}{second}", sentences[first as usize])
    }

    fn value(&mut self, field: &Field) -> Value {
        let number = i64::from(self.below(5_000));
        if !field.choices.is_empty() {
            let choice = &field.choices[self.below(field.choices.len() as u32) as usize];
            return field.parse(&choice.value).ok().flatten().unwrap_or(Value::Integer(number));
        }
        match field.field_type {
            FieldType::String if field.max_length <= 40 => Value::text(format!("{:07}", self.below(9_999_999))),
            FieldType::String => Value::text(self.text()),
            FieldType::Integer => Value::Integer(number % 4),
            FieldType::Decimal => Value::Decimal(Decimal { millionths: number * 10_007 }),
            FieldType::Boolean => Value::Boolean(number % 2 == 0),
            FieldType::GlideDateTime => Value::Time(Timestamp(MORNING + number * 900_000)),
            FieldType::Reference => Value::Reference(self.sys_id()),
            FieldType::GlideList => Value::List(vec![self.sys_id()]),
        }
    }

    fn set(&mut self, field: &Field) -> Act {
        Act::Set { field: field.name.clone(), value: Some(self.value(field)) }
    }

    /// What a new record begins with: most of what people write.
    fn first(&mut self, table: &Table) -> Vec<Act> {
        let mut acts = Vec::new();
        for field in table.fields.iter().filter(|field| is_written(field)) {
            if self.below(10) < 7 {
                acts.push(self.set(field));
            }
        }
        acts
    }

    /// One more deed.
    fn change(&mut self, table: &Table) -> Vec<Act> {
        let written: Vec<&Field> = table.fields.iter().filter(|field| is_written(field)).collect();
        let field = written[self.below(written.len() as u32) as usize];
        let step = STEPS[self.below(STEPS.len() as u32) as usize].to_owned();
        match self.below(8) {
            0 => vec![Act::WorkNote { text: self.text() }],
            1 => vec![Act::Comment { text: self.text() }],
            2 => vec![Act::Transition { step, reason: None }],
            _ => vec![self.set(field)],
        }
    }

    /// Makes an edit of one of three people.
    fn edit(&mut self, document: &mut Document, acts: Vec<Act>) -> Result<PushedEdit> {
        self.counter += 1 + u64::from(self.below(3));
        let who = self.below(3) as usize;
        let who = self.people[who];
        let id = EditId { device: DeviceId(who.0.map(|byte| !byte)), epoch: 1, counter: self.counter };
        let at = Timestamp(MORNING + self.counter as i64 * 61_007);
        let edit = Edit { acts, ..Edit::new(document.id().clone(), id, who, at, &document.heads()) };
        let hash = document.apply(&edit)?.hash.0[..16].try_into()?;
        Ok(PushedEdit { counter: id.counter, hash, body: edit.encode().into(), epoch: None })
    }
}

fn is_written(field: &Field) -> bool {
    matches!(field.merge, Merge::Register | Merge::Fixed) && field.field_type != FieldType::GlideList
}

/// What goes each way when the last edits of a document are pushed and pulled.
fn messages(document: &Document, edits: Vec<PushedEdit>) -> Result<Vec<u8>> {
    let edits = edits.into_iter().rev().take(3).collect::<Vec<_>>();
    let entry = |edit: &PushedEdit| Entry::Edit {
        position: Position(edit.counter),
        hash: edit.hash,
        body: edit.body.clone(),
        document: document.id().clone(),
    };
    let outcome = |position| Outcome::Accepted { position: Position(position), merged: false };
    let receipt = |edit: &PushedEdit| Receipt { counter: edit.counter, outcome: outcome(edit.counter) };
    let answer = Response {
        receipts: edits.iter().map(receipt).collect(),
        entries: edits.iter().map(entry).collect(),
        ..Response::to(edits[0].counter, 1, Timestamp(MORNING))
    };
    Ok([minicbor::to_vec(&answer)?, minicbor::to_vec(Batch { edits })?].concat())
}
