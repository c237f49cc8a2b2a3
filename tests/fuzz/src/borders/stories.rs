//! Whole stories told by the input: edits of the right form with the wrong content, on known and unknown heads, of own and
//! foreign records, in any order.

use fieldline_documents::{Act, Attachment, AttachmentRole, Document, Edit, EditId, Head, check_shape};
use fieldline_model::life_cycle::StepId;
use fieldline_model::{BlobHash, Decimal, DeviceId, Dictionary, DocumentId, Place, SysId, Timestamp, Value};
use fieldline_sync::wire::{Batch, PushedEdit};

use crate::borders::batches::pushed;
use crate::dice::Dice;
use crate::house::{House, NOW};
use crate::{Border, Guard, Taken};

/// Edits of one batch.
const MOST_EDITS: usize = 24;
/// Inputs a house takes before it is built anew.
const INPUTS_A_HOUSE: usize = 250;
const TABLES: [&str; 8] =
    ["wm_task", "wm_order", "incident", "alm_asset", "sys_user", "task", "no_such_table", "sn_customerservice_case"];
const FIELDS: [&str; 10] = [
    "short_description",
    "description",
    "state",
    "assigned_to",
    "watch_list",
    "number",
    "expected_start",
    "impact",
    "sys_id",
    "no_such_field",
];

pub const BORDER: Border = Border {
    name: "stories",
    about: "edits of the right form with hostile content, drawn from the input and signed rightly",
    share: 150,
    open: || Box::new(Stories { house: House::new(), taken: 0 }),
};

struct Stories {
    house: House,
    taken: usize,
}

/// What a technician does on a task, one act of each kind.
pub fn honest_acts() -> Vec<Act> {
    let (item, text) = (SysId([4; 16]), || "Gate code 4711".to_owned());
    vec![
        Act::Set { field: "description".into(), value: Some(Value::text("The boiler leaks")) },
        Act::Confirm { field: "description".into() },
        Act::Include { field: "watch_list".into(), item },
        Act::Exclude { field: "watch_list".into(), item },
        Act::Comment { text: text() },
        Act::WorkNote { text: text() },
        Act::Transition { step: "accept".into(), reason: None },
        Act::Answer { question: "gas_off".into(), answer: "yes".into(), photo: None },
        Act::UsePart { model: item, quantity: 2, asset: None, stockroom: Some(item), lease: None },
        Act::LogTime { kind: "work".into(), started_at: NOW, ended_at: NOW.plus_milliseconds(60_000) },
        Act::Read { meter: "pressure".into(), value: Decimal { millionths: 1_200_000 }, unit: "bar".into() },
    ]
}

impl Guard for Stories {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        (0_u8..4)
            .map(|seed| (0..400_u32).map(|index| (index as u8).wrapping_mul(31).rotate_left(seed.into())).collect())
            .collect()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        self.taken += 1;
        if self.taken.is_multiple_of(INPUTS_A_HOUSE) {
            self.house = House::new();
        }
        let task = self.house.task.clone();
        let mut document = self.house.document(&task)?;
        let mut dice = Dice(input);
        let mut edits = Vec::new();
        while !dice.is_empty() && edits.len() < MOST_EDITS {
            edits.push(edit(&mut self.house, &mut document, &mut dice));
        }
        let batch = minicbor::to_vec(Batch { edits }).expect("encoding into memory does not fail");
        pushed(&mut self.house, &batch)
    }
}

/// Kinds of hostile acts.
const KINDS: usize = 16;
/// Ways in which one edit differs from an honest one; most draws are none of them.
const WAYS: usize = 40;

fn edit(house: &mut House, document: &mut Document, dice: &mut Dice<'_>) -> PushedEdit {
    house.counter += 1;
    let id = EditId { device: house.device, epoch: 1, counter: house.counter };
    let mut edit = Edit::new(document.id().clone(), id, house.user, NOW, &document.heads_for(house.device, 1));
    edit.acts = (0..1 + dice.below(4)).map(|_| dice.one_of(&honest_acts()).clone()).collect();
    match dice.below(WAYS) {
        0 => edit.id.counter = dice.number().cast_unsigned(),
        1 => edit.id.device = DeviceId([dice.byte(); 16]),
        2 => edit.id.epoch = dice.number() as u32,
        3 => edit.author = SysId([dice.byte(); 16]),
        4 => edit.at = Timestamp(dice.number()),
        5 => edit.document = DocumentId::new(*dice.one_of(&TABLES), SysId([dice.byte(); 16])),
        6 => {
            edit.document = DocumentId::new(*dice.one_of(&TABLES), SysId(house.draw()));
            edit.heads = Document::seed(edit.document.clone()).heads();
        }
        7 => edit.heads = Document::seed(edit.document.clone()).heads(),
        8 => edit.heads = (0..dice.below(80)).map(|_| Head([dice.byte(); 8])).collect(),
        9 => edit.heads.truncate(dice.below(2)),
        10 => edit.acts = (0..dice.below(300)).map(|_| act(dice.below(KINDS), id, dice)).collect(),
        11 => edit.place = Some(Place { latitude_micro: dice.number() as i32, longitude_micro: dice.number() as i32 }),
        12..=19 => edit.acts.push(act(dice.below(KINDS), id, dice)),
        _ => {}
    }
    // What the server will hold must not become what later edits stand on.
    let stands = edit.document == *document.id() && check_shape(&edit, Dictionary::shipped(), false).is_ok();
    let applied = stands.then(|| document.apply(&edit).ok()).flatten();
    let hash = applied.map_or([0; 16], |applied| applied.hash.0[..16].try_into().expect("a hash has 32 bytes"));
    PushedEdit { counter: edit.id.counter, hash, body: edit.encode().into(), epoch: None }
}

fn value(dice: &mut Dice<'_>) -> Option<Value> {
    match dice.below(8) {
        0 => None,
        1 => Some(Value::Integer(dice.number())),
        2 => Some(Value::Decimal(Decimal { millionths: dice.number() })),
        3 => Some(Value::Boolean(dice.byte() > 127)),
        4 => Some(Value::Time(Timestamp(dice.number()))),
        5 => Some(Value::Reference(SysId([dice.byte(); 16]))),
        6 => Some(Value::List(vec![SysId([1; 16]); dice.below(300)])),
        _ => Some(Value::text(dice.text())),
    }
}

/// A file that this edit or one shortly before it may have attached, or nobody.
fn file(id: EditId, dice: &mut Dice<'_>) -> StepId {
    let counter = id.counter.saturating_sub(dice.below(8) as u64);
    EditId { counter, ..id }.act(dice.below(6) as u32)
}

fn act(kind: usize, id: EditId, dice: &mut Dice<'_>) -> Act {
    let field = (*dice.one_of(&FIELDS)).into();
    let item = SysId([dice.byte(); 16]);
    let text = dice.text();
    match kind {
        0..=2 => Act::Set { field, value: value(dice) },
        3 => Act::Confirm { field },
        4 => Act::Include { field, item },
        5 => Act::Exclude { field, item },
        6 => Act::Comment { text },
        7 => Act::WorkNote { text },
        8 => {
            const STEPS: [&str; 8] =
                ["accept", "start_travel", "start_work", "complete", "cancel", "pause", "assign", "nothing"];
            Act::Transition { step: (*dice.one_of(&STEPS)).into(), reason: (dice.below(2) == 0).then_some(text) }
        }
        9 => Act::Answer { question: dice.text(), answer: text, photo: Some(BlobHash([dice.byte(); 32])) },
        10 => Act::UsePart { model: item, quantity: dice.number(), asset: None, stockroom: Some(item), lease: None },
        11 => Act::LogTime { kind: text, started_at: Timestamp(dice.number()), ended_at: Timestamp(dice.number()) },
        12 => Act::Read { meter: text, value: Decimal { millionths: dice.number() }, unit: dice.text() },
        13 => Act::Detach { file: file(id, dice) },
        14 => Act::Rename { file: file(id, dice), file_name: text },
        _ => {
            let attachment = Attachment {
                blob: BlobHash([dice.byte(); 32]),
                file_name: text,
                content_type: "image/jpeg".into(),
                size_bytes: dice.number().cast_unsigned(),
                role: AttachmentRole::Photo,
                of: None,
            };
            Act::Attach { attachment }
        }
    }
}
