//! Reads encoded queries. Never fails: whatever cannot be read is left out and named.

use super::{Condition, Group, Operator, Order, Query};
use crate::dictionary::{Dictionary, Field, FieldType};

/// The most conditions of one query that are considered: what a person or a client writes has a few dozen, and each costs
/// a comparison a row.
pub const CONDITION_LIMIT: usize = 1_000;
/// The most sort keys considered.
const ORDER_LIMIT: usize = 16;
/// The most parts named as left out; more would only fill logs.
const IGNORED_LIMIT: usize = 100;
/// Fields in one dot-walk: six references and a field. Each reference costs one look-up a row.
const WALK_LIMIT: usize = 7;

/// Every spelling of every operator; where one begins with another, the longer stands first. `None` marks spellings that
/// are part of the language but not understood here, so that they are not taken for a shorter operator.
const SPELLINGS: [(&str, Option<Operator>); 40] = [
    ("!=", Some(Operator::NotEquals)),
    ("!*", Some(Operator::NotContains)),
    ("<=", Some(Operator::LessOrEqual)),
    (">=", Some(Operator::GreaterOrEqual)),
    ("=", Some(Operator::Equals)),
    ("<", Some(Operator::Less)),
    (">", Some(Operator::Greater)),
    ("*", Some(Operator::Contains)),
    ("%", Some(Operator::EndsWith)),
    ("NOT LIKE", Some(Operator::NotContains)),
    ("NOTLIKE", Some(Operator::NotContains)),
    ("DOES NOT CONTAIN", Some(Operator::NotContains)),
    ("LIKE", Some(Operator::Contains)),
    ("CONTAINS", Some(Operator::Contains)),
    ("STARTSWITH", Some(Operator::StartsWith)),
    ("ENDSWITH", Some(Operator::EndsWith)),
    ("INSTANCEOF", None),
    ("NOT IN", Some(Operator::NotIn)),
    ("IN", Some(Operator::In)),
    ("BETWEEN", Some(Operator::Between)),
    ("ISEMPTY", Some(Operator::IsEmpty)),
    ("EMPTYSTRING", Some(Operator::IsEmpty)),
    ("ISNOTEMPTY", Some(Operator::IsNotEmpty)),
    ("NSAMEAS", Some(Operator::NotSameAs)),
    ("SAMEAS", Some(Operator::SameAs)),
    ("ANYTHING", Some(Operator::Anything)),
    ("DYNAMIC", None),
    ("NOTON", None),
    ("ON", None),
    ("RELATIVE", None),
    ("DATEPART", None),
    ("MORETHAN", None),
    ("LESSTHAN", None),
    ("GT_FIELD", None),
    ("LT_FIELD", None),
    ("GT_OR_EQUALS_FIELD", None),
    ("LE_OR_EQUALS_FIELD", None),
    ("VALCHANGES", None),
    ("CHANGESFROM", None),
    ("CHANGESTO", None),
];

/// A query and what was left out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// What was understood.
    pub query: Query,
    /// The parts that were not, as written; at most a hundred are named.
    pub ignored: Vec<String>,
}

impl Parsed {
    fn ignore(&mut self, part: &str) {
        if self.ignored.len() < IGNORED_LIMIT {
            self.ignored.push(part.chars().take(200).collect());
        }
    }
}

impl Query {
    /// Reads an encoded query; the empty text matches everything. `^^` in a value is a caret.
    pub fn parse(text: &str) -> Parsed {
        let mut parsed = Parsed::default();
        let mut groups = vec![Group::default()];
        let mut conditions = 0;
        for part in split(text) {
            let (opens, part) = opening(&part);
            if opens == Opens::Group {
                groups.push(Group::default());
            }
            if part.is_empty() || part == "EQ" {
                continue;
            }
            if let Some(field) = part.strip_prefix("ORDERBY") {
                parsed.order_by(field);
                continue;
            }
            let clauses = &mut groups.last_mut().expect("there is always one").clauses;
            if opens != Opens::Alternative || clauses.is_empty() {
                clauses.push(Vec::new());
            }
            match condition(part).filter(|_| conditions < CONDITION_LIMIT) {
                Some(condition) => {
                    conditions += 1;
                    clauses.last_mut().expect("just pushed").push(condition);
                }
                None => parsed.ignore(part),
            }
        }
        parsed.query.groups = groups;
        parsed.query.drop_what_is_empty();
        parsed
    }

    /// The query as it holds for one table: without the fields that the table does not have, and with references read by
    /// what people read of them where the operator looks into text.
    pub fn for_table(&self, table: &str, dictionary: &Dictionary) -> Parsed {
        let mut parsed = Parsed::default();
        let mut fit = |condition: &Condition| {
            let fitted = fitted(condition, table, dictionary);
            fitted.is_none().then(|| parsed.ignore(&condition.to_string()));
            fitted
        };
        let mut groups = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let clauses = group.clauses.iter().map(|clause| clause.iter().filter_map(&mut fit).collect()).collect();
            groups.push(Group { clauses });
        }
        for order in &self.order {
            match dictionary.walk(table, &order.path) {
                Some(_) => parsed.query.order.push(order.clone()),
                None => parsed.ignore(&order.to_string()),
            }
        }
        parsed.query.groups = groups;
        parsed.query.drop_what_is_empty();
        parsed
    }

    fn drop_what_is_empty(&mut self) {
        for group in &mut self.groups {
            group.clauses.retain(|clause| !clause.is_empty());
        }
        self.groups.retain(|group| !group.clauses.is_empty());
    }
}

impl Parsed {
    fn order_by(&mut self, field: &str) {
        let (descending, name) = field.strip_prefix("DESC").map_or((false, field), |name| (true, name));
        match path(name).filter(|_| self.query.order.len() < ORDER_LIMIT) {
            Some(path) => self.query.order.push(Order { path, descending }),
            None => self.ignore(&format!("ORDERBY{field}")),
        }
    }
}

/// Parts between single carets, with doubled carets made single.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '^' && letters.next_if_eq(&'^').is_none() {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("there is always one").push(letter);
        }
    }
    parts
}

#[derive(PartialEq, Eq)]
enum Opens {
    Clause,
    Alternative,
    Group,
}

/// What a part opens, and the rest of it. Field names are in lower case, so these words cannot be part of one.
fn opening(part: &str) -> (Opens, &str) {
    if let Some(rest) = part.strip_prefix("NQ") {
        (Opens::Group, rest)
    } else if let Some(rest) = part.strip_prefix("OR").filter(|rest| !rest.starts_with("DERBY")) {
        (Opens::Alternative, rest)
    } else {
        (Opens::Clause, part)
    }
}

fn condition(part: &str) -> Option<Condition> {
    let name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '.');
    let end = part.find(|letter| !name(letter))?;
    let (field, rest) = part.split_at(end);
    let (spelling, operator) = SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling))?;
    let operator = (*operator)?;
    let value = if operator.takes_value() { &rest[spelling.len()..] } else { "" };
    Some(Condition { path: path(field)?, operator, value: value.to_owned() })
}

fn path(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text.split('.').map(str::to_owned).collect();
    let plain =
        |name: &String| !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    (names.len() <= WALK_LIMIT && names.iter().all(plain)).then_some(names)
}

fn fitted(condition: &Condition, table: &str, dictionary: &Dictionary) -> Option<Condition> {
    let fields = dictionary.walk(table, &condition.path)?;
    if matches!(condition.operator, Operator::SameAs | Operator::NotSameAs) {
        dictionary.walk(table, &path(&condition.value)?)?;
    }
    let mut fitted = condition.clone();
    let mut last: &Field = fields.last()?;
    while condition.operator.reads_text() && last.field_type == FieldType::Reference {
        let target = dictionary.table(last.reference.as_ref()?.as_str())?;
        last = target.field(target.display.as_str())?;
        fitted.path.push(last.name.to_string());
        if fitted.path.len() > WALK_LIMIT {
            return None;
        }
    }
    Some(fitted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let parsed = Query::parse(text);
        (parsed.query.to_string(), parsed.ignored)
    }

    #[test]
    fn every_spelling_is_read_as_its_operator() {
        for (text, canonical) in [
            ("", ""),
            ("active=true^priority<=2^ORpriority=3", "active=true^priority<=2^ORpriority=3"),
            ("name*x^name!*y^name%z", "nameLIKEx^nameNOT LIKEy^nameENDSWITHz"),
            ("nameNOTLIKEx^nameDOES NOT CONTAINy^nameCONTAINSz", "nameNOT LIKEx^nameNOT LIKEy^nameLIKEz"),
            ("stateIN1,2^stateNOT IN3", "stateIN1,2^stateNOT IN3"),
            ("closed_atISEMPTY^nameEMPTYSTRING", "closed_atISEMPTY^nameISEMPTY"),
            ("a=1^NQb=2^ORc=3^EQ", "a=1^NQb=2^ORc=3"),
            ("ORDERBYDESCnumber^a=1^ORDERBYcaller_id.name", "a=1^ORDERBYDESCnumber^ORDERBYcaller_id.name"),
            ("name=a^^b^c=", "name=a^^b^c="),
        ] {
            assert_eq!(read(text), (canonical.to_owned(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_named_and_the_rest_holds() {
        for (text, canonical, ignored) in [
            ("Bad name=1^a=1", "a=1", "Bad name=1"),
            ("nonsense^ORa=1^b=2", "a=1^b=2", "nonsense"),
            ("a=1^classINSTANCEOFcmdb_ci", "a=1", "classINSTANCEOFcmdb_ci"),
            ("opened_atONToday@x^a=1", "a=1", "opened_atONToday@x"),
            ("a..b=1^NQa=1", "a=1", "a..b=1"),
            ("GROUPBYname^a=1", "a=1", "GROUPBYname"),
            ("ORDERBYBad^a=1", "a=1", "ORDERBYBad"),
        ] {
            assert_eq!(read(text), (canonical.to_owned(), vec![ignored.to_owned()]), "{text}");
        }
    }

    #[test]
    fn a_query_of_any_length_is_bounded() {
        let parsed = Query::parse(&"a=1^".repeat(50_000));
        assert_eq!((parsed.query.groups[0].clauses.len(), parsed.ignored.len()), (CONDITION_LIMIT, 100));
    }

    #[test]
    fn a_table_drops_fields_it_does_not_have_and_reads_references_by_name() {
        let query = Query::parse("u_no=1^assigned_toLIKEmia^caller_id.location.city=Monaco^ORDERBYu_no").query;
        let parsed = query.for_table("incident", Dictionary::shipped());
        assert_eq!(parsed.query.to_string(), "assigned_to.nameLIKEmia");
        assert_eq!(parsed.ignored, ["u_no=1", "caller_id.location.city=Monaco", "ORDERBYu_no"]);
        let member = Query::parse("userSTARTSWITHm^groupSAMEASnothing").query;
        let parsed = member.for_table("sys_user_grmember", Dictionary::shipped());
        assert_eq!(parsed.query.to_string(), "user.nameSTARTSWITHm");
    }

    fn words() -> impl Strategy<Value = String> {
        let words = ["a", "name", "^", "^^", "OR", "NQ", "EQ", "ORDERBY", "DESC", ".", "x y", "ü", "1", "@", ","];
        let spellings = SPELLINGS.iter().map(|(spelling, _)| *spelling);
        let words: Vec<&str> = words.into_iter().chain(spellings).collect();
        prop::collection::vec(prop::sample::select(words), 0..30).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_failing(text in ".{0,200}") {
            prop_assert!(Query::parse(&text).ignored.len() <= IGNORED_LIMIT);
        }

        #[test]
        fn a_query_written_and_read_again_is_the_same(text in words()) {
            let query = Query::parse(&text).query;
            let again = Query::parse(&query.to_string());
            prop_assert_eq!(&query, &again.query, "{} as {}", text, query);
            prop_assert!(again.ignored.is_empty());
        }
    }
}
