//! Compiles a [`Query`] to SQL with the meaning of its evaluation in memory.
//!
//! Values are always bound. The only words of a query that reach the SQL are field names, and only `[a-z0-9_]+`. Each value is
//! compared as what the stored field is: as text (both in lower case) with text, as a number or a moment in milliseconds with
//! numbers. A dot-walk is a sub-select on the sys_id, in any table.

use fieldline_model::condition::{Condition, Operator, Query};
use fieldline_model::{Decimal, TableName, Timestamp};
use fieldline_storage::{Result, StorageError};
use rusqlite::types::Value;

use crate::records::marks;

/// References followed by one path. ServiceNow forms stop at three; each costs one look-up per row.
const WALK_MAX: usize = 6;
/// Values bound by one query; SQLite's own limit is 32,766.
const VALUES_MAX: usize = 30_000;

/// A query as SQL over `record AS r`.
pub(crate) struct Compiled {
    pub(crate) condition: String,
    pub(crate) order: String,
    pub(crate) values: Vec<Value>,
}

impl Compiled {
    /// Compiles the condition and the order of a query on these tables.
    pub(crate) fn new(tables: &[TableName], query: &Query) -> Result<Self> {
        let values = tables.iter().map(|table| Value::from(table.as_str().to_owned())).collect();
        let mut compiled = Self { condition: String::new(), order: String::new(), values };
        let mut groups = Vec::new();
        for group in &query.groups {
            let mut clauses = Vec::new();
            for clause in &group.clauses {
                let one = clause.iter().map(|condition| compiled.compare(condition)).collect::<Result<Vec<_>>>()?;
                clauses.push(joined(&one, "OR", "FALSE"));
            }
            groups.push(joined(&clauses, "AND", "TRUE"));
        }
        if compiled.values.len() > VALUES_MAX {
            return Err(StorageError::Query(format!(
                "the query compares with more than {VALUES_MAX} values; split it"
            )));
        }
        let matching = if groups.is_empty() { "TRUE".to_owned() } else { joined(&groups, "OR", "FALSE") };
        compiled.condition = format!("r.table_name IN ({}) AND {matching}", marks(1, tables.len()));
        compiled.order = order(query)?;
        Ok(compiled)
    }

    /// Binds a value and returns its mark.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn compare(&mut self, condition: &Condition) -> Result<String> {
        let field = column(&condition.path, Read::Value)?;
        let value = &*condition.value;
        Ok(match condition.operator {
            Operator::Anything => "TRUE".to_owned(),
            Operator::IsEmpty => empty(&field),
            Operator::IsNotEmpty => not(&empty(&field)),
            Operator::Equals => self.equals(condition, &field, [value].into_iter())?,
            Operator::NotEquals => not(&self.equals(condition, &field, [value].into_iter())?),
            Operator::In => self.equals(condition, &field, value.split(','))?,
            Operator::NotIn => not(&self.equals(condition, &field, value.split(','))?),
            Operator::Less => self.range(condition, &field, "<", value)?,
            Operator::LessOrEqual => self.range(condition, &field, "<=", value)?,
            Operator::Greater => self.range(condition, &field, ">", value)?,
            Operator::GreaterOrEqual => self.range(condition, &field, ">=", value)?,
            Operator::Between => match value.split_once('@') {
                Some((low, high)) => {
                    format!(
                        "({} AND {})",
                        self.range(condition, &field, ">=", low)?,
                        self.range(condition, &field, "<=", high)?
                    )
                }
                None => "FALSE".to_owned(),
            },
            Operator::Contains => self.contains(&field, value),
            Operator::NotContains => not(&self.contains(&field, value)),
            Operator::StartsWith => {
                let text = self.bind(value.to_lowercase());
                format!("(typeof({field}) = 'text' AND substr({field}, 1, length({text})) = {text})")
            }
            Operator::EndsWith => {
                let text = self.bind(value.to_lowercase());
                let tail = format!("substr({field}, length({field}) - length({text}) + 1)");
                format!("(typeof({field}) = 'text' AND {tail} = {text})")
            }
            Operator::SameAs => same(condition, &field)?,
            Operator::NotSameAs => not(&same(condition, &field)?),
        })
    }

    /// Whether a field equals one of the values; the empty value equals an empty field.
    fn equals<'v>(
        &mut self,
        condition: &Condition,
        field: &str,
        values: impl Iterator<Item = &'v str>,
    ) -> Result<String> {
        let (mut choices, mut ways) = (Vec::new(), Vec::new());
        for value in values {
            let folded = value.to_lowercase();
            match &*folded {
                "" => ways.push(empty(field)),
                "true" | "false" => {
                    ways.push(format!("{} = '{folded}'", column(&condition.path, Read::JsonType)?));
                }
                _ => {}
            }
            choices.extend(self.number(value));
            choices.push(self.bind(folded));
        }
        ways.push(format!("{field} IN ({})", choices.join(", ")));
        Ok(joined(&ways, "OR", "FALSE"))
    }

    fn range(&mut self, condition: &Condition, field: &str, comparison: &str, value: &str) -> Result<String> {
        let folded = value.to_lowercase();
        let mut ways = Vec::new();
        if matches!(&*folded, "true" | "false") {
            let is_boolean = is_boolean(&condition.path)?;
            ways.push(format!("({is_boolean} AND {field} {comparison} {folded})"));
        }
        if let Some(number) = self.number(value) {
            ways.push(format!("(typeof({field}) IN ('integer', 'real') AND {field} {comparison} {number})"));
        }
        let text = self.bind(folded);
        ways.push(format!("(typeof({field}) = 'text' AND {field} {comparison} {text})"));
        Ok(joined(&ways, "OR", "FALSE"))
    }

    fn contains(&mut self, field: &str, value: &str) -> String {
        let text = self.bind(value.to_lowercase());
        format!("(typeof({field}) = 'text' AND instr({field}, {text}) > 0)")
    }

    /// The value as a number, or as a moment in milliseconds, if it can be read as one. A decimal goes through SQLite's own
    /// reading of its digits, as the stored ones do, so that equal decimals stay equal.
    fn number(&mut self, value: &str) -> Option<String> {
        if let Ok(whole) = value.parse::<i64>() {
            return Some(self.bind(whole));
        }
        if let Ok(decimal) = value.parse::<Decimal>() {
            return Some(format!("CAST({} AS REAL)", self.bind(decimal.to_string())));
        }
        Timestamp::parse(value).map(|moment| self.bind(moment.0))
    }
}

/// The order, ending in the identity so that pages never overlap.
fn order(query: &Query) -> Result<String> {
    let mut order = String::new();
    for key in &query.order {
        order += &column(&key.path, Read::Value)?;
        order += if key.descending { " DESC, " } else { ", " };
    }
    Ok(order + "r.sys_id, r.table_name")
}

/// What to read of a field.
#[derive(Clone, Copy)]
enum Read {
    Value,
    /// `true` and `false` are a type each, which tells a Boolean from the number that SQL makes of it.
    JsonType,
}

/// The SQL expression of a field or dot-walk.
fn column(path: &[String], read: Read) -> Result<String> {
    let shown = || path.join(".");
    let valid =
        |name: &String| !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let Some((last, walked)) = path.split_last().filter(|_| path.iter().all(valid)) else {
        return Err(StorageError::Query(format!("\"{}\" is not a field name", shown())));
    };
    if walked.len() > WALK_MAX {
        return Err(StorageError::Query(format!("\"{}\" follows more than {WALK_MAX} references", shown())));
    }
    let mut depth = 0;
    let mut reference = None;
    let mut step = |name: &str, read| {
        let field = field(depth, name, read);
        let expression = match &reference {
            None => field,
            Some(from) => format!("(SELECT {field} FROM record AS r{depth} WHERE r{depth}.sys_id = {from})"),
        };
        depth += 1;
        reference = Some(expression.clone());
        expression
    };
    for name in walked {
        step(name, Read::Value);
    }
    Ok(step(last, read))
}

/// A field of the record at a depth of the walk; 0 is the record asked for.
fn field(depth: usize, name: &str, read: Read) -> String {
    let row = if depth == 0 { "r".to_owned() } else { format!("r{depth}") };
    match (name, read) {
        ("sys_id", Read::Value) => format!("{row}.sys_id"),
        ("sys_class_name", Read::Value) => format!("{row}.table_name"),
        (_, Read::Value) => format!("{row}.fields ->> '$.{name}'"),
        (_, Read::JsonType) => format!("json_type({row}.fields, '$.{name}')"),
    }
}

fn empty(field: &str) -> String {
    format!("coalesce({field}, '') = ''")
}

/// Whether a field holds yes or no; SQL makes a number of either.
fn is_boolean(path: &[String]) -> Result<String> {
    Ok(format!("coalesce({} IN ('true', 'false'), FALSE)", column(path, Read::JsonType)?))
}

fn same(condition: &Condition, field: &str) -> Result<String> {
    let other: Vec<String> = condition.value.split('.').map(str::to_owned).collect();
    let equal = format!("coalesce({field}, '') = coalesce({}, '')", column(&other, Read::Value)?);
    Ok(format!("({equal} AND {} = {})", is_boolean(&condition.path)?, is_boolean(&other)?))
}

/// The opposite, where an empty field counts as "no".
fn not(condition: &str) -> String {
    format!("NOT coalesce({condition}, FALSE)")
}

/// Joins in halves: SQLite refuses expressions deeper than 1,000, and a chain is as deep as it is long.
fn joined(parts: &[String], operator: &str, none: &str) -> String {
    match parts {
        [] => none.to_owned(),
        [only] => format!("({only})"),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} {operator} {})", joined(left, operator, none), joined(right, operator, none))
        }
    }
}
