//! A SCIM filter as a condition on rows: every attribute becomes the fields it is kept in.

use fieldline_model::Timestamp;
use fieldline_model::condition::{Check, Comparison, Filter, Operand, Path, Related};
use serde_json::Value;

use super::attributes::{EXTERNAL, Membership, Resource, Shape};
use super::filter::{Expression, Operator, holds, wrong};
use super::{Result, ScimError};
use crate::call::Call;

/// A filter as a condition on a resource's rows.
///
/// # Errors
/// When an attribute is not there, or cannot be compared so.
pub fn compile(call: &Call<'_>, of: &Resource, expression: &Expression) -> Result<Filter> {
    Compiler { call, of }.whole(expression)
}

struct Compiler<'c, 's> {
    call: &'c Call<'s>,
    of: &'c Resource,
}

impl Compiler<'_, '_> {
    fn whole(&self, expression: &Expression) -> Result<Filter> {
        match expression {
            Expression::All(parts) => self.each(parts).map(Filter::All),
            Expression::Any(parts) => self.each(parts).map(Filter::Any),
            Expression::Not(inner) => self.whole(inner).map(Filter::negated),
            Expression::Test(path, operator, value) => self.test(path, *operator, value),
            Expression::Within(path, inner) => self.within(path, inner),
        }
    }

    fn each(&self, parts: &[Expression]) -> Result<Vec<Filter>> {
        parts.iter().map(|part| self.whole(part)).collect()
    }

    fn test(&self, path: &str, operator: Operator, value: &Value) -> Result<Filter> {
        if operator == Operator::Unequal {
            return self.test(path, Operator::Equal, value).map(Filter::negated);
        }
        let (extends, name) = self.of.within(path);
        let single = self.of.single.iter().find(|one| one.extends == extends && one.path.eq_ignore_ascii_case(name));
        if let Some(single) = single {
            return test(single.field, single.shape, operator, value);
        }
        let (attribute, part) = name.split_once('.').map_or((name, None), |(attribute, part)| (attribute, Some(part)));
        let part = part.unwrap_or("value");
        if extends {
            let link = self.of.links.iter().find(|link| link.name.eq_ignore_ascii_case(attribute));
            let link = link.filter(|_| part.eq_ignore_ascii_case("value")).ok_or_else(|| unknown(path))?;
            return test(link.field, Shape::Id, operator, value);
        }
        self.within(attribute, &Expression::Test(part.to_owned(), operator, value.clone())).map_err(|error| match error
        {
            ScimError::Invalid { .. } if self.of.written(attribute).is_none() => unknown(path),
            other => other,
        })
    }

    /// What holds for one of several values: each type is a set of fields of its own.
    fn within(&self, path: &str, inner: &Expression) -> Result<Filter> {
        let (_, name) = self.of.within(path);
        if let Some(membership) = self.of.membership.filter(|list| list.name.eq_ignore_ascii_case(name)) {
            return self.member(membership, inner);
        }
        let alternatives = self.of.several.iter().filter(|several| several.name.eq_ignore_ascii_case(name));
        let filters: Result<Vec<_>> =
            alternatives.map(|several| value_filter(several.kind, several.parts, inner)).collect();
        match filters? {
            filters if filters.is_empty() => Err(unknown(path)),
            filters => Ok(Filter::Any(filters)),
        }
    }

    fn member(&self, membership: &Membership, inner: &Expression) -> Result<Filter> {
        let filter = match inner {
            Expression::Test(part, operator, value) if part.eq_ignore_ascii_case("value") => {
                test(membership.there, Shape::Id, *operator, value)?
            }
            _ => return Err(wrong(format!("can compare only the value of {}", membership.name))),
        };
        Ok(Filter::Related(Related {
            here: "sys_id".into(),
            tables: self.call.dictionary.family("sys_user_grmember").to_vec(),
            field: membership.here.into(),
            filter: Box::new(filter),
            count: (Comparison::GreaterOrEqual, 1),
        }))
    }
}

/// A filter on one type of an attribute; there is a value only where one of its fields is filled.
fn value_filter(kind: &str, parts: &[(&str, &str)], inner: &Expression) -> Result<Filter> {
    let each =
        |inner: &[Expression]| inner.iter().map(|one| value_filter(kind, parts, one)).collect::<Result<Vec<_>>>();
    let filled = || Filter::Any(parts.iter().map(|(_, field)| Filter::Test(Path::of(field), Check::Filled)).collect());
    let constant = |holds: bool| if holds { filled() } else { Filter::nothing() };
    match inner {
        Expression::All(inner) => each(inner).map(Filter::All),
        Expression::Any(inner) => each(inner).map(Filter::Any),
        Expression::Not(inner) => Ok(filled().and(value_filter(kind, parts, inner)?.negated())),
        Expression::Within(path, _) => Err(unknown(path)),
        Expression::Test(part, operator, value) if part.eq_ignore_ascii_case("type") => {
            Ok(constant(holds(*operator, Some(&kind.into()), value)))
        }
        Expression::Test(part, operator, value) if part.eq_ignore_ascii_case("primary") => {
            Ok(constant(holds(*operator, Some(&Value::Bool(kind == "work")), value)))
        }
        Expression::Test(part, operator, value) => {
            let field = parts.iter().find(|(name, _)| name.eq_ignore_ascii_case(part)).ok_or_else(|| unknown(part))?;
            match operator {
                Operator::Unequal => Ok(test(field.1, Shape::Text, Operator::Equal, value)?.negated()),
                other => test(field.1, Shape::Text, *other, value),
            }
        }
    }
}

fn unknown(path: &str) -> ScimError {
    let shown: String = path.chars().take(80).collect();
    wrong(format!("names {shown}, which cannot be asked for"))
}

fn test(field: &str, shape: Shape, operator: Operator, value: &Value) -> Result<Filter> {
    let is = |check: Check| Filter::Test(Path::of(field), check);
    match operator {
        Operator::Present => return Ok(is(Check::Filled)),
        Operator::Unequal => return test(field, shape, Operator::Equal, value).map(Filter::negated),
        Operator::Equal if value.is_null() => return Ok(is(Check::Filled).negated()),
        _ => {}
    }
    let odd = || wrong(format!("compares {field} with something it cannot be"));
    let operand = match (shape, value) {
        (Shape::Boolean, Value::Bool(yes)) => Operand::Boolean(*yes),
        (Shape::Moment, Value::String(text)) => Operand::Moment(Timestamp::parse(text).ok_or_else(odd)?),
        (Shape::External, Value::String(text)) => Operand::from(format!("{EXTERNAL}{text}").as_str()),
        (Shape::Text | Shape::Id, Value::String(text)) => Operand::from(text.as_str()),
        _ => return Err(odd()),
    };
    let check = match (operator, operand) {
        (Operator::Equal, operand) => Check::Is(vec![operand]),
        (Operator::Ordered(comparison), operand) if shape != Shape::Boolean => Check::Compare(comparison, operand),
        (Operator::Contains, Operand::Text(text)) if shape != Shape::External => Check::Contains(text),
        (Operator::Starts, Operand::Text(text)) => Check::StartsWith(text),
        (Operator::Ends, Operand::Text(text)) if shape != Shape::External => Check::EndsWith(text),
        _ => return Err(odd()),
    };
    Ok(is(check))
}
