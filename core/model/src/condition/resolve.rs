//! Fits a query to a table: what its texts mean for the fields they are compared with, and what the caller may ask about.

use super::dates::{Calendar, Unit};
use super::{
    Check, Comparison, Condition, DatePart, Filter, Operand, Operator, Path, Query, Referred, Related, Sort, Step,
};
use super::{Term, parse::WALK_LIMIT};
use crate::dictionary::{Dictionary, Field, FieldType, Table};
use crate::id::SysId;
use crate::time::{Timestamp, Zone};

/// "Me" and "One of my groups", as `DYNAMIC` names them on every instance.
const DYNAMIC_ME: [&str; 2] = ["90d1921e5f510100a9ad2572f2b477fe", "54635e965f510100a9ad2572f2b4774c"];
const DYNAMIC_MY_GROUPS: &str = "d6435e965f510100a9ad2572f2b47744";

/// Who asks, when, of which tables.
pub struct Asking<'a> {
    /// The tables there are.
    pub dictionary: &'a Dictionary,
    /// The moment relative dates count from.
    pub now: Timestamp,
    /// Where the caller's days begin.
    pub zone: &'a dyn Zone,
    /// Who `javascript:gs.getUserID()` is.
    pub user: Option<SysId>,
    /// The caller's groups, looked up when they are asked for.
    pub groups: &'a dyn Fn() -> Vec<SysId>,
    /// Whether the caller may know what a field holds.
    pub may_read: &'a dyn Fn(&Table, &Field) -> bool,
}

/// A query as it holds for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Which records.
    pub filter: Filter,
    /// In which order, most significant first.
    pub order: Vec<Sort>,
    /// What was left out, as written.
    pub ignored: Vec<String>,
}

impl Query {
    /// The query as it holds for one table: without what the table does not have or the caller may not ask.
    pub fn resolve(&self, table: &str, asking: &Asking<'_>) -> Resolved {
        let mut ignored = Vec::new();
        let mut groups = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let mut clauses = Vec::with_capacity(group.clauses.len());
            for clause in &group.clauses {
                let mut terms = Vec::with_capacity(clause.len());
                for term in clause {
                    match asking.term(table, term) {
                        Some(filter) => terms.push(filter),
                        None => ignored.push(term.to_string()),
                    }
                }
                if !terms.is_empty() {
                    clauses.push(single(terms, Filter::Any));
                }
            }
            if !clauses.is_empty() {
                groups.push(single(clauses, Filter::All));
            }
        }
        let mut order = Vec::with_capacity(self.order.len());
        for key in &self.order {
            match asking.walk(table, &key.path) {
                Some((path, _)) => order.push(Sort { path, descending: key.descending }),
                None => ignored.push(key.to_string()),
            }
        }
        let filter = if groups.is_empty() { Filter::everything() } else { single(groups, Filter::Any) };
        Resolved { filter, order, ignored }
    }
}

fn single(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

impl<'a> Asking<'a> {
    fn calendar(&self) -> Calendar<'a> {
        Calendar { now: self.now, zone: self.zone }
    }

    /// The way to a field, and the field; `None` when it leads nowhere or past what the caller may read.
    pub fn walk(&self, table: &str, names: &[String]) -> Option<(Path, &'a Field)> {
        let (last, walked) = names.split_last().filter(|_| names.len() <= WALK_LIMIT)?;
        let mut at = self.dictionary.table(table)?;
        let mut steps = Vec::with_capacity(walked.len());
        for name in walked {
            let field = self.readable(at, name)?;
            let target = field.reference.as_ref().filter(|_| field.field_type == FieldType::Reference)?;
            at = self.dictionary.table(target.as_str())?;
            steps.push(Step { field: field.name.clone(), tables: self.dictionary.family(target.as_str()).to_vec() });
        }
        let field = self.readable(at, last)?;
        Some((Path { steps, field: field.name.clone() }, field))
    }

    fn readable(&self, table: &Table, name: &str) -> Option<&'a Field> {
        let declared = self.dictionary.table(table.name.as_str())?;
        let field = declared.field(name)?;
        (self.may_read)(declared, field).then_some(field)
    }

    fn term(&self, table: &str, term: &Term) -> Option<Filter> {
        match term {
            Term::Condition(condition) => self.condition(table, condition),
            Term::Referred(referred) => self.referred(table, referred),
            Term::Words(words) => Some(Filter::Words(words.clone())),
        }
    }

    fn referred(&self, table: &str, referred: &Referred) -> Option<Filter> {
        let other = self.dictionary.table(&referred.table)?;
        let field = self.readable(other, &referred.field)?;
        let here = match &referred.here {
            Some((left, local)) => {
                let related = self.dictionary.is_a(table, left) || self.dictionary.is_a(left, table);
                self.readable(self.dictionary.table(table)?, local).filter(|_| related)?.name.clone()
            }
            None => "sys_id".into(),
        };
        let filter = Box::new(referred.query.resolve(&referred.table, self).filter);
        let (tables, field) = (self.dictionary.family(&referred.table).to_vec(), field.name.clone());
        Some(Filter::Related(Related { here, tables, field, filter, count: referred.count }))
    }

    fn condition(&self, table: &str, condition: &Condition) -> Option<Filter> {
        let (mut path, mut field) = self.walk(table, &condition.path)?;
        if field.is_user_name() || (condition.operator.reads_text() && field.field_type == FieldType::Reference) {
            (path, field) = self.as_read(path, field, &condition.value)?;
        }
        let one = Compared { asking: self, table, path, field, value: &condition.value };
        one.filter(condition.operator)
    }

    /// What people read in place of a reference, whose text an operator looks into.
    fn as_read(&self, mut path: Path, mut field: &'a Field, value: &str) -> Option<(Path, &'a Field)> {
        while field.field_type == FieldType::Reference {
            let names_records = |value: &String| value.parse::<SysId>().is_ok();
            if field.is_user_name() && self.values(value).iter().all(names_records) {
                break;
            }
            let target = self.dictionary.table(field.reference.as_ref()?.as_str())?;
            let tables = self.dictionary.family(target.name.as_str()).to_vec();
            let name = if field.is_user_name() { "user_name" } else { target.display.as_str() };
            path.steps.push(Step { field: field.name.clone(), tables });
            field = self.readable(target, name)?;
            if path.steps.len() >= WALK_LIMIT {
                return None;
            }
        }
        Some((Path { steps: path.steps, field: field.name.clone() }, field))
    }

    /// The values a text stands for: as written, or who asks.
    fn values(&self, text: &str) -> Vec<String> {
        match text.strip_prefix("javascript:").map(|script| script.trim().trim_end_matches(';')) {
            Some("gs.getUserID()" | "gs.user_id()") => self.user.iter().map(SysId::to_string).collect(),
            Some("gs.getUser().getMyGroups()" | "getMyGroups()") => {
                (self.groups)().iter().map(SysId::to_string).collect()
            }
            _ => vec![text.to_owned()],
        }
    }
}

/// A field that is compared with a text.
struct Compared<'c, 'a> {
    asking: &'c Asking<'a>,
    table: &'c str,
    path: Path,
    field: &'a Field,
    value: &'c str,
}

impl Compared<'_, '_> {
    fn test(&self, check: Check) -> Filter {
        Filter::Test(self.path.clone(), check)
    }

    fn filter(&self, operator: Operator) -> Option<Filter> {
        use Operator as O;
        let value = self.value;
        Some(match operator {
            O::Anything => Filter::everything(),
            O::IsEmpty => self.test(Check::Filled).negated(),
            O::IsNotEmpty => self.test(Check::Filled),
            O::Equals => self.is_one_of([value]),
            O::NotEquals => self.is_one_of([value]).negated(),
            O::In => self.is_one_of(value.split(',')),
            O::NotIn => self.is_one_of(value.split(',')).negated(),
            O::Less => self.compare(Comparison::Less, value),
            O::LessOrEqual => self.compare(Comparison::LessOrEqual, value),
            O::Greater => self.compare(Comparison::Greater, value),
            O::GreaterOrEqual => self.compare(Comparison::GreaterOrEqual, value),
            O::Between => self.between(value),
            O::On => self.between(value.split_once('@')?.1),
            O::NotOn => self.between(value.split_once('@')?.1).negated(),
            O::Contains => self.text(Check::Contains),
            O::NotContains => self.text(Check::Contains).negated(),
            O::StartsWith => self.text(Check::StartsWith),
            O::EndsWith => self.text(Check::EndsWith),
            O::SameAs => self.test(Check::SameAs(self.other(value)?)),
            O::NotSameAs => self.test(Check::SameAs(self.other(value)?)).negated(),
            O::InstanceOf => self.instance_of()?,
            O::Dynamic => self.dynamic()?,
            O::Relative => self.relative()?,
            O::DatePart => self.date_part()?,
            O::MoreThan => self.apart(true)?,
            O::LessThan => self.apart(false)?,
            O::Changes | O::ChangesFrom | O::ChangesTo => return None,
            O::GreaterThanField => self.compare_field(Comparison::Greater)?,
            O::LessThanField => self.compare_field(Comparison::Less)?,
            O::GreaterOrEqualField => self.compare_field(Comparison::GreaterOrEqual)?,
            O::LessOrEqualField => self.compare_field(Comparison::LessOrEqual)?,
        })
    }

    /// What a text means for the field; `None` when the field can never hold it.
    fn operand(&self, text: &str) -> Option<Operand> {
        let word = text.trim();
        match self.field.field_type {
            FieldType::String | FieldType::Reference | FieldType::GlideList => Some(text.into()),
            FieldType::Integer | FieldType::Decimal => word.parse().ok().map(Operand::Number),
            FieldType::Boolean => match word.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true.into()),
                "false" | "0" => Some(false.into()),
                _ => None,
            },
            FieldType::GlideDateTime => self.asking.calendar().read(text).map(Operand::Moment),
        }
    }

    fn is_one_of<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Filter {
        let (mut wanted, mut others) = (Vec::new(), Vec::new());
        for text in texts.into_iter().flat_map(|text| self.asking.values(text)) {
            match (text.is_empty(), self.operand(&text)) {
                (true, _) => others.push(self.test(Check::Filled).negated()),
                (_, Some(Operand::Moment(_))) => others.push(self.compare(Comparison::Equal, &text)),
                (_, Some(operand)) => wanted.push(operand),
                (_, None) => {}
            }
        }
        if !wanted.is_empty() {
            others.push(self.test(Check::Is(wanted)));
        }
        single(others, Filter::Any)
    }

    /// Moments are written to the second, and what happened within it counts as it.
    fn compare(&self, comparison: Comparison, text: &str) -> Filter {
        let Some(operand) = self.operand(text) else { return Filter::nothing() };
        let Operand::Moment(moment) = operand else { return self.test(Check::Compare(comparison, operand)) };
        let begin = Timestamp(moment.0.div_euclid(1_000) * 1_000);
        let at = |comparison, moment: Timestamp| self.test(Check::Compare(comparison, Operand::Moment(moment)));
        let end = begin.plus_milliseconds(1_000);
        match comparison {
            Comparison::Less | Comparison::GreaterOrEqual => at(comparison, begin),
            Comparison::LessOrEqual => at(Comparison::Less, end),
            Comparison::Greater => at(Comparison::GreaterOrEqual, end),
            Comparison::Equal => at(Comparison::GreaterOrEqual, begin).and(at(Comparison::Less, end)),
        }
    }

    fn between(&self, value: &str) -> Filter {
        match value.split_once('@') {
            Some((low, high)) => {
                self.compare(Comparison::GreaterOrEqual, low).and(self.compare(Comparison::LessOrEqual, high))
            }
            None => Filter::nothing(),
        }
    }

    fn text(&self, check: fn(String) -> Check) -> Filter {
        match self.field.field_type {
            FieldType::String | FieldType::Reference | FieldType::GlideList => {
                self.test(check(self.value.to_lowercase()))
            }
            _ => Filter::nothing(),
        }
    }

    /// Another field of the same table that holds values of the same kind.
    fn other(&self, name: &str) -> Option<Path> {
        let names: Vec<String> = name.split('.').map(str::to_owned).collect();
        let (path, field) = self.asking.walk(self.table, &names)?;
        (kind(field.field_type) == kind(self.field.field_type)).then_some(path)
    }

    fn compare_field(&self, comparison: Comparison) -> Option<Filter> {
        Some(self.test(Check::CompareField(comparison, self.other(self.value)?, 0)))
    }

    fn instance_of(&self) -> Option<Filter> {
        let family = self.asking.dictionary.family(self.value.trim());
        let is_class = self.path.field == *"sys_class_name" && !family.is_empty();
        let names = family.iter().map(|table| table.as_str().into()).collect();
        is_class.then(|| self.test(Check::Is(names)))
    }

    fn dynamic(&self) -> Option<Filter> {
        let ids: Vec<SysId> = match self.value {
            me if DYNAMIC_ME.contains(&me) => self.asking.user.into_iter().collect(),
            DYNAMIC_MY_GROUPS => (self.asking.groups)(),
            _ => return None,
        };
        Some(self.test(Check::Is(ids.into_iter().map(Operand::from).collect())))
    }

    /// `GT@hour@ago@2`
    fn relative(&self) -> Option<Filter> {
        let (comparison, rest) = self.value.split_once('@')?;
        let comparison = Comparison::of_word(comparison)?;
        let [unit, direction, count] = three(rest)?;
        let (unit, count) = (Unit::of(unit)?, count.parse::<i64>().ok().filter(|count| *count >= 0)?);
        let count = match direction {
            "ago" => -count,
            "ahead" => count,
            _ => return None,
        };
        let calendar = self.asking.calendar();
        let at = |comparison, moment| self.test(Check::Compare(comparison, Operand::Moment(moment)));
        Some(match comparison {
            Comparison::Equal => {
                let (from, until) = calendar.span(unit, count)?;
                at(Comparison::GreaterOrEqual, from).and(at(Comparison::Less, until))
            }
            other => at(other, calendar.shifted(unit, count)?),
        })
        .filter(|_| self.field.field_type == FieldType::GlideDateTime)
    }

    /// `Monday@javascript:gs.datePart('dayofweek','monday','LE')`
    fn date_part(&self) -> Option<Filter> {
        let call = self.value.split_once("gs.datePart(")?.1.trim_end_matches(';').strip_suffix(')')?;
        let words: Vec<String> =
            call.split(',').map(|word| word.trim().trim_matches(['\'', '"']).to_lowercase()).collect();
        let [part, shown, comparison] = &words[..] else { return None };
        let comparison = Comparison::of_word(&comparison.to_uppercase())?;
        let (part, shown) = match part.as_str() {
            "dayofweek" => (DatePart::DayOfWeek, position(&DAYS, shown)?),
            "month" => (DatePart::Month, position(&MONTHS, shown).map(|month| month + 1).or(shown.parse().ok())?),
            "quarter" => (DatePart::Quarter, shown.parse().ok()?),
            "year" => (DatePart::Year, shown.parse().ok()?),
            "hour" => (DatePart::Hour, shown.parse().ok()?),
            _ => return None,
        };
        let ahead_seconds = self.asking.zone.ahead_seconds(self.asking.now);
        Some(self.test(Check::Part(part, comparison, shown, ahead_seconds)))
            .filter(|_| self.field.field_type == FieldType::GlideDateTime)
    }

    /// `activity_due@day@before@1`: more or less than a day before another field.
    fn apart(&self, is_more: bool) -> Option<Filter> {
        let (other, rest) = self.value.split_once('@')?;
        let [unit, direction, count] = three(rest)?;
        let other = self.other(other)?;
        let away = Unit::of(unit)?.milliseconds()?.checked_mul(count.parse().ok()?)?;
        let at = |comparison, more| self.test(Check::CompareField(comparison, other.clone(), more));
        Some(match (direction, is_more) {
            ("before", true) => at(Comparison::Less, -away),
            ("before", false) => at(Comparison::Greater, -away).and(at(Comparison::LessOrEqual, 0)),
            ("after", true) => at(Comparison::Greater, away),
            ("after", false) => at(Comparison::Less, away).and(at(Comparison::GreaterOrEqual, 0)),
            _ => return None,
        })
    }
}

/// Types whose values compare with each other, by one of them.
fn kind(of: FieldType) -> FieldType {
    match of {
        FieldType::Integer => FieldType::Decimal,
        FieldType::Reference | FieldType::GlideList => FieldType::String,
        other => other,
    }
}

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn position(names: &[&str], name: &str) -> Option<i64> {
    names.iter().position(|known| *known == name).and_then(|at| i64::try_from(at).ok())
}

fn three(text: &str) -> Option<[&str; 3]> {
    text.split('@').collect::<Vec<_>>().try_into().ok()
}
