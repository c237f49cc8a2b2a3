//! The records both sides hold: a technician's phone with ten thousand records, the same ones every time.

use fieldline_model::{Record, SysId, Timestamp, Value};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// Whose phone it is.
pub const USER: SysId = SysId([0xaa; 16]);
/// The day that is looked at.
pub const DAY: (Timestamp, Timestamp) = (Timestamp(1_790_000_000_000), Timestamp(1_790_086_400_000));
/// What people search for: two words, the second unfinished.
pub const SEARCH: &str = "boiler press";
/// How many hits and rows a screen shows.
pub const SCREEN: u32 = 50;

const WORDS: [&str; 40] = [
    "boiler",
    "pressure",
    "valve",
    "leaks",
    "replaced",
    "gasket",
    "pump",
    "noise",
    "inspection",
    "customer",
    "cellar",
    "meter",
    "reading",
    "filter",
    "cleaned",
    "sensor",
    "fault",
    "code",
    "reset",
    "checked",
    "wiring",
    "burner",
    "thermostat",
    "radiator",
    "ignition",
    "exhaust",
    "pipe",
    "corroded",
    "ordered",
    "part",
    "returns",
    "tomorrow",
    "access",
    "roof",
    "key",
    "neighbour",
    "floor",
    "cooling",
    "unit",
    "alarm",
];

/// The identity of record `number`.
pub fn sys_id(number: usize) -> SysId {
    let mut bytes = [0x5a; 16];
    ChaCha12Rng::seed_from_u64(number as u64).fill_bytes(&mut bytes);
    SysId(bytes)
}

fn text(rng: &mut impl Rng, words: usize) -> String {
    (0..words).map(|_| WORDS[rng.next_u32() as usize % WORDS.len()]).collect::<Vec<_>>().join(" ")
}

/// Record `number`: every fifth is a task, the rest are what tasks refer to.
pub fn record(number: usize) -> Record {
    let rng = &mut ChaCha12Rng::seed_from_u64(!(number as u64));
    let table = ["wm_task", "cmn_location", "alm_asset", "cmdb_ci", "customer_contact"][number % 5];
    let mut record = Record::new(fieldline_model::DocumentId::new(table, sys_id(number)));
    let name = text(rng, 4);
    if table == "wm_task" {
        let starts = DAY.0.plus_milliseconds((number as i64 / 5 - 6) * 3_600_000);
        record.set("number", Some(Value::text(format!("WOT{number:07}"))));
        record.set("short_description", Some(Value::text(name)));
        record.set("description", Some(Value::text(text(rng, 40))));
        record.set("state", Some(Value::Integer(16)));
        record.set("active", Some(Value::Boolean(true)));
        record.set("assigned_to", Some(Value::Reference(USER)));
        record.set("expected_start", Some(Value::Time(starts)));
        record.set("location", Some(Value::Reference(sys_id(number + 1))));
        record.set("asset", Some(Value::Reference(sys_id(number + 2))));
    } else {
        record.set("name", Some(Value::text(name)));
        record.set("comments", Some(Value::text(text(rng, 20))));
        record.set("location", Some(Value::Reference(sys_id(number / 5 * 5 + 1))));
    }
    record
}

/// What people recognise a record by.
pub fn display(record: &Record) -> &str {
    [record.text("number"), record.text("name")].into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
