//! Promises of [`Records::select`](crate::Records::select), [`Records::count`](crate::Records::count) and
//! [`Records::aggregate`](crate::Records::aggregate).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use fieldline_model::condition::{CONDITION_LIMIT, Check, Filter, Operand, Path, Sort, Step};
use fieldline_model::{Decimal, DocumentId, Record, TableName, Timestamp, Value};

use super::world::{self, resolved};
use super::{enter, key, row, sys_id};
use crate::{Aggregation, Bucket, EVERYTHING, Figure, Function, Result, Selection, Sight, Storage, StorageError, Tx};

fn test(path: &str, check: Check) -> Filter {
    Filter::Test(Path::of(path), check)
}

fn ordered(keys: &[(&str, bool)]) -> Vec<Sort> {
    let order = |(path, descending): &(&str, bool)| Sort { path: world::path(path), descending: *descending };
    keys.iter().map(order).collect()
}

static TABLES: LazyLock<[TableName; 2]> = LazyLock::new(|| ["incident".into(), "wm_task".into()]);

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
                ("parent", Value::Reference(sys_id(4))),
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
                ("parent", Value::Reference(sys_id(4))),
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

/// The numbers that are selected, in order; counting must agree.
fn found(tx: &dyn Tx, selection: &Selection<'_>) -> Result<String> {
    let records = tx.select(selection, 100, 0)?;
    assert_eq!(tx.count(selection)?, records.len() as u64, "the count differs for {selection:?}");
    Ok(records.iter().map(|record| &record.text("number")[1..]).collect::<Vec<_>>().join(" "))
}

fn asked(tx: &dyn Tx, query: &str) -> Result<String> {
    let (filter, order) = resolved(query);
    found(tx, &Selection { order: &order, ..Selection::of(&*TABLES, &filter) })
}

/// One line per rule.
pub fn every_operator_answers_as_documented(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let cases = [
        ("short_description=pump leaks, ÖLFILM", "1"),
        ("short_description=pump", ""),
        ("short_description!=9", "1 2 4"),
        ("short_description=", "4"),
        ("short_description!=", "1 2 3"),
        ("short_descriptionISEMPTY", "4"),
        ("short_descriptionISNOTEMPTY", "1 2 3"),
        ("short_descriptionLIKEleaks, Ö", "1"),
        ("short_descriptionLIKE%", "2"),
        ("short_descriptionNOT LIKE_", "1 3 4"),
        ("short_descriptionSTARTSWITHNET", "2"),
        ("short_descriptionENDSWITHFILM", "1"),
        ("short_descriptionENDSWITHa longer text than any of them, 100% down_", ""),
        ("short_descriptionIN9,pump,network 100% DOWN_", "2 3"),
        ("short_descriptionNOT IN9,pump", "1 2 4"),
        ("short_descriptionSAMEASclose_notes", "1 4"),
        ("short_descriptionNSAMEASclose_notes", "2 3"),
        ("priority=1", "1"),
        ("priority<9", "1 3"),
        ("priority>=2", "2 3"),
        ("priorityBETWEEN2@10", "2 3"),
        ("priorityIN2,1", "1 3"),
        ("priority>1.5", "2 3"),
        ("priority=two", ""),
        ("quantity=2.50", "1"),
        ("quantity=3", "3"),
        ("quantity<0", "2"),
        ("quantity<=-0.000001", "2"),
        ("quantityGT_FIELDpriority", "1 3"),
        ("active=true", "1"),
        ("active=1", "1"),
        ("active=FALSE", "2"),
        ("active!=true", "2 3 4"),
        ("active<true", "2"),
        ("sys_updated_on>2026-03-01 10:00:00", "2 3"),
        ("sys_updated_on=2026-03-02 10:00:00", "2"),
        ("sys_updated_onBETWEEN2026-03-01@2026-03-03", "1 2"),
        ("sys_updated_on<=2026-03-01T11:00:00+01:00", "1"),
        ("sys_updated_onRELATIVEGT@day@ago@1", "3"),
        ("sys_updated_onDATEPARTMonday@javascript:gs.datePart('dayofweek','monday','GE')", "2 3"),
        ("assigned_to=A5A5A5A5A5A5A5A5A5A5A5A50000000B", "1"),
        ("watch_listLIKEa5a5a5a5a5a5a5a5a5a5a5a50000000c", "1"),
        ("sys_id=a5a5a5a5a5a5a5a5a5a5a5a500000002", "2"),
        ("sys_class_name=incident", "2"),
        ("sys_class_nameINSTANCEOFtask^numberANYTHING", "1 2 3 4"),
        ("active=true^ORpriority=2^NQnumber=n4^activeISEMPTY", "1 3 4"),
        ("JOINtask.assigned_to=sys_user.sys_id!nameLIKEmia", "1"),
        ("RLQUERYtask.parent,>=2^ENDRLQUERY", "4"),
        ("RLQUERYtask.parent,=1^priority=1^ENDRLQUERY", "4"),
        ("RLQUERYtask.parent,<1^ENDRLQUERY", "1 2 3"),
        ("", "1 2 3 4"),
    ];
    for (query, expected) in cases {
        assert_eq!(asked(&*tx, query)?, expected, "{query}");
    }
    assert_eq!(tx.count(&Selection::of(&[], &Filter::everything()))?, 0, "no table, no record");
    Ok(())
}

/// A dot-walk looks in the tables its reference leads to; a dangling or missing reference reads as empty.
pub fn paths_walk_through_references(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let cases = [
        ("assigned_to.nameSTARTSWITHmia", "1"),
        ("assigned_toLIKEé", "2"),
        ("assigned_to.nameISEMPTY", "3 4"),
        ("assigned_to.sys_id=a5a5a5a5a5a5a5a5a5a5a5a50000000b", "1"),
        ("assigned_to.location.short_description=pump house", "1"),
        ("assigned_to.name!=mia moser", "2 3 4"),
        ("assigned_to.nameSAMEASassigned_to.location.short_description", "3 4"),
        ("ORDERBYDESCassigned_to.name", "2 1 3 4"),
    ];
    for (query, expected) in cases {
        assert_eq!(asked(&*tx, query)?, expected, "{query}");
    }
    Ok(())
}

/// Most significant key first, empty before everything, identity last; pages cut that order.
pub fn pages_follow_the_order_and_never_overlap(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let cases = [
        ("ORDERBYpriority", "4 1 3 2"),
        ("ORDERBYDESCpriority", "2 3 1 4"),
        ("ORDERBYDESCsys_updated_on", "3 2 1 4"),
        ("ORDERBYactive^ORDERBYDESCpriority", "3 4 2 1"),
        ("ORDERBYsys_class_name^ORDERBYDESCnumber", "2 4 3 1"),
    ];
    for (query, expected) in cases {
        assert_eq!(asked(&*tx, query)?, expected, "{query}");
    }
    let (all, order) = (Filter::everything(), ordered(&[("active", true)]));
    for size in 1..=5 {
        let mut numbers = Vec::new();
        for page in 0..=4 {
            let selection = Selection { order: &order, ..Selection::of(&*TABLES, &all) };
            let records = tx.select(&selection, size, page * size)?;
            numbers.extend(records.iter().map(|record| record.text("number").to_owned()));
        }
        assert_eq!(numbers, ["N1", "N2", "N3", "N4"], "in pages of {size}");
    }
    Ok(())
}

/// Who sees a table in part finds the members of the keys, by themselves and at the end of a dot-walk.
pub fn what_is_out_of_sight_is_not_found_by_any_way(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let mut tx = storage.begin()?;
    let [first, mia] = [DocumentId::new("wm_task", sys_id(1)), DocumentId::new("sys_user", sys_id(11))];
    for document in [&first, &mia] {
        tx.put_links(document, &BTreeSet::from([(key("user:mia"), document.clone())]))?;
    }
    tx.append(&[row(&first), enter(&first, "user:mia"), enter(&mia, "user:mia")])?;
    tx.commit()?;
    let tx = storage.read()?;
    let sight = |whole: &[&str], keys: &[&str]| Sight {
        whole: Some(whole.iter().map(|table| TableName::from(*table)).collect()),
        keys: keys.iter().map(|name| key(name)).collect(),
        ..Sight::default()
    };
    let cases: [(Sight, &str, &str); 9] = [
        (sight(&[], &[]), "", ""),
        (sight(&[], &["user:mia"]), "", "1"),
        (sight(&["incident"], &["user:tom"]), "", "2"),
        (sight(&["incident"], &["user:mia"]), "", "1 2"),
        (sight(&["incident", "wm_task"], &[]), "assigned_to.nameISNOTEMPTY", ""),
        (sight(&["incident", "wm_task"], &["user:mia"]), "assigned_to.nameISNOTEMPTY", "1"),
        (sight(&["incident", "wm_task"], &["user:mia"]), "ORDERBYDESCassigned_to.name", "1 2 3 4"),
        (sight(&["wm_task"], &[]), "JOINtask.assigned_to=sys_user.sys_id!", ""),
        (sight(&["wm_task"], &[]), "RLQUERYtask.parent,=1^ENDRLQUERY", "4"),
    ];
    for (sight, query, expected) in &cases {
        let (filter, order) = resolved(query);
        let selection = Selection { order: &order, sight, ..Selection::of(&*TABLES, &filter) };
        assert_eq!(found(&*tx, &selection)?, *expected, "{query} with {sight:?}");
    }
    let (filter, asked) = (Filter::everything(), Aggregation::default());
    let selection = Selection { sight: &cases[3].0, ..Selection::of(&*TABLES, &filter) };
    assert_eq!(tx.aggregate(&selection, &asked)?[0].count, 2, "figures are made of what is in sight");
    Ok(())
}

/// Groups of equal values, empty ones too, each with its figures and one of its records.
pub fn groups_are_counted_and_figured(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let all = Filter::everything();
    let figures = [
        (Function::Sum, "priority"),
        (Function::Average, "priority"),
        (Function::Minimum, "close_notes"),
        (Function::Maximum, "sys_updated_on"),
        (Function::Count, "assigned_to.name"),
    ];
    let figures = figures.map(|(function, path)| (function, world::path(path))).to_vec();
    let one = Aggregation { group_by: Vec::new(), figures: figures.clone() };
    let buckets = tx.aggregate(&Selection::of(&*TABLES, &all), &one)?;
    let [Bucket { count: 4, figures: found, .. }] = &buckets[..] else { panic!("{buckets:?}") };
    let moment = Timestamp::parse("2026-03-03 10:00:00").expect("a moment").0;
    let expected = [
        Figure::Whole(13),
        Figure::Real(13.0 / 3.0),
        Figure::Text("10".into()),
        Figure::Whole(moment),
        Figure::Whole(2),
    ];
    assert_eq!(*found, expected.map(Some));
    let grouped = Aggregation { group_by: vec![Path::of("sys_class_name"), Path::of("active")], figures: Vec::new() };
    let shown = |bucket: &Bucket| {
        let example = bucket.example.as_ref().expect("a group has records");
        (example.id.table.to_string(), example.get("active").map(ToString::to_string), bucket.count)
    };
    let groups: Vec<_> = tx.aggregate(&Selection::of(&*TABLES, &all), &grouped)?.iter().map(shown).collect();
    let expected = [
        ("incident".to_owned(), Some("false".to_owned()), 1),
        ("wm_task".to_owned(), None, 2),
        ("wm_task".to_owned(), Some("true".to_owned()), 1),
    ];
    assert_eq!(groups, expected);
    let none = tx.aggregate(&Selection::of(&*TABLES, &Filter::nothing()), &one)?;
    assert_eq!((none.len(), none[0].count, &none[0].example), (1, 0, &None));
    Ok(())
}

/// Values are only values, and a name that is none is refused in words.
pub fn text_in_a_query_is_never_sql(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    for value in ["' OR '1'='1", "x'); DROP TABLE record; --", "%", "\u{0}", "?1"] {
        for operator in ["=", "STARTSWITH", "IN", "BETWEEN", "ENDSWITH"] {
            assert_eq!(asked(&*tx, &format!("number{operator}{value}"))?, "", "{operator} {value}");
        }
    }
    for name in ["number' OR '1", "", "a..b", "Number", "$.number", "größe"] {
        let (path, step) = (Path::of(name), Step { field: name.into(), tables: TABLES.to_vec() });
        let walked = Path { steps: vec![step], field: "number".into() };
        let same = test("number", Check::SameAs(path.clone()));
        for filter in [test(name, Check::Filled), Filter::Test(walked, Check::Filled), same] {
            let refused = matches!(tx.count(&Selection::of(&*TABLES, &filter)), Err(StorageError::Query(_)));
            assert!(refused, "{name} was accepted");
        }
        let (all, order) = (Filter::everything(), ordered(&[(name, false)]));
        let selection = Selection { order: &order, ..Selection::of(&*TABLES, &all) };
        assert!(matches!(tx.select(&selection, 1, 0), Err(StorageError::Query(_))), "{name} was accepted");
    }
    assert_eq!(asked(&*tx, "")?, "1 2 3 4");
    Ok(())
}

/// As many conditions as a query may have, joined in any way, are not too deep; more values than can be bound are refused.
pub fn the_longest_query_is_answered(storage: &dyn Storage) -> Result<()> {
    fill(storage)?;
    let tx = storage.read()?;
    let numbered = |count: usize| (0..count).map(|number| format!("number=n{number}")).collect::<Vec<_>>();
    assert_eq!(asked(&*tx, &numbered(CONDITION_LIMIT).join("^OR"))?, "1 2 3 4");
    assert_eq!(asked(&*tx, &vec!["priority<5"; CONDITION_LIMIT].join("^"))?, "1 3");
    assert_eq!(asked(&*tx, &numbered(CONDITION_LIMIT).join("^NQ"))?, "1 2 3 4");
    let numbers = (0..10_000).map(|number| format!("n{number}")).collect::<Vec<_>>().join(",");
    assert_eq!(asked(&*tx, &format!("numberIN{numbers}"))?, "1 2 3 4");
    let too_many = (0..40_000).map(|number| Operand::from(&*number.to_string())).collect();
    let filter = test("number", Check::Is(too_many));
    let selection = Selection { tables: &*TABLES, filter: &filter, order: &[], sight: &EVERYTHING };
    assert!(matches!(tx.count(&selection), Err(StorageError::Query(_))));
    Ok(())
}
