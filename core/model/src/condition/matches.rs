//! Evaluates a query in memory, with the meaning that storage gives it in SQL.
//!
//! Texts compare without regard to case; numbers, moments (in milliseconds) and yes/no compare as numbers. An empty field
//! equals the empty text and satisfies no comparison, so a negation of any comparison holds for it.

use std::cmp::Ordering;

use super::{Condition, Operator, Query};
use crate::dictionary::Dictionary;
use crate::id::DocumentId;
use crate::record::Record;
use crate::time::Timestamp;
use crate::value::{Decimal, Value};

/// How the records that a dot-walk passes are found.
pub type Resolve<'a> = dyn Fn(&DocumentId) -> Option<Record> + 'a;

impl Query {
    /// Whether a record matches.
    pub fn matches(&self, record: &Record, resolve: &Resolve<'_>, dictionary: &Dictionary) -> bool {
        let world = World { resolve, dictionary };
        let holds = |condition: &Condition| world.holds(condition, record);
        let mut groups = self.groups.iter();
        self.groups.is_empty() || groups.any(|group| group.clauses.iter().all(|clause| clause.iter().any(holds)))
    }
}

struct World<'a> {
    resolve: &'a Resolve<'a>,
    dictionary: &'a Dictionary,
}

impl World<'_> {
    fn holds(&self, condition: &Condition, record: &Record) -> bool {
        let field = self.walk(record, &condition.path).and_then(Operand::of);
        let given = condition.value.as_str();
        let in_text = |test: fn(&str, &str) -> bool| field.as_ref().is_some_and(|field| field.in_text(given, test));
        let ordered = |orders: &[Ordering], given: &str| {
            field.as_ref().and_then(|field| field.compare(given)).is_some_and(|order| orders.contains(&order))
        };
        let same = || field == self.walk(record, &path(given)).and_then(Operand::of);
        match condition.operator {
            Operator::Anything => true,
            Operator::IsEmpty => field.is_none(),
            Operator::IsNotEmpty => field.is_some(),
            Operator::Equals => equals(field.as_ref(), given),
            Operator::NotEquals => !equals(field.as_ref(), given),
            Operator::In => given.split(',').any(|one| equals(field.as_ref(), one)),
            Operator::NotIn => !given.split(',').any(|one| equals(field.as_ref(), one)),
            Operator::Less => ordered(&[Ordering::Less], given),
            Operator::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal], given),
            Operator::Greater => ordered(&[Ordering::Greater], given),
            Operator::GreaterOrEqual => ordered(&[Ordering::Greater, Ordering::Equal], given),
            Operator::Between => given.split_once('@').is_some_and(|(low, high)| {
                ordered(&[Ordering::Greater, Ordering::Equal], low) && ordered(&[Ordering::Less, Ordering::Equal], high)
            }),
            Operator::Contains => in_text(|field, given| field.contains(given)),
            Operator::NotContains => !in_text(|field, given| field.contains(given)),
            Operator::StartsWith => in_text(|field, given| field.starts_with(given)),
            Operator::EndsWith => in_text(|field, given| field.ends_with(given)),
            Operator::SameAs => same(),
            Operator::NotSameAs => !same(),
        }
    }

    /// The value at the end of a dot-walk.
    fn walk(&self, record: &Record, path: &[String]) -> Option<Value> {
        let (first, rest) = path.split_first()?;
        if rest.is_empty() {
            return value_of(record, first);
        }
        let field = self.dictionary.table(record.id.table.as_str())?.field(first)?;
        let id = record.reference(first)?;
        // A reference to a parent table leads to a record of any table that extends it.
        let tables = self.dictionary.descendants(field.reference.as_ref()?.as_str());
        let target = tables.into_iter().find_map(|table| (self.resolve)(&DocumentId::new(table, id)))?;
        self.walk(&target, rest)
    }
}

fn value_of(record: &Record, field: &str) -> Option<Value> {
    match field {
        "sys_id" => Some(Value::Reference(record.id.sys_id)),
        "sys_class_name" => Some(Value::text(record.id.table.as_str())),
        _ => record.get(field).cloned(),
    }
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn equals(field: Option<&Operand>, given: &str) -> bool {
    match field {
        None => given.is_empty(),
        Some(field) => field.compare(given) == Some(Ordering::Equal),
    }
}

/// A value as it compares.
#[derive(PartialEq, Eq)]
enum Operand {
    /// In lower case.
    Text(String),
    /// In millionths.
    Number(i128),
    Boolean(bool),
}

impl Operand {
    /// `None` when empty.
    fn of(value: Value) -> Option<Self> {
        let whole = |number: i64| Self::Number(i128::from(number) * 1_000_000);
        match value {
            Value::Integer(number) => Some(whole(number)),
            Value::Time(moment) => Some(whole(moment.0)),
            Value::Decimal(number) => Some(Self::Number(number.millionths.into())),
            Value::Boolean(yes) => Some(Self::Boolean(yes)),
            Value::Text(_) | Value::Reference(_) | Value::List(_) => {
                Some(value.to_string().to_lowercase()).filter(|text| !text.is_empty()).map(Self::Text)
            }
        }
    }

    /// How it compares with a value as written; `None` when the two do not.
    fn compare(&self, given: &str) -> Option<Ordering> {
        match self {
            Self::Text(text) => Some(text.as_str().cmp(&given.to_lowercase())),
            Self::Number(number) => Some(number.cmp(&read_number(given)?)),
            Self::Boolean(yes) => match given.to_lowercase().as_str() {
                "true" => Some(yes.cmp(&true)),
                "false" => Some(yes.cmp(&false)),
                _ => Some((i128::from(*yes) * 1_000_000).cmp(&read_number(given)?)),
            },
        }
    }

    fn in_text(&self, given: &str, test: fn(&str, &str) -> bool) -> bool {
        matches!(self, Self::Text(text) if test(text, &given.to_lowercase()))
    }
}

/// A number or a moment (as milliseconds), in millionths.
fn read_number(text: &str) -> Option<i128> {
    let whole = |number: i64| i128::from(number) * 1_000_000;
    let decimal = || text.parse::<Decimal>().ok().map(|number| i128::from(number.millionths));
    let moment = || Timestamp::parse(text).map(|moment| whole(moment.0));
    text.parse().ok().map(whole).or_else(decimal).or_else(moment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;
    use crate::id::SysId;

    fn record(table: &str, id: u8, fields: &[(&str, Value)]) -> Record {
        let mut record = Record::new(DocumentId::new(table, SysId([id; 16])));
        fields.iter().for_each(|(name, value)| record.set(*name, Some(value.clone())));
        record
    }

    fn world(id: &DocumentId) -> Option<Record> {
        let known = [
            record("sys_user", 2, &[("name", Value::text("Mia Berg"))]),
            record("incident", 3, &[("caller_id", Value::Reference(SysId([2; 16])))]),
            record("wm_order", 4, &[("initiated_from", Value::Reference(SysId([3; 16])))]),
        ];
        known.into_iter().find(|record| record.id == *id)
    }

    fn task() -> Record {
        let fields = [
            ("short_description", Value::text("Boiler leaks")),
            ("priority", Value::Integer(2)),
            ("active", Value::Boolean(true)),
            ("window_start", Value::Time(Timestamp::parse("2026-03-01 08:00:00").expect("a moment"))),
            ("assigned_to", Value::Reference(SysId([2; 16]))),
            ("parent", Value::Reference(SysId([4; 16]))),
            ("impact", Value::Integer(2)),
        ];
        record("wm_task", 1, &fields)
    }

    fn holds(text: &str) -> bool {
        let parsed = Query::parse(text);
        assert!(parsed.ignored.is_empty(), "{text}");
        parsed.query.matches(&task(), &world, Dictionary::shipped())
    }

    #[test]
    fn each_operator_has_its_meaning() {
        for text in [
            "",
            "short_description=boiler LEAKS",
            "short_descriptionLIKELeak",
            "short_descriptionSTARTSWITHboil",
            "short_description%leaks",
            "short_descriptionNOT LIKEroof",
            "priority<=2",
            "priority>1.5",
            "priorityIN1,2",
            "priorityNOT IN3,4",
            "priorityBETWEEN1@3",
            "active=true^active=1",
            "active!=false",
            "window_start>2026-03-01",
            "window_startBETWEEN2026-03-01@2026-03-02",
            "closed_atISEMPTY^closed_at=^closed_at!=x^closed_atNOT LIKEx",
            "assigned_toISNOTEMPTY^assigned_to=02020202020202020202020202020202",
            "prioritySAMEASimpact^priorityNSAMEASurgency",
            "sys_class_name=wm_task^sys_id=01010101010101010101010101010101",
            "priorityANYTHING",
        ] {
            assert!(holds(text), "{text} should hold");
        }
        for text in [
            "short_description=boiler",
            "priority>2",
            "priority=two",
            "priorityLIKE2",
            "priorityBETWEEN3",
            "closed_at<2026-03-01",
            "closed_atLIKE",
            "active=0",
        ] {
            assert!(!holds(text), "{text} should not hold");
        }
    }

    #[test]
    fn alternatives_bind_closer_than_and_and_and_closer_than_a_new_query() {
        assert!(holds("priority=9^ORpriority=2^active=true"));
        assert!(!holds("priority=2^ORpriority=9^active=false"));
        assert!(holds("priority=9^active=true^NQactive=true"));
    }

    #[test]
    fn a_dot_walk_passes_references_also_to_a_parent_table() {
        assert!(holds("assigned_to.name=mia berg"));
        assert!(holds("parent.initiated_from.caller_id.nameLIKEberg"));
        assert!(holds("location.nameISEMPTY"));
        let by_name = Query::parse("assigned_toLIKEberg").query.for_table("wm_task", Dictionary::shipped()).query;
        assert!(by_name.matches(&task(), &world, Dictionary::shipped()));
    }

    proptest! {
        #[test]
        fn a_condition_and_its_negation_never_agree(value in "[a-c1-3,@. -]{0,8}") {
            for field in ["short_description", "priority", "active", "window_start", "closed_at", "assigned_to.name"] {
                for (plain, negated) in [("=", "!="), ("LIKE", "NOT LIKE"), ("IN", "NOT IN")] {
                    prop_assert_eq!(holds(&format!("{field}{plain}{value}")), !holds(&format!("{field}{negated}{value}")));
                }
            }
        }
    }
}
