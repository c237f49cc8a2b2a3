//! Encoded queries (`active=true^priority<=2^ORpriority=3^NQ…^ORDERBYnumber`): one parsed form that lists, device scopes and
//! the record API share, with an evaluation in memory; storage compiles the same form to SQL.
//!
//! Source: ServiceNow "Encoded query strings" and "Operators available for filters and queries".

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
