//! People, phones and records for this crate's tests.

use fieldline_model::{BlobHash, Decimal, DeviceId, DocumentId, Place, SysId, Timestamp, Value};

use crate::edit::{Act, Edit, EditId, Head};
use crate::files::{Attachment, AttachmentRole};

pub(crate) fn task() -> DocumentId {
    DocumentId::new("wm_task", SysId([7; 16]))
}

/// Edit number `counter` of phone `phone` by the person who carries it, at a fixed pace of one a second.
pub(crate) fn edit(phone: u8, counter: u64, heads: &[Head]) -> Edit {
    let id = EditId { device: DeviceId([phone; 16]), epoch: 1, counter };
    let at = Timestamp(1_700_000_000_000 + 1000 * counter as i64);
    Edit::new(task(), id, SysId([phone; 16]), at, heads)
}

pub(crate) fn set(field: &str, value: impl Into<Option<Value>>) -> Act {
    Act::Set { field: field.into(), value: value.into() }
}

pub(crate) fn description(text: &str) -> Act {
    set("short_description", Value::text(text))
}

pub(crate) fn note(text: &str) -> Act {
    Act::WorkNote { text: text.into() }
}

pub(crate) fn step(name: &str) -> Act {
    Act::Transition { step: name.into(), reason: None }
}

pub(crate) fn answer(question: &str, answer: &str) -> Act {
    Act::Answer { question: question.into(), answer: answer.into(), photo: None }
}

pub(crate) fn attach(name: &str) -> Act {
    let (blob, file_name, content_type) = (BlobHash([9; 32]), name.into(), "image/jpeg".into());
    let (size_bytes, role, of) = (123_456, AttachmentRole::Photo, Some(BlobHash([8; 32])));
    Act::Attach { attachment: Attachment { blob, file_name, content_type, size_bytes, role, of } }
}

/// One edit's worth of every act and every type of value.
pub(crate) fn every_act() -> Vec<Act> {
    vec![
        description("Boiler leaks"),
        set("impact", Value::Integer(2)),
        set("needs_crew", Value::Boolean(true)),
        set("window_start", Value::Time(Timestamp(1_700_000_000_000))),
        set("assigned_to", Value::Reference(SysId([3; 16]))),
        set("description", None),
        set("quantity", Value::Decimal(Decimal { millionths: 1_500_000 })),
        Act::Confirm { field: "impact".into() },
        Act::Include { field: "watch_list".into(), item: SysId([4; 16]) },
        Act::Exclude { field: "watch_list".into(), item: SysId([5; 16]) },
        Act::Comment { text: "On my way".into() },
        note("Gate code 4711"),
        step("assign"),
        Act::Transition { step: "pause".into(), reason: Some("break".into()) },
        Act::Answer { question: "gas_off".into(), answer: "yes".into(), photo: Some(BlobHash([1; 32])) },
        Act::UsePart { model: SysId([6; 16]), quantity: -2, asset: Some(SysId([2; 16])), stockroom: None, lease: None },
        Act::LogTime {
            kind: "work".into(),
            started_at: Timestamp(1_700_000_000_000),
            ended_at: Timestamp(1_700_000_360_000),
        },
        Act::Read { meter: "pressure".into(), value: Decimal { millionths: 1_200_000 }, unit: "bar".into() },
        attach("before.jpg"),
        Act::Detach { file: EditId { device: DeviceId([3; 16]), epoch: 1, counter: 1 }.act(0) },
        Act::Rename {
            file: EditId { device: DeviceId([1; 16]), epoch: 1, counter: 1 }.act(18),
            file_name: "x.jpg".into(),
        },
    ]
}

pub(crate) fn monaco() -> Option<Place> {
    Place::from_degrees(43.7384, 7.4246)
}
