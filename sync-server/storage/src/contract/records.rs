//! Promises of [`Records`](crate::Records) apart from queries.

use fieldline_model::{Decimal, DocumentId, Record, Timestamp, Value};

use super::{sys_id, task};
use crate::{Result, Storage};

/// What is read is what was written, to the last digit and letter.
pub fn every_kind_of_value_comes_back_exactly(storage: &dyn Storage) -> Result<()> {
    let mut record = Record::new(task(1));
    let values = [
        ("short_description", Value::text("Ölpumpe \"2\" leckt\n\u{1F527} \\ 'x'")),
        ("empty_control", Value::text("a\u{0}b\u{1f}")),
        ("priority", Value::Integer(i64::MIN)),
        ("quantity", Value::Decimal(Decimal { millionths: i64::MAX })),
        ("latitude", Value::Decimal(Decimal { millionths: -1 })),
        ("active", Value::Boolean(true)),
        ("opened_at", Value::Time(Timestamp(1_790_000_000_123))),
        ("assigned_to", Value::Reference(sys_id(7))),
        ("watch_list", Value::List(vec![sys_id(1), sys_id(2)])),
    ];
    for (name, value) in values {
        record.set(name, Some(value));
    }
    let mut tx = storage.begin()?;
    tx.put_record(&record)?;
    tx.commit()?;
    assert_eq!(storage.read()?.record(&record.id)?, Some((0, record.clone())));
    let mut tx = storage.begin()?;
    record.set("active", None);
    tx.put_record(&record)?;
    assert_eq!(tx.record(&record.id)?, Some((0, record)), "a field that was emptied is gone");
    assert_eq!(tx.record(&task(2))?, None);
    tx.commit()
}

/// A reference to `task` finds the work order task; a table that was not asked is not searched.
pub fn a_record_is_found_in_any_of_the_tables_asked(storage: &dyn Storage) -> Result<()> {
    let record = Record::new(task(1));
    let namesake = Record::new(DocumentId::new("cmn_location", sys_id(1)));
    let mut tx = storage.begin()?;
    tx.put_record(&record)?;
    tx.put_record(&namesake)?;
    assert_eq!(tx.find(&["task".into(), "wm_task".into()], sys_id(1))?, Some(record));
    assert_eq!(tx.find(&["cmn_location".into()], sys_id(1))?, Some(namesake));
    assert_eq!(tx.find(&["incident".into()], sys_id(1))?, None);
    assert_eq!(tx.find(&[], sys_id(1))?, None);
    tx.commit()
}

/// A row that was removed is gone, and only it.
pub fn a_removed_row_is_gone(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    tx.put_record(&Record::new(task(1)))?;
    tx.put_record(&Record::new(task(2)))?;
    assert!(tx.remove_record(&task(1))?);
    assert!(!tx.remove_record(&task(1))?, "it was gone already");
    assert_eq!((tx.record(&task(1))?, tx.record(&task(2))?.is_some()), (None, true));
    tx.commit()
}

/// Each number is given once per prefix, also around imported ones.
pub fn leased_numbers_never_overlap(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    assert_eq!(tx.lease_numbers("WOT", 50)?, 1);
    assert_eq!(tx.lease_numbers("WOT", 1)?, 51);
    assert_eq!(tx.lease_numbers("INC", 10)?, 1);
    tx.numbers_used("WOT", 30)?;
    assert_eq!(tx.lease_numbers("WOT", 1)?, 52, "an old number gives nothing back");
    tx.numbers_used("WOT", 99)?;
    tx.numbers_used("CS", 7)?;
    tx.commit()?;
    let mut tx = storage.begin()?;
    assert_eq!(tx.lease_numbers("WOT", 5)?, 100);
    assert_eq!(tx.lease_numbers("CS", 5)?, 8);
    tx.commit()
}
