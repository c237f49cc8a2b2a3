//! Encoded queries (`active=true^priority<=2^ORpriority=3^NQ…^ORDERBYnumber`): what lists, device scopes and the record API
//! ask, read once, made to fit a table, and evaluated in memory and in SQL with one meaning.
//!
//! `parse.rs` reads the text into a [`Query`]. `resolve.rs` fits it to a table: fields to their types, values to theirs, dates and
//! `javascript:gs.…` helpers to moments (`dates.rs`; nothing is run as a script), what the caller may not read left out. What
//! comes out is a [`Filter`] (`filter.rs`), small and typed, which storage compiles to SQL and `matches.rs` evaluates. What cannot
//! be read, and fields a table does not have, are left out and named, and the rest holds: that is what clients rely on.
//! `change.rs` answers for rules what a condition asks of a change.
//!
//! Source: ServiceNow "Encoded query strings" and "Operators available for filters and queries".

mod change;
mod dates;
mod filter;
mod matches;
mod parse;
mod resolve;

use std::fmt;

pub use filter::{Check, Comparison, DatePart, Filter, Operand, Path, Related, Sort, Step};
pub use matches::{Alone, World};
pub use parse::{CONDITION_LIMIT, Parsed};
pub use resolve::{Asking, Resolved};

/// A parsed query: a record matches when any group does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Groups joined by `^NQ`; none at all matches every record.
    pub groups: Vec<Group>,
    /// The order of the answer, most significant first.
    pub order: Vec<Order>,
}

/// Clauses joined by `^`: all must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Terms joined by `^OR`: one must match.
    pub clauses: Vec<Vec<Term>>,
}

/// What a clause may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Something about the record itself.
    Condition(Condition),
    /// Something about the records that refer to it.
    Referred(Referred),
    /// Words that are in it.
    Words(String),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// A field, or a dot-walk through references such as `assigned_to.user_name`.
    pub path: Vec<String>,
    /// How to compare.
    pub operator: Operator,
    /// With what, as written; `IN` and `BETWEEN` keep their separators.
    pub value: String,
}

/// Records elsewhere that carry a value of this record: `JOIN…` (at least one) or `RLQUERY…` (so many).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referred {
    /// The table asked for and its field, as `JOIN` names them; `None` stands for this record's `sys_id`.
    pub here: Option<(String, String)>,
    /// The other table.
    pub table: String,
    /// Its field that holds the value.
    pub field: String,
    /// How many there must be.
    pub count: (Comparison, u32),
    /// Which of them count.
    pub query: Box<Query>,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equals,
    /// `!=`
    NotEquals,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`, `CONTAINS`, `*`
    Contains,
    /// `NOT LIKE`, `DOES NOT CONTAIN`, `!*`
    NotContains,
    /// `STARTSWITH`
    StartsWith,
    /// `ENDSWITH`, `%`
    EndsWith,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `BETWEEN`, two values joined by `@`
    Between,
    /// `ISEMPTY`
    IsEmpty,
    /// `ISNOTEMPTY`
    IsNotEmpty,
    /// `SAMEAS`, the value names another field
    SameAs,
    /// `NSAMEAS`
    NotSameAs,
    /// `ANYTHING`
    Anything,
    /// `INSTANCEOF`, the value names a table
    InstanceOf,
    /// `DYNAMIC`, the value names who asks or the caller's groups
    Dynamic,
    /// `ON`: what people read, first and last moment joined by `@`
    On,
    /// `NOTON`
    NotOn,
    /// `RELATIVE`: comparison, unit, `ago` or `ahead` and how many, joined by `@`
    Relative,
    /// `DATEPART`: what people read and `javascript:gs.datePart(…)`, joined by `@`
    DatePart,
    /// `MORETHAN`: another field, unit, `before` or `after` and how many, joined by `@`
    MoreThan,
    /// `LESSTHAN`
    LessThan,
    /// `GT_FIELD`, the value names another field
    GreaterThanField,
    /// `LT_FIELD`
    LessThanField,
    /// `GT_OR_EQUALS_FIELD`
    GreaterOrEqualField,
    /// `LT_OR_EQUALS_FIELD`
    LessOrEqualField,
    /// `VALCHANGES`: it holds something else than before
    Changes,
    /// `CHANGESFROM`: it held this value before
    ChangesFrom,
    /// `CHANGESTO`: it holds this value since now
    ChangesTo,
}

/// One sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// A field, or a dot-walk.
    pub path: Vec<String>,
    /// Largest first.
    pub descending: bool,
}

impl Operator {
    /// Whether it compares with a value.
    pub fn takes_value(self) -> bool {
        !matches!(self, Self::IsEmpty | Self::IsNotEmpty | Self::Anything | Self::Changes)
    }

    /// Whether it looks into a text; on a reference it then looks into what people read for it.
    pub fn reads_text(self) -> bool {
        matches!(self, Self::Contains | Self::NotContains | Self::StartsWith | Self::EndsWith)
    }

    /// How a query writes it.
    pub fn symbol(self) -> &'static str {
        let spelling = parse::SPELLINGS.iter().find(|(_, operator)| *operator == Some(self));
        spelling.map_or("", |(spelling, _)| spelling)
    }
}

impl From<Condition> for Term {
    fn from(condition: Condition) -> Self {
        Self::Condition(condition)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(condition) => condition.fmt(f),
            Self::Referred(referred) => referred.fmt(f),
            Self::Words(words) => write!(f, "{}{}", parse::TEXT_QUERY, words.replace('^', "^^")),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.path.join("."), self.operator.symbol(), self.value.replace('^', "^^"))
    }
}

impl fmt::Display for Referred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, field, query, count: (comparison, count), .. } = self;
        match &self.here {
            Some((left, local)) => write!(f, "JOIN{left}.{local}={table}.{field}!{query}"),
            None => {
                let query = query.to_string();
                let inner = if query.is_empty() { query } else { format!("^{query}") };
                write!(f, "RLQUERY{table}.{field},{}{count}{inner}^ENDRLQUERY", comparison.symbol())
            }
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ORDERBY{}{}", if self.descending { "DESC" } else { "" }, self.path.join("."))
    }
}

/// The encoded query; reading it gives the same query again.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clause = |clause: &Vec<Term>| clause.iter().map(Term::to_string).collect::<Vec<_>>().join("^OR");
        let group = |group: &Group| group.clauses.iter().map(clause).collect::<Vec<_>>().join("^");
        let mut parts = vec![self.groups.iter().map(group).collect::<Vec<_>>().join("^NQ")];
        parts.extend(self.order.iter().map(Order::to_string));
        parts.retain(|part| !part.is_empty());
        f.write_str(&parts.join("^"))
    }
}
