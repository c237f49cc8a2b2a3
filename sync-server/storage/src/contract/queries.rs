//! Promises of [`Records::query`](crate::Records::query) and [`Records::count`](crate::Records::count).

use fieldline_model::condition::{CONDITION_LIMIT, Condition, Group, Operator, Order, Query};
use fieldline_model::{Decimal, DocumentId, Record, TableName, Timestamp, Value};

use super::sys_id;
use crate::{Result, Storage, StorageError, Tx};

fn condition(path: &str, operator: Operator, value: &str) -> Condition {
    Condition { path: path.split('.').map(str::to_owned).collect(), operator, value: value.to_owned() }
}

fn one(path: &str, operator: Operator, value: &str) -> Query {
    let clauses = vec![vec![condition(path, operator, value)]];
    Query { groups: vec![Group { clauses }], order: Vec::new() }
}

fn ordered(keys: &[(&str, bool)]) -> Query {
    let order = |(path, descending): &(&str, bool)| Order {
        path: path.split('.').map(str::to_owned).collect(),
        descending: *descending,
    };
    Query { groups: Vec::new(), order: keys.iter().map(order).collect() }
}

fn tables() -> [TableName; 2] {
    ["incident".into(), "wm_task".into()]
}

/// Four records: 1 and 3 are tasks, 2 is an incident, 4 has nothing but its number. All are found under their number.
fn fill(storage: &dyn Storage) -> Result<()> {
    let record = |table: &str, number: u32, fields: &[(&str, Value)]| {
        let mut record = Record::new(DocumentId::new(table, sys_id(number)));
        record.set("number", Some(Value::text(format!("N{number}"))));
        for (name, value) in fields {
            record.set(*name, Some(value.clone()));
        }
        record
    };
    let moment = |text| Value::Time(Timestamp::parse(text).expect("a moment"));
    let decimal = |text: &str| Value::Decimal(text.parse::<Decimal>().expect("a decimal"));
    let records = [
        record(
            "wm_task",
            1,
            &[
                ("short_description", Value::text("Pump LEAKS, Ölfilm")),
                ("close_notes", Value::text("pump leaks, ölfilm")),
                ("priority", Value::Integer(1)),
                ("quantity", decimal("2.5")),
                ("active", Value::Boolean(true)),
                ("sys_updated_on", moment("2026-03-01 10:00:00")),
                ("assigned_to", Value::Reference(sys_id(11))),
                ("watch_list", Value::List(vec![sys_id(11), sys_id(12)])),
            ],
        ),
        record(
            "incident",
            2,
            &[
                ("short_description", Value::text("network 100% down_")),
                ("close_notes", Value::text("10")),
                ("priority", Value::Integer(10)),
                ("quantity", decimal("-0.000001")),
                ("active", Value::Boolean(false)),
                ("sys_updated_on", moment("2026-03-02 10:00:00")),
                ("assigned_to", Value::Reference(sys_id(12))),
            ],
        ),
        record(
            "wm_task",
            3,
            &[
                ("short_description", Value::text("9")),
                ("priority", Value::Integer(2)),
                ("quantity", decimal("3")),
                ("sys_updated_on", moment("2026-03-03 10:00:00")),
                ("assigned_to", Value::Reference(sys_id(99))),
            ],
        ),
        record("wm_task", 4, &[]),
        record("cmn_location", 5, &[("short_description", Value::text("Pump house"))]),
        record("sys_user", 11, &[("name", Value::text("Mia Moser")), ("location", Value::Reference(sys_id(5)))]),
        record("sys_user", 12, &[("name", Value::text("Noé Weiß"))]),
    ];
    let mut tx = storage.begin()?;
    for record in &records {
        tx.put_record(record)?;
    }
    tx.commit()
}

/// The numbers that a query finds, in its order; counting must agree.
fn found(tx: &dyn Tx, query: &Query) -> Result<String> {
    let records = tx.query(&tables(), query, 100, 0)?;
    assert_eq!(tx.count(&tables(), query)?, records.len() as u64, "the count differs for {query:?}");
    Ok(records.iter().map(|record| &record.text("number")[1..]).collect::<Vec<_>>().join(" "))
}

/// One line per rule.
pub fn every_operator_answers_as_documented(storage: &dyn Storage) -> Result<()> {
    use Operator as O;
    fill(storage)?;
    let tx = storage.read()?;
    let cases = [
        ("short_description", O::Equals, "pump leaks, ÖLFILM", "1"),
        ("short_description", O::Equals, "pump", ""),
        ("short_description", O::NotEquals, "9", "1 2 4"),
        ("short_description", O::Equals, "", "4"),
        ("short_description", O::NotEquals, "", "1 2 3"),
        ("short_description", O::IsEmpty, "", "4"),
        ("short_description", O::IsNotEmpty, "", "1 2 3"),
        ("short_description", O::Contains, "leaks, Ö", "1"),
        ("short_description", O::Contains, "%", "2"),
        ("short_description", O::NotContains, "_", "1 3 4"),
        ("short_description", O::StartsWith, "NET", "2"),
        ("short_description", O::EndsWith, "FILM", "1"),
        ("short_description", O::EndsWith, "a longer text than any of them, 100% down_", ""),
        ("short_description", O::In, "9,pump,network 100% DOWN_", "2 3"),
        ("short_description", O::NotIn, "9,pump", "1 2 4"),
        ("short_description", O::SameAs, "close_notes", "1 4"),
        ("short_description", O::NotSameAs, "close_notes", "2 3"),
        ("priority", O::Equals, "1", "1"),
        ("priority", O::Less, "9", "1 3"),
        ("priority", O::GreaterOrEqual, "2", "2 3"),
        ("priority", O::Between, "2@10", "2 3"),
        ("priority", O::In, "2,1", "1 3"),
        ("priority", O::Greater, "1.5", "2 3"),
        ("quantity", O::Equals, "2.50", "1"),
        ("quantity", O::Equals, "3", "3"),
        ("quantity", O::Less, "0", "2"),
        ("quantity", O::LessOrEqual, "-0.000001", "2"),
        ("active", O::Equals, "true", "1"),
        ("active", O::Equals, "1", "1"),
        ("active", O::Equals, "FALSE", "2"),
        ("active", O::NotEquals, "true", "2 3 4"),
        ("active", O::Less, "true", "2"),
        ("active", O::GreaterOrEqual, "FALSE", "1 2"),
        ("active", O::SameAs, "priority", "4"),
        ("sys_updated_on", O::Greater, "2026-03-01 10:00:00", "2 3"),
        ("sys_updated_on", O::Equals, "2026-03-02 10:00:00", "2"),
        ("sys_updated_on", O::Between, "2026-03-01@2026-03-03", "1 2"),
        ("sys_updated_on", O::LessOrEqual, "2026-03-01T11:00:00+01:00", "1"),
        ("assigned_to", O::Equals, "A5A5A5A5A5A5A5A5A5A5A5A50000000B", "1"),
        ("watch_list", O::Contains, "a5a5a5a5a5a5a5a5a5a5a5a50000000c", "1"),
        ("sys_id", O::Equals, "a5a5a5a5a5a5a5a5a5a5a5a500000002", "2"),
        ("sys_class_name", O::Equals, "incident", "2"),
        ("number", O::Anything, "", "1 2 3 4"),
        ("no_such_field", O::Equals, "1", ""),
        ("no_such_field", O::Less, "1", ""),
    ];
    for (path, operator, value, expected) in cases {
        assert_eq!(found(&*tx, &one(path, operator, value))?, expected, "{path} {operator:?} {value}");
    }
    let both =
        Group { clauses: vec![vec![condition("active", O::Equals, "true"), condition("priority", O::Equals, "2")]] };
    let other =
        Group { clauses: vec![vec![condition("number", O::Equals, "n4")], vec![condition("active", O::IsEmpty, "")]] };
    assert_eq!(found(&*tx, &Query { groups: vec![both, other], order: Vec::new() })?, "1 3 4");
    assert_eq!(found(&*tx, &Query::default())?, "1 2 3 4");
    assert_eq!(tx.count(&[], &Query::default())?, 0, "no table, no record");
    Ok(())
}

/// A dot-walk looks in whatever table the record is; a dangling or missing reference reads as empty.
pub fn paths_walk_through_references(storage: &dyn Storage) -> Result<()> {
    use Operator as O;
    fill(storage)?;
    let tx = storage.read()?;
    let cases = [
        ("assigned_to.name", O::StartsWith, "mia", "1"),
        ("assigned_to.name", O::Contains, "é", "2"),
        ("assigned_to.name", O::IsEmpty, "", "3 4"),
        ("assigned_to.sys_id", O::Equals, "a5a5a5a5a5a5a5a5a5a5a5a50000000b", "1"),
        ("assigned_to.location.short_description", O::Equals, "pump house", "1"),
        ("assigned_to.name", O::NotEquals, "mia moser", "2 3 4"),
        ("short_description.name", O::Equals, "x", ""),
    ];
    for (path, operator, value, expected) in cases {
        assert_eq!(found(&*tx, &one(path, operator, value))?, expected, "{path} {operator:?} {value}");
    }
    assert_eq!(found(&*tx, &ordered(&[("assigned_to.name", true)]))?, "2 1 3 4");
    Ok(())
}

/// Most significant key first, empty before everything, identity last; pages cut that order.
pub fn pages_follow_the_order_and_never_overlap(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let cases: [(&[(&str, bool)], &str); 6] = [
        (&[("priority", false)], "4 1 3 2"),
        (&[("priority", true)], "2 3 1 4"),
        (&[("sys_updated_on", true)], "3 2 1 4"),
        (&[("active", false), ("priority", true)], "3 4 2 1"),
        (&[("sys_class_name", false), ("number", true)], "2 4 3 1"),
        (&[], "1 2 3 4"),
    ];
    for (keys, expected) in cases {
        assert_eq!(found(&*tx, &ordered(keys))?, expected, "{keys:?}");
    }
    for size in 1..=5 {
        let mut numbers = Vec::new();
        for page in 0..=4 {
            let records = tx.query(&tables(), &ordered(&[("active", true)]), size, page * size)?;
            numbers.extend(records.iter().map(|record| record.text("number").to_owned()));
        }
        assert_eq!(numbers, ["N1", "N2", "N3", "N4"], "in pages of {size}");
    }
    Ok(())
}

/// Values are only values, and a name that is none is refused in words.
pub fn text_in_a_query_is_never_sql(storage: &dyn Storage) -> Result<()> {
    use Operator as O;
    fill(storage)?;
    let tx = storage.read()?;
    for value in ["' OR '1'='1", "x'); DROP TABLE record; --", "%", "\u{0}", "?1"] {
        for operator in [O::Equals, O::StartsWith, O::In, O::Between, O::EndsWith] {
            assert_eq!(found(&*tx, &one("number", operator, value))?, "", "{operator:?} {value}");
        }
    }
    let long_walk = ["parent"; 20].join(".");
    for path in ["number' OR '1", "", "a..b", "Number", "$.number", "größe", &long_walk] {
        for query in [one(path, O::Equals, "1"), ordered(&[(path, false)])] {
            let refused = matches!(tx.query(&tables(), &query, 1, 0), Err(StorageError::Query(_)));
            assert!(refused, "{path} was accepted");
        }
    }
    let other = one("number", O::SameAs, "x') --");
    assert!(matches!(tx.count(&tables(), &other), Err(StorageError::Query(_))));
    assert_eq!(found(&*tx, &Query::default())?, "1 2 3 4");
    Ok(())
}

/// As many conditions as a query may have, joined in any way, are not too deep; more values than can be bound are refused.
pub fn the_longest_query_is_answered(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let conditions = |count: usize| -> Vec<Condition> {
        (0..count).map(|number| condition("number", Operator::Equals, &format!("n{number}"))).collect()
    };
    let or = Query { groups: vec![Group { clauses: vec![conditions(CONDITION_LIMIT)] }], order: Vec::new() };
    assert_eq!(found(&*tx, &or)?, "1 2 3 4");
    let clauses = (0..CONDITION_LIMIT).map(|_| vec![condition("priority", Operator::Less, "5")]).collect();
    assert_eq!(found(&*tx, &Query { groups: vec![Group { clauses }], order: Vec::new() })?, "1 3");
    let groups =
        conditions(CONDITION_LIMIT).into_iter().map(|condition| Group { clauses: vec![vec![condition]] }).collect();
    assert_eq!(found(&*tx, &Query { groups, order: Vec::new() })?, "1 2 3 4");
    let numbers = (0..10_000).map(|number| format!("n{number}")).collect::<Vec<_>>().join(",");
    assert_eq!(found(&*tx, &one("number", Operator::In, &numbers))?, "1 2 3 4");
    let too_many = (0..40_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    assert!(matches!(tx.count(&tables(), &one("number", Operator::In, &too_many)), Err(StorageError::Query(_))));
    Ok(())
}
