//! What a hostile phone (or a hostile server) can send, each harmless: no panic, no cost, and the next honest edit works.
//!
//! Six of these are known ways to kill, poison or exhaust a document with forged Automerge changes; here they come in the
//! only shape our wire has, an edit.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjType, ROOT, ReadDoc, ScalarValue};
use fieldline_model::life_cycle::StepId;
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{BlobHash, Decimal, DeviceId, Dictionary, Place, SysId, Timestamp, Value};
use proptest::prelude::*;

use crate::caps;
use crate::document::{ApplyError, Document};
use crate::edit::{Act, ChangeHash, Edit, EditId, Head};
use crate::files::{Attachment, AttachmentRole};
use crate::layout;
use crate::project::Projection;
use crate::shape::check_shape;
use crate::snapshot::LoadError;
use crate::testing::{description, edit, every_act, note, set, task};

fn project(document: &Document) -> Projection {
    document.project(Dictionary::shipped(), &PriorityMatrix::default())
}

/// An honest person goes on working, and the document still saves, loads, projects and shows its history.
fn goes_on(document: &mut Document) {
    let device = DeviceId([99; 16]);
    let counter = document.edits() as u64 + 1;
    let edit = Edit { heads: document.heads_for(device, 1), ..edit(99, counter, &[]) }.act(note("still here"));
    document.apply(&edit).expect("an honest edit is never in danger");
    let loaded = Document::load(task(), &document.save()).expect("was just saved");
    assert_eq!(loaded.full_heads(), document.full_heads());
    assert!(Document::verify(task(), &document.save(), &document.full_heads()).is_ok());
    let projection = project(&loaded);
    assert_eq!(projection.digest(), project(document).digest());
    assert!(projection.work_notes.iter().any(|entry| entry.what.text == "still here"));
    assert_eq!(document.history(Dictionary::shipped()).len(), document.edits());
}

/// A thread of an iPhone's size: what recurses without bound dies here.
fn on_a_small_stack(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn_scoped(scope, test);
        thread.expect("starts a thread").join().expect("does not panic");
    });
}

#[test]
fn numbers_at_the_end_of_their_range_are_refused_or_harmless() {
    let mut document = Document::seed(task());
    let honest = edit(1, 1, &document.heads()).act(note("x"));
    for (counter, at) in [(0, 0), (u64::MAX, 0), (caps::MAX_COUNTER + 1, 0), (1, i64::MIN), (1, i64::MAX), (1, -1)] {
        let forged = Edit { id: EditId { counter, ..honest.id }, at: Timestamp(at), ..honest.clone() };
        assert!(matches!(document.apply(&forged), Err(ApplyError::Cost(_))), "{counter} {at}");
    }
    for (epoch, counter, at) in [(0, 1, 0), (u32::MAX, caps::MAX_COUNTER, caps::LAST_MOMENT)] {
        let id = EditId { device: DeviceId([0; 16]), epoch, counter };
        let extreme = Edit { id, at: Timestamp(at), heads: document.heads(), ..honest.clone() };
        let place = Some(Place { latitude_micro: i32::MIN, longitude_micro: i32::MAX });
        document.apply(&extreme.at_place(place)).expect("is at the end of the range, but in it");
    }
    for value in [i64::MIN, i64::MAX] {
        let heads = document.heads();
        let acts =
            [Value::Integer(value), Value::Time(Timestamp(value)), Value::Decimal(Decimal { millionths: value })];
        let forged = edit(2, document.edits() as u64, &heads);
        let forged = acts.into_iter().fold(forged, |edit, value| edit.act(set("window_start", value)));
        let time = Act::LogTime { kind: "work".into(), started_at: Timestamp(i64::MAX), ended_at: Timestamp(value) };
        let reading = Act::Read { meter: "m".into(), value: Decimal { millionths: value }, unit: "bar".into() };
        document.apply(&forged.act(time).act(reading)).expect("costs little, whatever its shape");
        assert!(project(&document).time_entries.iter().all(|entry| entry.what.seconds() >= 0));
    }
    goes_on(&mut document);
}

#[test]
fn a_forged_edit_under_anothers_number_costs_that_person_a_new_epoch_and_no_word() {
    let mut document = Document::seed(task());
    let seed = document.heads();
    let forged = edit(1, 1, &seed).act(description("forged"));
    let forged = document.apply(&forged).expect("nothing here tells it is forged").hash;
    let victim = edit(1, 1, &seed).act(note("what really happened"));
    let refused = document.apply(&victim).expect_err("the number is taken");
    assert!(refused.to_string().contains("start a new epoch and send it again"), "{refused}");
    let again = Edit { id: EditId { epoch: 2, ..victim.id }, ..victim };
    assert!(document.apply(&again).expect("a new epoch is a new actor").merged);
    assert_eq!(project(&document).work_notes.len(), 1);
    assert!(document.knows(forged.head()));
    goes_on(&mut document);
}

#[test]
fn a_few_bytes_never_become_much_work() {
    let mut document = Document::seed(task());
    let empty = edit(1, 1, &document.heads());
    let many = (0..100_000).fold(empty.clone(), |edit, _| edit.act(note("")));
    assert!(matches!(document.apply(&many), Err(ApplyError::Cost(_))));
    assert!(Edit::decode(&many.encode()).is_err());
    let giant = "x".repeat(caps::MAX_TEXT_BYTES + 1);
    for act in
        [note(&giant), description(&giant), Act::Transition { step: "cancel".into(), reason: Some(giant.clone()) }]
    {
        assert!(matches!(document.apply(&empty.clone().act(act)), Err(ApplyError::Cost(_))));
    }
    let four = (0..4).fold(empty.clone(), |edit, _| edit.act(note(&giant[1..])));
    assert!(matches!(document.apply(&four), Err(ApplyError::Cost(_))), "more than an edit may take in sum");
    assert!(matches!(document.apply(&empty), Err(ApplyError::Cost(_))), "does nothing");
    // A length of four billion items in front of nothing.
    for header in [&[0x9a, 0xff, 0xff, 0xff, 0xff][..], &[0x87, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
        assert!(Edit::decode(header).is_err());
    }
    goes_on(&mut document);
}

#[test]
fn a_document_never_grows_past_the_operations_that_automerge_can_count() {
    let mut document = Document::seed(task());
    let full = loop {
        let counter = document.edits() as u64 + 1;
        let edit = (0..caps::MAX_ACTS).fold(edit(1, counter, &document.heads()), |edit, number| {
            edit.act(set(&format!("f{}", number % 8), Value::Integer(counter as i64 * 1000 + number as i64)))
        });
        if let Err(error) = document.apply(&edit) {
            break error;
        }
    };
    assert!(full.to_string().contains("open a new record"), "{full}");
    let loaded = Document::load(task(), &document.save()).expect("was just saved");
    assert_eq!(loaded.full_heads(), document.full_heads());
    // Whoever was here before the flood goes on.
    let early = Document::seed(task()).heads();
    assert!(document.apply(&edit(2, 1, &early).act(note("before the flood"))).expect("its own past is short").merged);
}

#[test]
fn nothing_nested_ever_comes_in() {
    on_a_small_stack(|| {
        assert!(Edit::decode(&vec![0x81; caps::MAX_EDIT_BYTES]).is_err());
        assert!(Edit::decode(&vec![0x9f; caps::MAX_EDIT_BYTES]).is_err());
        let mut doc = layout::seeded();
        doc.set_actor(layout::actor(DeviceId([1; 16]), 1));
        let (_, mut inner) = doc.get(ROOT, layout::FIELDS).expect("reads").expect("is seeded");
        let mut transaction = doc.transaction();
        for _ in 0..2_000 {
            inner = transaction.put_object(&inner, "deeper", ObjType::Map).expect("a map");
        }
        let message = format!("{} 1", SysId([1; 16]));
        transaction.commit_with(CommitOptions::default().with_message(message).with_time(1));
        let heads: Vec<_> = doc.get_heads().into_iter().map(|hash| ChangeHash(hash.0)).collect();
        let error = Document::verify(task(), &doc.save_nocompress(), &heads).expect_err("edits never nest");
        assert!(error.to_string().contains("nested"), "{error}");
    });
}

#[test]
fn orphans_are_answered_and_never_kept() {
    let mut document = Document::seed(task());
    let before = document.save();
    for number in 0..8_000_u64 {
        let orphan = edit(1, number + 1, &[Head(number.to_be_bytes())]).act(note("orphan"));
        assert!(matches!(document.apply(&orphan), Err(ApplyError::UnknownHeads(heads)) if heads == orphan.heads));
    }
    assert_eq!(document.save(), before);
    goes_on(&mut document);
}

#[test]
fn quantities_never_wrap_around() {
    let mut document = Document::seed(task());
    let part = |quantity| Act::UsePart { model: SysId([1; 16]), quantity, asset: None, stockroom: None, lease: None };
    for (counter, quantity) in (1..).zip([i64::MAX, i64::MAX, 10]) {
        let forged = edit(1, counter, &document.heads()).act(part(quantity));
        assert_eq!(check_shape(&forged, Dictionary::shipped(), false).is_ok(), quantity == 10);
        document.apply(&forged).expect("costs little, whatever its shape");
    }
    assert_eq!(project(&document).parts_used().into_values().collect::<Vec<_>>(), [i64::MAX]);
    goes_on(&mut document);
}

#[test]
fn heads_that_repeat_or_stand_in_no_order_are_refused_and_redundant_ones_change_nothing() {
    let mut document = Document::seed(task());
    let seed = document.heads()[0];
    let first = document.apply(&edit(1, 1, &[seed]).act(note("one"))).expect("is on the heads").hash.head();
    for heads in [vec![], vec![seed; 2], vec![seed.max(first), seed.min(first)], vec![seed; caps::MAX_HEADS + 1]] {
        let forged = Edit { heads, ..edit(2, 1, &[]) }.act(note("two"));
        assert!(matches!(document.apply(&forged), Err(ApplyError::Cost(_))));
    }
    let plain = document.clone().apply(&edit(2, 1, &[first]).act(note("two"))).expect("is on the heads");
    let redundant = document.apply(&edit(2, 1, &[seed, first]).act(note("two"))).expect("names an ancestor too");
    assert_eq!(redundant.hash, plain.hash);
    goes_on(&mut document);
}

#[test]
fn names_that_could_be_mistaken_for_something_else_are_refused() {
    let mut document = Document::seed(task());
    for name in ["", "a/b", "Größe", "a b", "A", "x\0", &"x".repeat(121)] {
        let forged = edit(1, 1, &document.heads());
        for act in [set(name, None), Act::Include { field: name.into(), item: SysId([1; 16]) }] {
            assert!(matches!(document.apply(&forged.clone().act(act)), Err(ApplyError::Cost(_))), "{name:?}");
        }
    }
    let list = edit(1, 1, &document.heads()).act(set("watch_list", Value::List(vec![SysId([1; 16])])));
    assert!(matches!(document.apply(&list), Err(ApplyError::Cost(_))));
    goes_on(&mut document);
}

#[test]
fn more_phones_than_an_edit_can_name_still_leave_room_for_the_next_one() {
    let mut document = Document::seed(task());
    let seed = document.heads();
    for phone in 0..100 {
        document.apply(&edit(phone, 1, &seed).act(note("me too"))).expect("is on the seed");
    }
    assert_eq!(document.heads().len(), 100);
    let heads = document.heads_for(DeviceId([98; 16]), 1);
    assert_eq!(heads.len(), caps::MAX_HEADS);
    document.apply(&edit(98, 2, &heads).act(note("and me again"))).expect("builds on its own latest");
    goes_on(&mut document);
}

#[test]
fn a_snapshot_that_hides_much_in_little_is_refused_before_it_is_unpacked() {
    let mut doc = layout::seeded();
    let mut transaction = doc.transaction();
    let list = transaction.put_object(ROOT, "bomb", ObjType::List).expect("the root is a map");
    let nothing = std::iter::repeat_n(ScalarValue::Null, 500_000);
    transaction.splice(&list, 0, 0, nothing).expect("a list");
    transaction.commit();
    let bytes = doc.save_nocompress();
    assert!(bytes.len() < 2_000, "{} bytes stand for 500,000 operations", bytes.len());
    let heads: Vec<_> = doc.get_heads().into_iter().map(|hash| ChangeHash(hash.0)).collect();
    let error = Document::verify(task(), &bytes, &heads).expect_err("too many operations");
    assert!(error.to_string().contains("too many operations"), "{error}");

    let mut document = Document::seed(task());
    document.apply(&edit(1, 1, &document.heads()).act(note(&"deflates well ".repeat(400)))).expect("is on the heads");
    let deflated = Document::verify(task(), &document.doc.save(), &document.full_heads()).expect_err("is deflated");
    assert!(deflated.to_string().contains("deflated"), "{deflated}");
    let huge = vec![0; caps::MAX_DOCUMENT_BYTES + 1];
    assert!(matches!(Document::verify(task(), &huge, &[]), Err(LoadError::TooLarge { .. })));
}

#[test]
fn a_snapshot_of_something_else_is_refused() {
    let mut document = Document::seed(task());
    document.apply(&edit(1, 1, &document.heads()).act(note("mine"))).expect("is on the heads");
    let other_heads = Document::verify(task(), &document.save(), &Document::seed(task()).full_heads());
    assert!(matches!(other_heads, Err(LoadError::OtherHeads { .. })));
    assert!(Document::verify(task(), &Automerge::new().save_nocompress(), &[]).is_err(), "is not born from the seed");
    let mut twice = document.save();
    twice.extend(document.save());
    assert!(Document::verify(task(), &twice, &document.full_heads()).is_err(), "has a second chunk");
    let mut foreign = layout::seeded();
    foreign.set_actor(layout::actor(DeviceId([1; 16]), 1));
    let mut transaction = foreign.transaction();
    transaction.put(ROOT, "schema", 2).expect("the root is a map");
    transaction.commit();
    let heads: Vec<_> = foreign.get_heads().into_iter().map(|hash| ChangeHash(hash.0)).collect();
    let error = Document::verify(task(), &foreign.save_nocompress(), &heads).expect_err("has no author");
    assert!(error.to_string().contains("no edit makes the change"), "{error}");
}

/// Values of every type from everywhere in their range.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,20}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        (0..6_i64).prop_map(Value::Integer),
        any::<i64>().prop_map(|millionths| Value::Decimal(Decimal { millionths })),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(|moment| Value::Time(Timestamp(moment))),
        any::<[u8; 16]>().prop_map(|id| Value::Reference(SysId(id))),
    ]
}

const NAMES: [&str; 8] =
    ["short_description", "impact", "urgency", "window_start", "assigned_to", "watch_list", "skills", "state"];
const STEPS: [&str; 8] = ["qualify", "assign", "accept", "start_work", "pause", "complete", "cancel", "fly"];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![proptest::sample::select(&NAMES[..]).prop_map(String::from), ".{0,12}"]
}

/// A file of the phone whose acts these are, or of nobody.
fn file() -> impl Strategy<Value = StepId> {
    let file = |(phone, counter, act)| EditId { device: DeviceId([phone; 16]), epoch: 1, counter }.act(act);
    prop_oneof![(Just(1), 1..12_u64, Just(0)), (any::<u8>(), any::<u64>(), any::<u32>())].prop_map(file)
}

fn act() -> impl Strategy<Value = Act> {
    let item = || any::<[u8; 16]>().prop_map(SysId);
    prop_oneof![
        (name(), proptest::option::of(value())).prop_map(|(field, value)| set(&field, value)),
        name().prop_map(|field| Act::Confirm { field: field.as_str().into() }),
        (name(), item()).prop_map(|(field, item)| Act::Include { field: field.as_str().into(), item }),
        (name(), item()).prop_map(|(field, item)| Act::Exclude { field: field.as_str().into(), item }),
        ".{0,30}".prop_map(|text| Act::Comment { text }),
        (proptest::sample::select(&STEPS[..]), proptest::option::of(".{0,10}"))
            .prop_map(|(step, reason)| Act::Transition { step: step.into(), reason }),
        (".{0,9}", ".{0,9}").prop_map(|(question, answer)| Act::Answer { question, answer, photo: None }),
        (item(), any::<i64>()).prop_map(|(model, quantity)| Act::UsePart {
            model,
            quantity,
            asset: None,
            stockroom: None,
            lease: None
        }),
        (".{0,5}", any::<i64>(), any::<i64>()).prop_map(|(kind, from, to)| Act::LogTime {
            kind,
            started_at: Timestamp(from),
            ended_at: Timestamp(to),
        }),
        (".{0,5}", any::<i64>(), ".{0,5}").prop_map(|(meter, millionths, unit)| Act::Read {
            meter,
            value: Decimal { millionths },
            unit
        }),
        (any::<[u8; 32]>(), ".{0,9}", any::<u64>()).prop_map(|(blob, file_name, size_bytes)| {
            let (content_type, role) = ("image/jpeg".into(), AttachmentRole::Photo);
            let blob = BlobHash(blob);
            Act::Attach { attachment: Attachment { blob, file_name, content_type, size_bytes, role, of: None } }
        }),
        file().prop_map(|file| Act::Detach { file }),
        (file(), ".{0,9}").prop_map(|(file, file_name)| Act::Rename { file, file_name }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_edit_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(edit) = Edit::decode(&bytes) {
            prop_assert!(Document::seed(edit.document.clone()).apply(&edit).is_err() || !edit.acts.is_empty());
        }
    }

    #[test]
    fn a_mutated_edit_is_refused_or_harmless(places in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..8)) {
        let mut document = Document::seed(task());
        let honest = every_act().into_iter().fold(edit(1, 1, &document.heads()), Edit::act);
        let mut bytes = honest.encode();
        prop_assert_eq!(Edit::decode(&bytes), Ok(honest));
        for (place, byte) in places {
            let length = bytes.len();
            bytes[usize::from(place) % length] = byte;
        }
        if let Ok(edit) = Edit::decode(&bytes) {
            let _ = check_shape(&edit, Dictionary::shipped(), true);
            let _ = document.apply(&edit);
        }
        goes_on(&mut document);
    }

    #[test]
    fn whatever_acts_pass_leave_a_document_that_goes_on(acts in proptest::collection::vec(act(), 1..12), creating: bool) {
        let mut document = Document::seed(task());
        for (act, counter) in acts.into_iter().zip(1..) {
            let edit = edit(1, counter, &document.heads()).act(act);
            let fits = check_shape(&edit, Dictionary::shipped(), creating).is_ok();
            let applied = document.apply(&edit);
            prop_assert!(applied.is_ok() || !fits, "{:?} after a check of shape that passed", applied);
        }
        goes_on(&mut document);
    }

    #[test]
    fn a_mutated_snapshot_never_passes_for_the_real_one(place in any::<u16>(), byte in any::<u8>()) {
        let mut document = Document::seed(task());
        let honest = every_act().into_iter().fold(edit(1, 1, &document.heads()), Edit::act);
        document.apply(&honest).expect("is on the heads");
        let mut bytes = document.save();
        let place = 12 + usize::from(place) % (bytes.len() - 12);
        bytes[place] = byte;
        let checksum = ring::digest::digest(&ring::digest::SHA256, &bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.as_ref()[..4]);
        if let Ok(verified) = Document::verify(task(), &bytes, &document.full_heads()) {
            prop_assert_eq!(project(&verified).digest(), project(&document).digest());
        }
    }
}
