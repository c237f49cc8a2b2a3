//! Evaluates a filter in memory, with the meaning that storage gives it in SQL: the same rule where there is no database, and
//! the oracle that every storage is compared with.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, Timelike};

use super::{Check, DatePart, Filter, Operand, Path, Related};
use crate::id::{SysId, TableName};
use crate::record::Record;
use crate::time::Timestamp;
use crate::value::{Decimal, Value};

/// The other records there are, as far as whoever asks may see them.
pub trait World {
    /// A record of one of these tables.
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record>;

    /// Every record of these tables.
    fn all(&self, tables: &[TableName]) -> Vec<Record>;
}

/// A world of no other records, for filters of the record itself.
pub struct Alone;

impl World for Alone {
    fn find(&self, _: &[TableName], _: SysId) -> Option<Record> {
        None
    }

    fn all(&self, _: &[TableName]) -> Vec<Record> {
        Vec::new()
    }
}

impl Filter {
    /// Whether it holds for a record.
    pub fn matches(&self, record: &Record, world: &dyn World) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(record, world)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(record, world)),
            Self::Not(part) => !part.matches(record, world),
            Self::Test(path, check) => check.passes(path.value(record, world).as_ref(), record, world),
            Self::Related(related) => related.holds(record, world),
            Self::Words(words) => has_words(record, words),
        }
    }
}

impl Path {
    /// What is at its end, `None` when empty or out of sight.
    pub fn value(&self, record: &Record, world: &dyn World) -> Option<Operand> {
        let Some((step, rest)) = self.steps.split_first() else { return operand(record, self.field.as_str()) };
        let target = world.find(&step.tables, record.reference(step.field.as_str())?)?;
        Self { steps: rest.to_vec(), field: self.field.clone() }.value(&target, world)
    }
}

fn operand(record: &Record, field: &str) -> Option<Operand> {
    match field {
        "sys_id" => return Some(record.id.sys_id.into()),
        "sys_class_name" => return Some(record.id.table.as_str().into()),
        _ => {}
    }
    match record.get(field)? {
        Value::Integer(number) => Some((*number).into()),
        Value::Decimal(number) => Some(Operand::Number(*number)),
        Value::Boolean(yes) => Some((*yes).into()),
        Value::Time(moment) => Some(Operand::Moment(*moment)),
        text => Some(text.to_string().as_str().into()).filter(|text| *text != Operand::Text(String::new())),
    }
}

impl Check {
    fn passes(&self, value: Option<&Operand>, record: &Record, world: &dyn World) -> bool {
        if let Self::SameAs(other) = self {
            return value == other.value(record, world).as_ref();
        }
        let Some(value) = value else { return false };
        let in_text = |test: &dyn Fn(&str) -> bool| matches!(value, Operand::Text(text) if test(text));
        match self {
            Self::Filled => true,
            Self::Is(wanted) => wanted.contains(value),
            Self::Compare(comparison, other) => compare(value, other).is_some_and(|order| comparison.holds(order)),
            Self::Contains(part) => in_text(&|text| text.contains(part.as_str())),
            Self::StartsWith(part) => in_text(&|text| text.starts_with(part.as_str())),
            Self::EndsWith(part) => in_text(&|text| text.ends_with(part.as_str())),
            Self::SameAs(_) => unreachable!("answered above"),
            Self::CompareField(comparison, other, more) => {
                let other = other.value(record, world).map(|other| shifted(other, *more));
                other.and_then(|other| compare(value, &other)).is_some_and(|order| comparison.holds(order))
            }
            Self::Part(part, comparison, wanted, ahead_seconds) => {
                let Operand::Moment(moment) = value else { return false };
                part.of(*moment, *ahead_seconds).is_some_and(|shown| comparison.holds(shown.cmp(wanted)))
            }
        }
    }
}

/// How two values of one kind stand; values of different kinds do not compare.
fn compare(one: &Operand, other: &Operand) -> Option<Ordering> {
    match (one, other) {
        (Operand::Text(one), Operand::Text(other)) => Some(one.cmp(other)),
        (Operand::Number(one), Operand::Number(other)) => Some(one.cmp(other)),
        (Operand::Moment(one), Operand::Moment(other)) => Some(one.cmp(other)),
        (Operand::Boolean(one), Operand::Boolean(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

fn shifted(operand: Operand, more: i64) -> Operand {
    match operand {
        Operand::Moment(moment) => Operand::Moment(moment.plus_milliseconds(more)),
        Operand::Number(Decimal { millionths }) => {
            Operand::Number(Decimal { millionths: millionths.saturating_add(more.saturating_mul(1_000_000)) })
        }
        other => other,
    }
}

impl DatePart {
    /// What a clock so many seconds ahead of UTC shows.
    pub fn of(self, moment: Timestamp, ahead_seconds: i32) -> Option<i64> {
        let shown = DateTime::from_timestamp(moment.0.div_euclid(1_000) + i64::from(ahead_seconds), 0)?;
        Some(match self {
            Self::Year => shown.year().into(),
            Self::Quarter => shown.month0() as i64 / 3 + 1,
            Self::Month => shown.month().into(),
            Self::DayOfWeek => shown.weekday().num_days_from_sunday().into(),
            Self::Hour => shown.hour().into(),
        })
    }
}

/// Whether the texts of a record have words that begin so; journals and files are not looked into here.
fn has_words(record: &Record, wanted: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let texts = record.fields.values().filter_map(Value::as_text);
    let (here, wanted): (Vec<String>, _) = (texts.flat_map(words).collect(), words(wanted));
    !wanted.is_empty() && wanted.iter().all(|word| here.iter().any(|known| known.starts_with(word.as_str())))
}

impl Related {
    fn holds(&self, record: &Record, world: &dyn World) -> bool {
        let here = operand(record, self.here.as_str());
        let refers = |other: &&Record| here.is_some() && operand(other, self.field.as_str()) == here;
        let others = world.all(&self.tables);
        let counted = others.iter().filter(refers).filter(|other| self.filter.matches(other, world)).count();
        let (comparison, wanted) = self.count;
        comparison.holds(counted.cmp(&(wanted as usize)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::super::{Asking, Query, Resolved};
    use super::*;
    use crate::dictionary::Dictionary;
    use crate::id::DocumentId;
    use crate::time::Utc0;

    const MIA: SysId = SysId([2; 16]);

    fn record(table: &str, id: u8, fields: &[(&str, Value)]) -> Record {
        let mut record = Record::new(DocumentId::new(table, SysId([id; 16])));
        fields.iter().for_each(|(name, value)| record.set(*name, Some(value.clone())));
        record
    }

    struct Known(Vec<Record>);

    impl World for Known {
        fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record> {
            self.all(tables).into_iter().find(|record| record.id.sys_id == sys_id)
        }

        fn all(&self, tables: &[TableName]) -> Vec<Record> {
            self.0.iter().filter(|record| tables.contains(&record.id.table)).cloned().collect()
        }
    }

    fn world() -> Known {
        Known(vec![
            record("sys_user", 2, &[("name", Value::text("Mia Berg")), ("user_name", Value::text("mia"))]),
            record("incident", 3, &[("opened_by", Value::Reference(MIA))]),
            record("wm_order", 4, &[("initiated_from", Value::Reference(SysId([3; 16])))]),
        ])
    }

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a moment")
    }

    fn task() -> Record {
        let fields = [
            ("short_description", Value::text("Boiler leaks")),
            ("priority", Value::Integer(2)),
            ("active", Value::Boolean(true)),
            ("window_start", Value::Time(moment("2026-03-01 08:00:00").plus_milliseconds(500))),
            ("window_end", Value::Time(moment("2026-03-01 10:00:00"))),
            ("assigned_to", Value::Reference(MIA)),
            ("sys_created_by", Value::Reference(MIA)),
            ("parent", Value::Reference(SysId([4; 16]))),
            ("impact", Value::Integer(2)),
        ];
        record("wm_task", 1, &fields)
    }

    /// On a Sunday at noon, by Mia, who may not read anybody's address.
    fn resolved(text: &str) -> (Filter, Vec<String>) {
        let parsed = Query::parse(text);
        assert!(parsed.ignored.is_empty(), "{text}");
        let asking = Asking {
            dictionary: Dictionary::shipped(),
            now: moment("2026-03-01 12:00:00"),
            zone: &Utc0,
            user: Some(MIA),
            groups: &Vec::new,
            may_read: &|_, field| field.name != *"email",
        };
        let Resolved { filter, ignored, .. } = parsed.query.resolve("wm_task", &asking);
        (filter, ignored)
    }

    fn holds(text: &str) -> bool {
        let (filter, ignored) = resolved(text);
        assert!(ignored.is_empty(), "{text}: {ignored:?}");
        filter.matches(&task(), &world())
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
            "window_start=2026-03-01 08:00:00^window_start<=2026-03-01 08:00:00",
            "window_startONToday@javascript:gs.beginningOfToday()@javascript:gs.endOfToday()",
            "window_startRELATIVEGT@hour@ago@5^window_startRELATIVELT@hour@ago@3^window_startRELATIVEEE@day@ago@0",
            "window_startDATEPARTSunday@javascript:gs.datePart('dayofweek','sunday','EE')",
            "window_startLESSTHANwindow_end@hour@before@3^window_startMORETHANwindow_end@minute@before@90",
            "window_startLT_FIELDwindow_end^priorityGT_OR_EQUALS_FIELDimpact",
            "assigned_to=javascript:gs.getUserID()^assigned_toDYNAMIC90d1921e5f510100a9ad2572f2b477fe",
            "sys_class_nameINSTANCEOFtask^sys_created_by=mia",
            "JOINwm_task.assigned_to=sys_user.sys_id!nameLIKEmia",
            "RLQUERYwm_task.parent,=0^ENDRLQUERY^assigned_to.phoneISEMPTY",
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
            "window_start>2026-03-01 08:00:00",
            "window_startNOTONToday@javascript:gs.beginningOfToday()@javascript:gs.endOfToday()",
            "sys_class_nameINSTANCEOFincident",
            "sys_created_by=tom",
            "JOINwm_task.assigned_to=sys_user.sys_id!nameLIKEtom",
            "RLQUERYwm_task.parent,>0^ENDRLQUERY",
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
        assert!(holds("parent.initiated_from.opened_by.nameLIKEberg"));
        assert!(holds("location.nameISEMPTY"));
        assert!(holds("assigned_toLIKEberg"));
    }

    #[test]
    fn what_a_table_does_not_have_and_the_caller_may_not_read_is_left_out_and_named() {
        let (filter, ignored) = resolved("u_no=1^assigned_to.email=x^locationINSTANCEOFtask^state=16^ORDERBYu_no");
        assert_eq!(filter, Filter::equals("state", 16));
        assert_eq!(ignored, ["u_no=1", "assigned_to.email=x", "locationINSTANCEOFtask", "ORDERBYu_no"]);
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
