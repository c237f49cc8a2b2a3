//! Parts under leases, codes and swaps with the radio off.

use fieldline_documents::Act;
use fieldline_model::{DeviceId, DocumentId, Record, SysId, Value};

use super::world::{Office, Phone, accepted, pushed, row};
use crate::{Command, DeviceError};

const VAN: SysId = SysId([0x71; 16]);
const VALVE: SysId = SysId([0x72; 16]);
const LEASE: SysId = SysId([0x73; 16]);

fn record(table: &str, sys_id: SysId, fields: &[(&str, Value)]) -> Record {
    let mut record = Record::new(DocumentId::new(table, sys_id));
    fields.iter().for_each(|(field, value)| record.set(*field, Some(value.clone())));
    record
}

fn lease(granted: i64, used: i64) -> Record {
    record(
        "fl_stock_lease",
        LEASE,
        &[
            ("device", Value::text(DeviceId([1; 16]).to_string())),
            ("stockroom", Value::Reference(VAN)),
            ("model", Value::Reference(VALVE)),
            ("granted", Value::Integer(granted)),
            ("used", Value::Integer(used)),
            ("state", Value::text("active")),
        ],
    )
}

/// A phone with a job and a right to some valves.
fn phone(granted: i64) -> (Phone, DocumentId) {
    let (mut phone, task) = (Phone::new(), Office::task(7));
    let valve = [("display_name", Value::text("Valve")), ("barcode", Value::text("4006381"))];
    let valve = record("cmdb_model", VALVE, &valve);
    phone.exchange(|answer| {
        answer.entries.extend(task.whole());
        answer.entries.extend([row(&lease(granted, 0), 900), row(&valve, 901)]);
    });
    (phone, task.id())
}

fn take(phone: &mut Phone, document: &DocumentId, quantity: i64) -> (Option<SysId>, Vec<i64>) {
    let (document, stockroom) = (document.clone(), Some(VAN));
    let done = phone.execute(Command::UsePart { document, model: VALVE, quantity, asset: None, stockroom }).unwrap();
    let request = phone.request();
    let edits = pushed(&request);
    let made = edits.iter().find(|edit| edit.id == done.edits[0]).expect("it is on its way");
    let Act::UsePart { lease, .. } = made.acts[0] else { panic!("a use") };
    (lease, done.uncovered.iter().map(|uncovered| uncovered.left).collect())
}

fn left(phone: &Phone) -> i64 {
    phone.device.leases(phone.now).unwrap()[0].left
}

#[test]
fn what_is_taken_counts_at_once_and_what_nothing_covers_goes_out_without_a_lease_and_is_said() {
    let (mut phone, task) = phone(3);
    assert_eq!(take(&mut phone, &task, 2), (Some(LEASE), vec![]));
    assert_eq!(take(&mut phone, &task, 2), (None, vec![1]), "one is left, two were taken");
    assert_eq!(take(&mut phone, &task, 1), (Some(LEASE), vec![]));
    assert_eq!(take(&mut phone, &task, 1), (None, vec![0]));
    assert_eq!(take(&mut phone, &task, -1), (Some(LEASE), vec![]), "putting back gives the right back");
    assert_eq!(left(&phone), 1);
    let mut phone = phone.restart();
    assert_eq!(take(&mut phone, &task, 1), (Some(LEASE), vec![]));
    assert_eq!(left(&phone), 0);
}

#[test]
fn a_use_counts_once_whether_the_receipt_or_the_lease_comes_first_and_meanwhile_never_too_little() {
    let (mut phone, task) = phone(3);
    take(&mut phone, &task, 2);
    phone.exchange(|answer| answer.entries.push(row(&lease(3, 2), 910)));
    assert!(left(&phone) <= 1, "whether the server's figure has it is not known before the receipt");
    let counter = phone.device.outbox().unwrap()[0].counter;
    phone.exchange(|answer| answer.receipts.push(accepted(counter)));
    assert_eq!(left(&phone), 1);
    phone.exchange(|answer| answer.entries.push(row(&lease(5, 2), 911)));
    assert_eq!(left(&phone), 3, "two more were granted");
}

#[test]
fn a_phone_that_lost_its_memory_counts_what_the_server_knows() {
    let (mut phone, task) = phone(0);
    phone.exchange(|answer| answer.entries.push(row(&lease(5, 4), 910)));
    assert_eq!(left(&phone), 1);
    assert_eq!(take(&mut phone, &task, 1).0, Some(LEASE));
    assert_eq!(left(&phone), 0);
}

#[test]
fn a_lease_of_another_phone_or_one_given_back_covers_nothing() {
    let (mut phone, task) = phone(3);
    let mut other = lease(3, 0);
    other.set("device", Some(Value::text(DeviceId([2; 16]).to_string())));
    phone.exchange(|answer| answer.entries.push(row(&other, 910)));
    assert!(phone.device.leases(phone.now).unwrap().is_empty());
    assert_eq!(take(&mut phone, &task, 1), (None, vec![0]));
    let mut ended = lease(3, 0);
    ended.set("state", Some(Value::text("returned")));
    phone.exchange(|answer| answer.entries.push(row(&ended, 911)));
    assert_eq!(take(&mut phone, &task, 1), (None, vec![0]));
}

#[test]
fn a_code_stands_for_everything_that_bears_it() {
    let (mut phone, _) = phone(3);
    let shelf = [("name", Value::text("Shelf")), ("barcode", Value::text("4006381"))];
    let shelf = record("alm_stockroom", VAN, &shelf);
    phone.exchange(|answer| answer.entries.push(row(&shelf, 912)));
    let found = |code: &str| {
        let items = phone.device.resolve_code(code).unwrap();
        items.into_iter().map(|item| item.document.table.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(" 4006381"), ["cmdb_model", "alm_stockroom"]);
    assert_eq!(found(&format!("https://desk.example/{VALVE}")), ["cmdb_model"]);
    assert_eq!(found("400"), [""; 0]);
}

#[test]
fn a_count_is_a_record_of_its_own_and_a_wrong_plate_writes_nothing() {
    let (mut phone, task) = phone(3);
    let done =
        phone.execute(Command::Count { stockroom: VAN, model: VALVE, quantity: 2, reason: String::new() }).unwrap();
    let count = phone.device.record(&done.document).unwrap().expect("is here");
    assert_eq!(count.item.fields.get("quantity"), Some(&Value::Integer(2)));
    let unsent = phone.device.sync_status().unwrap().unsent_edits;
    let swap = crate::Swap {
        task,
        removed: "SN-1".into(),
        installed: "SN-2".into(),
        stockroom: Some(VAN),
        is_defective: false,
    };
    let refused = phone.device.swap(swap, phone.now, &mut phone.rng).unwrap_err();
    assert!(matches!(refused, DeviceError::NoSuchPlate { .. }), "{refused}");
    assert!(refused.to_string().contains("SN-1"), "{refused}");
    assert_eq!(phone.device.sync_status().unwrap().unsent_edits, unsent);
}
