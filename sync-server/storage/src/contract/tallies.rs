//! What lists are counted by, after whatever was written, removed and undone.

use std::collections::BTreeMap;

use fieldline_model::condition::{Alone, Filter, Path};
use fieldline_model::{Record, Value};

use super::{task, world};
use crate::{Aggregation, Result, Selection, Sight, Storage};

/// Fields that are counted, and what they may hold; `None` is empty.
const FIELDS: [(&str, &[Option<i64>]); 3] = [
    ("state", &[None, Some(1), Some(2), Some(7)]),
    ("priority", &[None, Some(1), Some(5)]),
    ("impact", &[None, Some(3)]),
];

/// Counts and groups of a field are those of the records there are, whatever became of them meanwhile, also where some of what
/// the field holds is not known.
pub fn counts_by_a_field_are_those_of_the_records_there_are(storage: &dyn Storage) -> Result<()> {
    let mut state = 7_u32;
    // A linear congruential generator (Numerical Recipes), of which the upper bits are used.
    let mut draw = |of: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % of
    };
    let mut kept: BTreeMap<u32, Record> = BTreeMap::new();
    for round in 0..40 {
        let mut tx = storage.begin()?;
        let mut written = kept.clone();
        for _ in 0..5 {
            let number = draw(12) as u32;
            if draw(4) == 0 {
                tx.remove_record(&task(number))?;
                written.remove(&number);
                continue;
            }
            let mut record = written.remove(&number).unwrap_or_else(|| Record::new(task(number)));
            let (field, values) = FIELDS[draw(FIELDS.len())];
            record.set(field, values[draw(values.len())].map(Value::Integer));
            record.set("active", (draw(2) == 0).then_some(Value::Boolean(true)));
            tx.put_record(&record)?;
            written.insert(number, record);
        }
        if round % 5 == 4 {
            drop(tx);
        } else {
            tx.commit()?;
            kept = written;
        }
        agree(storage, &kept)?;
    }
    assert!(kept.len() > 3, "something is left to be counted");
    Ok(())
}

fn agree(storage: &dyn Storage, kept: &BTreeMap<u32, Record>) -> Result<()> {
    let (tx, all, tables) = (storage.read()?, Filter::everything(), ["wm_task".into()]);
    let known = world::resolved("impact=3").0;
    let partly =
        Sight { known: [("wm_task".into(), [("priority".into(), known.clone())].into())].into(), ..Sight::default() };
    for sight in [Sight::default(), partly] {
        let holds = |record: &Record, field: &str| {
            let is_known = field != "priority" || sight.known.is_empty() || known.matches(record, &Alone);
            record.get(field).filter(|_| is_known).map(ToString::to_string)
        };
        for query in
            ["active=true", "priority=1", "priorityIN1,5", "priority>1", "priorityISEMPTY", "active!=true", "impact=3"]
        {
            let filter = world::resolved(query).0;
            let seen = |record: &&Record| {
                let mut record = (*record).clone();
                let priority = holds(&record, "priority").and_then(|text| text.parse().ok()).map(Value::Integer);
                record.set("priority", priority);
                filter.matches(&record, &Alone)
            };
            let selection = Selection { tables: &tables, filter: &filter, order: &[], sight: &sight };
            assert_eq!(tx.count(&selection)?, kept.values().filter(seen).count() as u64, "{query}");
        }
        for field in ["state", "active", "priority", "impact"] {
            let selection = Selection { tables: &tables, filter: &all, order: &[], sight: &sight };
            let asked = Aggregation { group_by: vec![Path::of(field)], figures: Vec::new() };
            let mut expected: BTreeMap<Option<String>, u64> = BTreeMap::new();
            kept.values().for_each(|record| *expected.entry(holds(record, field)).or_default() += 1);
            let buckets = tx.aggregate(&selection, &asked)?;
            let shown = buckets.iter().map(|bucket| {
                let example = bucket.example.as_ref().expect("a group has records");
                (holds(example, field), bucket.count)
            });
            assert_eq!(shown.collect::<BTreeMap<_, _>>(), expected, "{field}");
        }
    }
    Ok(())
}
