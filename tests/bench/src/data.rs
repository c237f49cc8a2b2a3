//! The records both sides hold: a technician's phone, the same one every time, in the order a first sync brings it.

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use crate::words::{text, word};

/// Whose phone it is.
pub const USER: SysId = SysId([0xaa; 16]);
/// The day that is looked at.
pub const DAY: (Timestamp, Timestamp) = (Timestamp(1_790_000_000_000), Timestamp(1_790_086_400_000));
/// How many hits and rows a screen shows.
pub const SCREEN: u32 = 50;
/// One record in so many is a task, with a document; the rest are what tasks refer to.
const TABLES: [&str; 5] = ["wm_task", "cmn_location", "alm_asset", "cmdb_ci", "customer_contact"];

/// The identity of record `number`.
pub fn sys_id(number: usize) -> SysId {
    let mut bytes = [0x5a; 16];
    ChaCha12Rng::seed_from_u64(number as u64).fill_bytes(&mut bytes);
    SysId(bytes)
}

/// So many records; those of the day come first, as from the server.
pub fn records(count: usize) -> impl Iterator<Item = Record> {
    let is_today = |number: &usize| number.is_multiple_of(TABLES.len()) && starts(*number) < DAY.1;
    (0..count).filter(is_today).chain((0..count).filter(move |number| !is_today(number))).map(record)
}

/// When the task `number` is to begin: one every 28 minutes.
fn starts(number: usize) -> Timestamp {
    DAY.0.plus_milliseconds((number / TABLES.len()) as i64 * 28 * 60_000)
}

/// Record `number`.
pub fn record(number: usize) -> Record {
    let rng = &mut ChaCha12Rng::seed_from_u64(!(number as u64));
    let table = TABLES[number % TABLES.len()];
    let mut record = Record::new(DocumentId::new(table, sys_id(number)));
    let group = number / TABLES.len() * TABLES.len();
    let (short, long) = (4 + rng.next_u32() as usize % 6, 40 + rng.next_u32() as usize % 160);
    let mut set = |field: &str, value: Value| record.set(field, Some(value));
    set("sys_updated_on", Value::Time(DAY.0));
    set("sys_updated_by", Value::Reference(USER));
    set("location", Value::Reference(sys_id(group + 1)));
    if table == "wm_task" {
        let starts = starts(number);
        set("number", Value::text(format!("WOT{number:07}")));
        set("short_description", Value::text(text(rng, short)));
        set("description", Value::text(text(rng, long)));
        set("state", Value::Integer(16));
        set("active", Value::Boolean(true));
        set("work_type", Value::text("break_fix"));
        set("impact", Value::Integer(2));
        set("urgency", Value::Integer(2));
        set("assigned_to", Value::Reference(USER));
        set("assignment_group", Value::Reference(sys_id(3)));
        set("expected_start", Value::Time(starts));
        set("window_start", Value::Time(starts));
        set("window_end", Value::Time(starts.plus_milliseconds(7_200_000)));
        set("asset", Value::Reference(sys_id(group + 2)));
        set("cmdb_ci", Value::Reference(sys_id(group + 3)));
        set("contact", Value::Reference(sys_id(group + 4)));
    } else {
        set("name", Value::text(text(rng, short)));
        set("comments", Value::text(text(rng, long)));
        set("street", Value::text(text(rng, 3)));
        set("serial_number", Value::text(format!("SN-{:010}", rng.next_u32())));
        set("manufacturer", Value::text(text(rng, 2)));
        set("install_status", Value::Integer(1));
    }
    record
}

/// What a person notes on a visit.
pub fn note(turn: usize) -> String {
    format!("Visit {turn}: pressure checked, valve replaced, customer informed")
}

/// What is typed at a turn, given the tasks there are.
type Asked = fn(&[&Record], usize) -> String;

/// What people look for, by kind: `turn` picks one of many.
pub const QUERIES: [(&str, Asked); 5] = [
    ("a number", |tasks, turn| tasks[turn * 37 % tasks.len()].text("number").to_owned()),
    ("two words of a description", |tasks, turn| {
        let mut words: Vec<&str> = tasks[turn * 37 % tasks.len()].text("description").split(' ').collect();
        words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        format!("{} {}", words[turn % 5], words[5 + turn % 5])
    }),
    ("an unfinished word", |_, turn| word(20 + turn * 7 % 1_000).chars().take(4).collect()),
    ("two letters", |_, turn| word(turn * 7 % 200).chars().take(2).collect()),
    ("a common word", |_, turn| word(turn % 12).to_owned()),
];
