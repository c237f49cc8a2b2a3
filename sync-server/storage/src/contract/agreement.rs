//! The database and [`Filter::matches`](fieldline_model::condition::Filter::matches) answer alike, for whoever asks: what is out of
//! sight is as good as absent, in lists, on the way through references and among the records that refer here, and a field that
//! may not be known as good as empty.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Comparison, Condition, Filter, Group, Operator, Query, Referred, Term, World};
use fieldline_model::{Decimal, DocumentId, FieldName, Record, SysId, TableName, Timestamp, Value};

use super::world::fitted;
use super::{Dice, key, sys_id};
use crate::{FeedEntry, Glimpse, Happening, Result, ScopeKey, Selection, Sight, Storage, Surroundings};

const PATHS: [&str; 12] = [
    "short_description",
    "close_notes",
    "priority",
    "impact",
    "quantity",
    "active",
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
const OPERATORS: [Operator; 26] = [
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
    Operator::InstanceOf,
    Operator::Relative,
    Operator::DatePart,
    Operator::MoreThan,
    Operator::LessThan,
    Operator::GreaterThanField,
    Operator::LessOrEqualField,
    Operator::NotOn,
];
const RELATIVE: [&str; 4] = ["GT@hour@ago@30", "LE@day@ago@1", "EE@month@ahead@0", "LT@minute@ahead@1"];
const PARTS: [&str; 4] = [
    "x@javascript:gs.datePart('dayofweek','sunday','EE')",
    "x@javascript:gs.datePart('hour','12','GE')",
    "x@javascript:gs.datePart('month','march','LE')",
    "x@javascript:gs.datePart('quarter','2','LT')",
];
const APART: [&str; 3] = ["closed_at@hour@before@11", "opened_at@day@after@1", "closed_at@minute@after@1"];

/// A value of a field's type, drawn so that equal ones and near misses are frequent; often none.
fn value(dice: &mut Dice, field: &str) -> Option<Value> {
    if dice.below(5) == 0 {
        return None;
    }
    Some(match field {
        "priority" | "impact" => Value::Integer(i64::from(dice.below(4)) - 1),
        "quantity" => Value::Decimal(Decimal { millionths: (i64::from(dice.below(7)) - 2) * 500_000 }),
        "active" => Value::Boolean(dice.below(2) == 1),
        "closed_at" | "opened_at" => Value::Time(Timestamp(
            1_772_359_200_000 + i64::from(dice.below(4)) * 43_200_000 + i64::from(dice.below(2)) * 700,
        )),
        "watch_list" => Value::List(vec![sys_id(3), sys_id(4 + dice.below(5))]),
        _ => Value::text(dice.pick(&["a", "A", "Ab", "b a", "ÄSS", "äß", "1", "true", "2026-03-01 10:00:00"])),
    })
}

const FIELDS: [&str; 9] = [
    "short_description",
    "close_notes",
    "priority",
    "impact",
    "quantity",
    "active",
    "closed_at",
    "opened_at",
    "watch_list",
];

/// Incidents and tasks, and the people they refer to.
fn world(dice: &mut Dice) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 0..40 {
        let mut record = Record::new(DocumentId::new(dice.pick(&["incident", "wm_task"]), sys_id(number)));
        for field in FIELDS {
            record.set(field, value(dice, field));
        }
        let assigned = dice.below(8);
        record.set("assigned_to", (assigned < 6).then(|| Value::Reference(sys_id(100 + assigned))));
        record.set("parent", (assigned < 7).then(|| Value::Reference(sys_id(dice.below(44)))));
        record.set("correlation_display", Some(Value::text(dice.pick(&["incident", "wm_task", "sys_user"]))));
        record.set("correlation_id", Some(Value::text(sys_id(dice.below(104)).to_string())));
        records.push(record);
    }
    for number in 0..4 {
        let mut person = Record::new(DocumentId::new("sys_user", sys_id(100 + number)));
        person.set("name", value(dice, "name"));
        records.push(person);
    }
    records
}

fn condition(dice: &mut Dice, paths: &[&str]) -> Condition {
    let operator = dice.pick(&OPERATORS);
    let value = match operator {
        Operator::SameAs | Operator::NotSameAs | Operator::GreaterThanField | Operator::LessOrEqualField => {
            dice.pick(&PATHS)
        }
        Operator::InstanceOf => dice.pick(&["task", "incident", "x"]),
        Operator::Relative => dice.pick(&RELATIVE),
        Operator::DatePart => dice.pick(&PARTS),
        Operator::MoreThan | Operator::LessThan => dice.pick(&APART),
        Operator::NotOn => "x@2026-03-01@2026-03-02 09:59:59",
        _ => dice.pick(&VALUES),
    };
    let path = dice.pick(paths).split('.').map(str::to_owned).collect();
    Condition { path, operator, value: value.to_owned() }
}

fn term(dice: &mut Dice) -> Term {
    if dice.below(12) > 0 {
        return condition(dice, &PATHS).into();
    }
    let comparisons =
        [Comparison::Less, Comparison::LessOrEqual, Comparison::Equal, Comparison::GreaterOrEqual, Comparison::Greater];
    let clauses = vec![vec![condition(dice, &["priority", "short_description", "assigned_to.name"]).into()]];
    let query = Box::new(Query { groups: vec![Group { clauses }], order: Vec::new() });
    let count = (dice.pick(&comparisons), dice.below(3));
    let text = |text: &str| text.to_owned();
    Term::Referred(match dice.below(2) {
        0 => Referred { here: None, table: text("task"), field: text("parent"), count, query },
        _ => {
            let here = Some((text("task"), text("short_description")));
            Referred { here, table: text("incident"), field: text("close_notes"), count, query }
        }
    })
}

fn query(dice: &mut Dice) -> Query {
    let groups = vec![
        Group { clauses: vec![vec![term(dice)]] },
        Group { clauses: vec![vec![term(dice), term(dice)], vec![term(dice)], vec![term(dice)]] },
    ];
    let kept = 1 + dice.below(2) as usize;
    Query { groups: groups.into_iter().take(kept).collect(), order: Vec::new() }
}

/// What somebody sees of the records there are.
struct Seen(Vec<Record>);

impl World for Seen {
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record> {
        self.all(tables).into_iter().find(|record| record.id.sys_id == sys_id)
    }

    fn all(&self, tables: &[TableName]) -> Vec<Record> {
        self.0.iter().filter(|record| tables.contains(&record.id.table)).cloned().collect()
    }
}

impl Surroundings for Seen {
    fn belongs(&self, record: &DocumentId, keys: &BTreeSet<ScopeKey>) -> Result<bool> {
        Ok(!keys_of(record).is_disjoint(keys))
    }

    fn named(&self, record: &DocumentId) -> Result<Option<Record>> {
        Ok(self.0.iter().find(|known| known.id == *record).cloned())
    }
}

/// The records as far as somebody sees them, without the fields they may not know.
fn as_seen(records: &[Record], sight: &Sight) -> Result<Seen> {
    let all = Seen(records.to_vec());
    let mut seen = Vec::new();
    for record in records {
        if sight.sees(record, &all)? {
            seen.push(sight.told_of(record.clone()));
        }
    }
    Ok(Seen(seen))
}

/// Somebody who sees some tables whole, of the others what belongs to some keys and some rows, and does not know every field.
fn sight(dice: &mut Dice) -> Sight {
    if dice.below(2) == 0 {
        return Sight::default();
    }
    let mut some =
        |names: &[&str]| names.iter().filter(|_| dice.below(2) == 0).map(|name| (*name).to_owned()).collect();
    let whole: Vec<String> = some(&["incident", "wm_task", "sys_user"]);
    let keys: Vec<String> = some(&["even", "third"]);
    let whole = whole.iter().map(|name| TableName::from(name.as_str())).collect();
    let (glimpses, known) = (glimpses(dice), known(dice));
    Sight { whole: Some(whole), keys: keys.into_iter().map(ScopeKey).collect(), glimpses, known }
}

fn some_filter(dice: &mut Dice) -> Filter {
    let filters =
        [Filter::equals("active", true), Filter::equals("priority", 1), Filter::equals("short_description", "a")];
    let filter = filters[dice.below(3) as usize].clone();
    if dice.below(2) == 0 { filter.negated() } else { filter }
}

fn glimpses(dice: &mut Dice) -> BTreeMap<TableName, Vec<Glimpse>> {
    let mut glimpses: BTreeMap<TableName, Vec<Glimpse>> = BTreeMap::new();
    for table in ["incident", "wm_task"] {
        if dice.below(3) == 0 {
            glimpses.entry(table.into()).or_default().push(Glimpse::Where(some_filter(dice)));
        }
        if dice.below(3) == 0 {
            let of = Glimpse::Of { table: "correlation_display".into(), sys_id: "correlation_id".into() };
            glimpses.entry(table.into()).or_default().push(of);
        }
    }
    glimpses
}

fn known(dice: &mut Dice) -> BTreeMap<TableName, BTreeMap<FieldName, Filter>> {
    let mut known: BTreeMap<TableName, BTreeMap<FieldName, Filter>> = BTreeMap::new();
    for (table, field) in [("incident", "impact"), ("wm_task", "close_notes"), ("wm_task", "assigned_to")] {
        if dice.below(2) == 0 {
            known.entry(table.into()).or_default().insert(field.into(), some_filter(dice));
        }
    }
    if dice.below(2) == 0 {
        let is_the_second = Filter::equals("sys_id", sys_id(101));
        known.entry("sys_user".into()).or_default().insert("name".into(), is_the_second);
    }
    known
}

fn keys_of(record: &DocumentId) -> BTreeSet<ScopeKey> {
    let number = u32::from(record.sys_id.0[15]);
    let even = (number % 2 == 0).then(|| key("even"));
    even.into_iter().chain((number % 3 == 0).then(|| key("third"))).collect()
}

fn fill(storage: &dyn Storage, records: &[Record]) -> Result<()> {
    let mut tx = storage.begin()?;
    let mut entries = Vec::new();
    for record in records {
        tx.put_record(record)?;
        let keys = keys_of(&record.id);
        tx.put_links(&record.id, &keys.iter().map(|key| (key.clone(), record.id.clone())).collect())?;
        let enter = |key: ScopeKey| FeedEntry { document: record.id.clone(), happening: Happening::Enter(key) };
        entries.extend(keys.into_iter().map(enter));
    }
    tx.append(&entries)?;
    tx.commit()
}

/// Generated queries over generated records, through every operator, kind of value and dot-walk, for anybody.
pub fn answers_agree_with_the_evaluation_in_memory(storage: &dyn Storage) -> Result<()> {
    let mut dice = Dice(3);
    let records = world(&mut dice);
    fill(storage, &records)?;
    let tables: [TableName; 2] = ["incident".into(), "wm_task".into()];
    let tx = storage.read()?;
    for _ in 0..4_000 {
        let (query, sight) = (query(&mut dice), sight(&mut dice));
        let filter = fitted(&query).filter;
        let seen = as_seen(&records, &sight)?;
        let expected: BTreeSet<DocumentId> = seen
            .all(&tables)
            .into_iter()
            .filter(|record| filter.matches(record, &seen))
            .map(|record| record.id)
            .collect();
        let expected: Vec<Record> = records.iter().filter(|record| expected.contains(&record.id)).cloned().collect();
        let selection = Selection { sight: &sight, ..Selection::of(&tables, &filter) };
        let found = tx.select(&selection, 100, 0)?;
        let differs = |record: &&&Record| found.contains(record) != expected.contains(record);
        let different: Vec<_> = found.iter().chain(&expected).filter(|record| differs(&record)).collect();
        assert!(different.is_empty(), "{query} ({filter:?}) for {sight:?} differs for {different:#?}");
        assert_eq!(found, expected, "only the order differs");
        assert_eq!(tx.count(&selection)?, expected.len() as u64);
    }
    Ok(())
}
