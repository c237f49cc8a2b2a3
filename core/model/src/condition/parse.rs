//! Reads encoded queries. Never fails: whatever cannot be read is left out and named.

use super::{Comparison, Condition, Group, Operator, Order, Query, Referred, Term};

/// What begins a condition on all texts of a record, on every instance.
pub(super) const TEXT_QUERY: &str = "123TEXTQUERY321=";
/// The most conditions of one query that are considered: what a person or a client writes has a few dozen, and each costs
/// a comparison a row.
pub const CONDITION_LIMIT: usize = 1_000;
/// The most sort keys considered.
const ORDER_LIMIT: usize = 16;
/// The most parts named as left out; more would only fill logs.
const IGNORED_LIMIT: usize = 100;
/// Fields in one dot-walk: six references and a field. Each reference costs one look-up a row.
pub(super) const WALK_LIMIT: usize = 7;

/// Every spelling of every operator, its canonical one first; where one begins with another, the longer stands first. `None`
/// marks spellings that are part of the language but not understood here, so that they are not taken for a shorter operator.
pub(super) const SPELLINGS: [(&str, Option<Operator>); 43] = [
    ("!=", Some(Operator::NotEquals)),
    ("NOT LIKE", Some(Operator::NotContains)),
    ("!*", Some(Operator::NotContains)),
    ("<=", Some(Operator::LessOrEqual)),
    (">=", Some(Operator::GreaterOrEqual)),
    ("=", Some(Operator::Equals)),
    ("<", Some(Operator::Less)),
    (">", Some(Operator::Greater)),
    ("LIKE", Some(Operator::Contains)),
    ("*", Some(Operator::Contains)),
    ("ENDSWITH", Some(Operator::EndsWith)),
    ("%", Some(Operator::EndsWith)),
    ("NOTLIKE", Some(Operator::NotContains)),
    ("DOES NOT CONTAIN", Some(Operator::NotContains)),
    ("CONTAINS", Some(Operator::Contains)),
    ("STARTSWITH", Some(Operator::StartsWith)),
    ("INSTANCEOF", Some(Operator::InstanceOf)),
    ("IN_HIERARCHY", None),
    ("NOT IN", Some(Operator::NotIn)),
    ("IN", Some(Operator::In)),
    ("BETWEEN", Some(Operator::Between)),
    ("ISEMPTY", Some(Operator::IsEmpty)),
    ("EMPTYSTRING", Some(Operator::IsEmpty)),
    ("ISNOTEMPTY", Some(Operator::IsNotEmpty)),
    ("NSAMEAS", Some(Operator::NotSameAs)),
    ("SAMEAS", Some(Operator::SameAs)),
    ("ANYTHING", Some(Operator::Anything)),
    ("DYNAMIC", Some(Operator::Dynamic)),
    ("NOTON", Some(Operator::NotOn)),
    ("ON", Some(Operator::On)),
    ("RELATIVE", Some(Operator::Relative)),
    ("DATEPART", Some(Operator::DatePart)),
    ("MORETHAN", Some(Operator::MoreThan)),
    ("LESSTHAN", Some(Operator::LessThan)),
    ("GT_FIELD", Some(Operator::GreaterThanField)),
    ("LT_FIELD", Some(Operator::LessThanField)),
    ("GT_OR_EQUALS_FIELD", Some(Operator::GreaterOrEqualField)),
    ("LT_OR_EQUALS_FIELD", Some(Operator::LessOrEqualField)),
    ("LE_OR_EQUALS_FIELD", Some(Operator::LessOrEqualField)),
    ("VALCHANGES", Some(Operator::Changes)),
    ("CHANGESFROM", Some(Operator::ChangesFrom)),
    ("CHANGESTO", Some(Operator::ChangesTo)),
    ("DOESNOTHAVE", None),
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
        let mut reading = Reading { groups: vec![Group::default()], conditions: 0 };
        let parts = split(text);
        let mut parts = parts.iter();
        while let Some(part) = parts.next() {
            let (opens, part) = opening(part);
            if opens == Opens::Group {
                reading.groups.push(Group::default());
            }
            if part.is_empty() || part == "EQ" || part.starts_with("GROUPBY") {
                continue;
            }
            if let Some(field) = part.strip_prefix("ORDERBY") {
                parsed.order_by(field);
                continue;
            }
            let term = match part.strip_prefix("RLQUERY") {
                Some(head) => counted(head, parts.by_ref()).map(Term::Referred),
                None if part.starts_with(TEXT_QUERY) => Some(Term::Words(part[TEXT_QUERY.len()..].to_owned())),
                None => part.strip_prefix("JOIN").map_or_else(|| condition(part).map(Term::Condition), joined),
            };
            if !reading.take(opens, term) {
                parsed.ignore(part);
            }
        }
        parsed.query.groups = reading.groups;
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

/// What has been read of the conditions so far.
struct Reading {
    groups: Vec<Group>,
    conditions: usize,
}

impl Reading {
    /// Puts a term where it belongs; `false` when there is none or there are too many.
    fn take(&mut self, opens: Opens, term: Option<Term>) -> bool {
        let clauses = &mut self.groups.last_mut().expect("there is always one").clauses;
        if opens != Opens::Alternative || clauses.is_empty() {
            clauses.push(Vec::new());
        }
        let term = term.filter(|_| self.conditions < CONDITION_LIMIT);
        let taken = term.is_some();
        self.conditions += usize::from(taken);
        clauses.last_mut().expect("just pushed").extend(term);
        taken
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

/// `sys_user.sys_id=sys_user_has_role.user!role=…`: at least one record refers here, for which the condition holds.
fn joined(text: &str) -> Option<Term> {
    let (sides, condition_text) = text.split_once('!')?;
    let (left, right) = sides.split_once('=')?;
    let ((left, local), (table, field)) = (in_table(left)?, in_table(right)?);
    let query = match condition_text {
        "" => Query::default(),
        text => Query { groups: vec![Group { clauses: vec![vec![condition(text)?.into()]] }], order: Vec::new() },
    };
    let (here, count) = (Some((left, local)), (Comparison::GreaterOrEqual, 1));
    Some(Term::Referred(Referred { here, table, field, count, query: Box::new(query) }))
}

/// `sys_group_has_role.group,>0,m2m`, then conditions up to `ENDRLQUERY`.
fn counted<'p>(head: &str, parts: &mut impl Iterator<Item = &'p String>) -> Option<Referred> {
    let inner: Vec<String> =
        parts.take_while(|part| *part != "ENDRLQUERY").map(|part| part.replace('^', "^^")).collect();
    let mut words = head.split(',');
    let ((table, field), count) = (in_table(words.next()?)?, words.next()?);
    let comparisons = [Comparison::GreaterOrEqual, Comparison::LessOrEqual, Comparison::Greater, Comparison::Less];
    let mut comparisons = comparisons.into_iter().chain([Comparison::Equal]);
    let count = comparisons.find_map(|comparison| {
        let number = count.strip_prefix(comparison.symbol())?.parse().ok()?;
        Some((comparison, number))
    })?;
    let mut query = Query::parse(&inner.join("^")).query;
    query.order.clear();
    let is_nested = query.groups.iter().flat_map(|group| group.clauses.iter().flatten());
    if is_nested.into_iter().any(|term| matches!(term, Term::Referred(_))) {
        return None;
    }
    Some(Referred { here: None, table, field, count, query: Box::new(query) })
}

/// A table and a field of it.
fn in_table(text: &str) -> Option<(String, String)> {
    let names = path(text)?;
    let [table, field] = names.try_into().ok()?;
    Some((table, field))
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
            ("GROUPBYname^a=1^ORDERBYb", "a=1^ORDERBYb"),
            ("opened_atRELATIVEGT@hour@ago@2^bDYNAMICx", "opened_atRELATIVEGT@hour@ago@2^bDYNAMICx"),
            ("aLE_OR_EQUALS_FIELDb^classINSTANCEOFtask", "aLT_OR_EQUALS_FIELDb^classINSTANCEOFtask"),
            ("JOINsys_user.sys_id=member.user!role=r^a=1", "JOINsys_user.sys_id=member.user!role=r^a=1"),
            ("RLQUERYa.b,>=2,m2m^x=1^ORy=^^^ENDRLQUERY^a=1", "RLQUERYa.b,>=2^x=1^ORy=^^^ENDRLQUERY^a=1"),
            ("123TEXTQUERY321=no heat^a=1", "123TEXTQUERY321=no heat^a=1"),
            ("RLQUERYa.b,=0", "RLQUERYa.b,=0^ENDRLQUERY"),
        ] {
            assert_eq!(read(text), (canonical.to_owned(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_named_and_the_rest_holds() {
        for (text, canonical, ignored) in [
            ("Bad name=1^a=1", "a=1", "Bad name=1"),
            ("nonsense^ORa=1^b=2", "a=1^b=2", "nonsense"),
            ("a=1^managerIN_HIERARCHYx", "a=1", "managerIN_HIERARCHYx"),
            ("stateDOESNOTHAVE6^a=1", "a=1", "stateDOESNOTHAVE6"),
            ("JOINa.b=c!d=1^a=1", "a=1", "JOINa.b=c!d=1"),
            ("RLQUERYa.b,?0^x=1^ENDRLQUERY^a=1", "a=1", "RLQUERYa.b,?0"),
            ("a..b=1^NQa=1", "a=1", "a..b=1"),
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

    fn words() -> impl Strategy<Value = String> {
        let words = [
            "a",
            "name",
            "^",
            "^^",
            "OR",
            "NQ",
            "EQ",
            "ORDERBY",
            "DESC",
            ".",
            "x y",
            "ü",
            "1",
            "@",
            ",",
            "JOINa.b=c.d!",
            "RLQUERYa.b,>0",
            "ENDRLQUERY",
        ];
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
