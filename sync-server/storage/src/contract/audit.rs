//! Promises of [`Audit`](crate::Audit).

use fieldline_model::condition::{Filter, Sort};
use fieldline_model::{Record, SysId, Timestamp, Value};

use super::{sys_id, task, world};
use crate::{Aggregation, Noted, Result, Selection, Sight, Storage};

/// What was noted is found by record and field, in order, under a name of its own, and by nobody who may not see it.
pub fn what_was_noted_is_a_table_that_can_be_asked(storage: &dyn Storage) -> Result<()> {
    let (first, second) = (task(1), task(2));
    let note = |record, field, old, new, seconds: i64| Noted {
        record,
        field,
        old,
        new,
        author: sys_id(9),
        reason: "the record API",
        updates: seconds,
        at: Timestamp(seconds * 1_000),
    };
    let mut tx = storage.begin()?;
    let mut person = Record::new(fieldline_model::DocumentId::new("sys_user", sys_id(9)));
    person.set("user_name", Some(Value::text("mia")));
    tx.put_record(&person)?;
    tx.note(&[note(&first, "state", Some("1"), Some("2"), 1), note(&first, "priority", None, Some("3"), 1)])?;
    tx.note(&[note(&second, "state", Some("1"), None, 2)])?;
    tx.commit()?;
    let tx = storage.read()?;
    let audit = ["sys_audit".into()];
    let of_first = Filter::equals("documentkey", first.sys_id).and(Filter::equals("user", "mia"));
    let order = [Sort { path: world::path("fieldname"), descending: false }];
    let selection = Selection { order: &order, ..Selection::of(&audit, &of_first) };
    let found = tx.select(&selection, 10, 0)?;
    let shown: Vec<_> = found.iter().map(|line| [line.text("fieldname"), line.text("newvalue")]).collect();
    assert_eq!(shown, [["priority", "3"], ["state", "2"]]);
    assert_eq!(found[0].time("sys_created_on"), Some(Timestamp(1_000)));
    assert_eq!(tx.find(&audit, found[0].id.sys_id)?.as_ref(), Some(&found[0]));
    assert_eq!(tx.find(&audit, SysId([9; 16]))?, None);
    assert_eq!(tx.count(&selection)?, 2);
    let history = ["sys_history_line".into()];
    let of_state = Filter::equals("field", "state");
    assert_eq!(tx.aggregate(&Selection::of(&history, &of_state), &Aggregation::default())?[0].count, 2);
    let nobody = Sight { whole: Some([].into()), ..Sight::default() };
    assert_eq!(tx.count(&Selection { sight: &nobody, ..selection })?, 0);
    Ok(())
}
