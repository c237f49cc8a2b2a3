//! Small queries the server asks itself.

use fieldline_model::condition::{Condition, Group, Operator, Query};
use fieldline_model::{Record, Value};

/// Every record.
pub(crate) fn all() -> Query {
    Query::default()
}

/// Records whose fields have these values.
pub(crate) fn equal<V: ToString>(fields: &[(&str, V)]) -> Query {
    let condition = |(field, value): &(&str, V)| Condition {
        path: vec![(*field).to_owned()],
        operator: Operator::Equals,
        value: value.to_string(),
    };
    let clauses = fields.iter().map(|pair| vec![condition(pair)]).collect();
    Query { groups: vec![Group { clauses }], order: Vec::new() }
}

/// A number, whether the dictionary keeps it as a number or as the word of a choice.
pub(crate) fn number_field(record: &Record, field: &str) -> Option<i64> {
    match record.get(field)? {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}
