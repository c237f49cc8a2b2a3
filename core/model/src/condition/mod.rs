//! Encoded queries (`active=true^priority<=2^ORpriority=3^NQ…^ORDERBYnumber`): one parsed form that lists, device scopes and
//! the record API share, with an evaluation in memory; storage compiles the same form to SQL.
//!
//! `parse.rs` reads the text, `matches.rs` says whether a record matches. What cannot be read, and fields a table does not
//! have, are left out and named to the caller, and the rest of the query holds: that is what clients rely on. Left out of
//! the language: relative dates, scripts, semi-joins and related-list counts.
//!
//! Source: ServiceNow "Encoded query strings" and "Operators available for filters and queries".

mod matches;
mod parse;

use std::fmt;

pub use matches::Resolve;
pub use parse::{CONDITION_LIMIT, Parsed};

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
    /// Conditions joined by `^OR`: one must match.
    pub clauses: Vec<Vec<Condition>>,
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
        !matches!(self, Self::IsEmpty | Self::IsNotEmpty | Self::Anything)
    }

    /// Whether it looks into a text; on a reference it then looks into what people read for it.
    pub fn reads_text(self) -> bool {
        matches!(self, Self::Contains | Self::NotContains | Self::StartsWith | Self::EndsWith)
    }

    /// How a query writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::NotEquals => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "LIKE",
            Self::NotContains => "NOT LIKE",
            Self::StartsWith => "STARTSWITH",
            Self::EndsWith => "ENDSWITH",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::Between => "BETWEEN",
            Self::IsEmpty => "ISEMPTY",
            Self::IsNotEmpty => "ISNOTEMPTY",
            Self::SameAs => "SAMEAS",
            Self::NotSameAs => "NSAMEAS",
            Self::Anything => "ANYTHING",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.path.join("."), self.operator.symbol(), self.value.replace('^', "^^"))
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
        let clause = |clause: &Vec<Condition>| clause.iter().map(Condition::to_string).collect::<Vec<_>>().join("^OR");
        let group = |group: &Group| group.clauses.iter().map(clause).collect::<Vec<_>>().join("^");
        let mut parts = vec![self.groups.iter().map(group).collect::<Vec<_>>().join("^NQ")];
        parts.extend(self.order.iter().map(Order::to_string));
        parts.retain(|part| !part.is_empty());
        f.write_str(&parts.join("^"))
    }
}
