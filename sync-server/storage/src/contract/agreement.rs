//! The database and [`Query::matches`] answer alike: lists on a phone, device scopes and the record API share their queries.

use fieldline_model::condition::{Condition, Group, Operator, Query};
use fieldline_model::{Decimal, Dictionary, DocumentId, Record, TableName, Timestamp, Value};

use super::{Dice, sys_id};
use crate::{Result, Storage};

const FIELDS: [&str; 3] = ["short_description", "priority", "impact"];
const PATHS: [&str; 9] = [
    "short_description",
    "priority",
    "impact",
    "closed_at",
    "assigned_to",
    "assigned_to.name",
    "parent.assigned_to.name",
    "sys_id",
    "sys_class_name",
];
const VALUES: [&str; 26] = [
    "",
    ",",
    "a",
    "A",
    "äß",
    "ÄSS",
    "a b",
    "1",
    "0",
    "2",
    "1.5",
    "-0.5",
    "1.0",
    "true",
    "FALSE",
    "1,a,true",
    "false,2,",
    "1@2",
    "a@b",
    "false@true",
    "2026-03-01@2026-03-02",
    "2026-03-01 10:00:00",
    "2026-03-02",
    "incident",
    "a5a5a5a5a5a5a5a5a5a5a5a500000003",
    "1772359200000",
];
const OPERATORS: [Operator; 18] = [
    Operator::Equals,
    Operator::NotEquals,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Contains,
    Operator::NotContains,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::In,
    Operator::NotIn,
    Operator::Between,
    Operator::IsEmpty,
    Operator::IsNotEmpty,
    Operator::SameAs,
    Operator::NotSameAs,
    Operator::Anything,
];

/// Any value, drawn so that equal ones and near misses are frequent.
fn value(dice: &mut Dice) -> Option<Value> {
    let moment = Timestamp(1_772_359_200_000 + i64::from(dice.below(3)) * 43_200_000);
    Some(match dice.below(8) {
        0 => return None,
        1 | 2 => Value::text(dice.pick(&["a", "A", "Ab", "b a", "ÄSS", "äß", "1", "true", "2026-03-01 10:00:00"])),
        3 => Value::Integer(i64::from(dice.below(4)) - 1),
        4 => Value::Decimal(Decimal { millionths: (i64::from(dice.below(7)) - 2) * 500_000 }),
        5 => Value::Boolean(dice.below(2) == 1),
        6 => Value::Time(moment),
        _ => Value::List(vec![sys_id(3), sys_id(dice.below(9))]),
    })
}

/// Incidents and tasks whose fields hold anything, and the people they refer to.
fn world(dice: &mut Dice) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 0..40 {
        let mut record = Record::new(DocumentId::new(dice.pick(&["incident", "wm_task"]), sys_id(number)));
        for field in FIELDS {
            record.set(field, value(dice));
        }
        let assigned = dice.below(8);
        record.set("assigned_to", (assigned < 6).then(|| Value::Reference(sys_id(100 + assigned))));
        // The parent of a wm_task is a wm_order, of which there is none; that of an incident may be in either table.
        let parent = record.id.table == "incident" && assigned < 7;
        record.set("parent", parent.then(|| Value::Reference(sys_id(dice.below(44)))));
        records.push(record);
    }
    for number in 0..4 {
        let mut person = Record::new(DocumentId::new("sys_user", sys_id(100 + number)));
        person.set("name", value(dice));
        records.push(person);
    }
    records
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn query(dice: &mut Dice) -> Query {
    let mut condition = || {
        let operator = dice.pick(&OPERATORS);
        let compares_fields = matches!(operator, Operator::SameAs | Operator::NotSameAs);
        let value = if compares_fields { dice.pick(&PATHS) } else { dice.pick(&VALUES) };
        Condition { path: path(dice.pick(&PATHS)), operator, value: value.to_owned() }
    };
    let one = |condition| vec![vec![condition]];
    let groups = vec![
        Group { clauses: one(condition()) },
        Group { clauses: vec![vec![condition(), condition()], vec![condition()], vec![condition()]] },
    ];
    let kept = 1 + dice.below(2) as usize;
    Query { groups: groups.into_iter().take(kept).collect(), order: Vec::new() }
}

/// Generated queries over generated records, through every operator, kind of value and dot-walk.
pub fn answers_agree_with_the_evaluation_in_memory(storage: &dyn Storage) -> Result<()> {
    let mut dice = Dice(3);
    let records = world(&mut dice);
    let mut tx = storage.begin()?;
    for record in &records {
        tx.put_record(record)?;
    }
    tx.commit()?;
    let tables: [TableName; 2] = ["incident".into(), "wm_task".into()];
    let resolve = |id: &DocumentId| records.iter().find(|record| record.id == *id).cloned();
    let tx = storage.read()?;
    for _ in 0..3_000 {
        let query = query(&mut dice);
        let matches = |record: &&Record| query.matches(record, &resolve, Dictionary::shipped());
        let asked = records.iter().filter(|record| tables.contains(&record.id.table));
        let expected: Vec<Record> = asked.filter(matches).cloned().collect();
        let found = tx.query(&tables, &query, 100, 0)?;
        let differs = |record: &&&Record| found.contains(record) != expected.contains(record);
        let different: Vec<_> = found.iter().chain(&expected).filter(|record| differs(&record)).collect();
        assert!(different.is_empty(), "{query} ({:?}) differs for {different:#?}", query.groups);
        assert_eq!(found, expected, "only the order differs");
    }
    Ok(())
}
