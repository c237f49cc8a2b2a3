//! SCIM filters (RFC 7644, section 3.4.2.2), read into a tree and asked of a value. `condition.rs` asks them of rows.

use fieldline_model::condition::Comparison;
use serde_json::Value;

use super::{Result, ScimError};

/// The longest filter.
const FILTER_BYTES: usize = 8_192;
/// How deep parentheses may be.
const DEPTH: usize = 20;
/// How many comparisons there may be.
const COMPARISONS: usize = 200;

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// All of these hold.
    All(Vec<Expression>),
    /// One of these holds.
    Any(Vec<Expression>),
    /// This does not hold.
    Not(Box<Expression>),
    /// A comparison.
    Test(String, Operator, Value),
    /// What holds for one value of an attribute with several.
    Within(String, Box<Expression>),
}

/// How an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The same.
    Equal,
    /// Another.
    Unequal,
    /// Contains.
    Contains,
    /// Starts with.
    Starts,
    /// Ends with.
    Ends,
    /// There is one.
    Present,
    /// Before or after.
    Ordered(Comparison),
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word.to_ascii_lowercase().as_str() {
        "eq" => Operator::Equal,
        "ne" => Operator::Unequal,
        "co" => Operator::Contains,
        "sw" => Operator::Starts,
        "ew" => Operator::Ends,
        "pr" => Operator::Present,
        "gt" => Operator::Ordered(Comparison::Greater),
        "ge" => Operator::Ordered(Comparison::GreaterOrEqual),
        "lt" => Operator::Ordered(Comparison::Less),
        "le" => Operator::Ordered(Comparison::LessOrEqual),
        _ => return None,
    })
}

/// A filter that cannot be read or asked.
pub fn wrong(problem: impl Into<String>) -> ScimError {
    ScimError::invalid("invalidFilter", format!("the filter {}", problem.into()))
}

/// Reads a filter.
///
/// # Errors
/// Says where it cannot be read.
pub fn parse(text: &str) -> Result<Expression> {
    let mut reader = Reader::new(text)?;
    let whole = reader.any(0)?;
    reader.end()?;
    Ok(whole)
}

/// Reads a path of a patch: an attribute, which of its values, which part of it (RFC 7644, section 3.5.2).
///
/// # Errors
/// When it is none.
pub fn parse_path(text: &str) -> Result<(String, Option<Expression>, Option<String>)> {
    let invalid = |_| ScimError::invalid("invalidPath", "the path cannot be read");
    let mut reader = Reader::new(text).map_err(invalid)?;
    let attribute = reader.name().map_err(invalid)?.to_owned();
    if !reader.takes("[") {
        reader.end().map_err(invalid)?;
        return Ok((attribute, None, None));
    }
    let which = reader.any(1)?;
    reader.expect("]")?;
    let part = if reader.takes(".") { Some(reader.name().map_err(invalid)?.to_owned()) } else { None };
    reader.end().map_err(invalid)?;
    Ok((attribute, Some(which), part))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    comparisons: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Result<Self> {
        if text.len() > FILTER_BYTES {
            return Err(wrong(format!("is longer than {FILTER_BYTES} bytes")));
        }
        Ok(Self { text, at: 0, comparisons: 0 })
    }

    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// A word that stands for itself, such as `and`.
    fn takes_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let same = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        let ends = rest.get(word.len()..).is_some_and(|rest| !rest.starts_with(is_name));
        self.at += if same && ends { word.len() } else { 0 };
        same && ends
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.takes(token) { Ok(()) } else { Err(wrong(format!("lacks {token} after {} characters", self.at))) }
    }

    fn end(&mut self) -> Result<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(wrong(format!("cannot be read after {} characters", self.at))) }
    }

    fn name(&mut self) -> Result<&'t str> {
        let rest = self.rest();
        let length = rest.find(|letter: char| !is_name(letter)).unwrap_or(rest.len());
        if length == 0 {
            return Err(wrong(format!("lacks an attribute after {} characters", self.at)));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn any(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.all(depth)?];
        while self.takes_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.one(depth)?];
        while self.takes_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Expression> {
        if depth > DEPTH {
            return Err(wrong("is nested too deep"));
        }
        if self.takes_word("not") {
            self.expect("(")?;
            let inner = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let name = self.name()?.to_owned();
        if self.takes("[") {
            let inner = self.any(depth + 1)?;
            self.expect("]")?;
            return Ok(Expression::Within(name, Box::new(inner)));
        }
        self.comparison(name)
    }

    fn comparison(&mut self, name: String) -> Result<Expression> {
        self.comparisons += 1;
        if self.comparisons > COMPARISONS {
            return Err(wrong(format!("compares more than {COMPARISONS} times")));
        }
        let word = self.name()?;
        let operator = operator(word)
            .ok_or_else(|| wrong(format!("has an unknown operator after {} characters", self.at - word.len())))?;
        if operator == Operator::Present {
            return Ok(Expression::Test(name, operator, Value::Null));
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
        let value = values.next().and_then(std::result::Result::ok);
        let value = value.filter(|value| !value.is_object() && !value.is_array());
        let value = value.ok_or_else(|| wrong(format!("lacks a value in JSON after {} characters", self.at)))?;
        self.at += values.byte_offset();
        Ok(Expression::Test(name, operator, value))
    }
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ".:-_$".contains(letter)
}

/// Whether a value is one that a filter means.
pub fn matches(expression: &Expression, value: &Value) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| matches(part, value)),
        Expression::Any(parts) => parts.iter().any(|part| matches(part, value)),
        Expression::Not(inner) => !matches(inner, value),
        Expression::Within(..) => false,
        Expression::Test(part, operator, sought) => {
            let members = value.as_object().into_iter().flatten();
            let found = members.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(part)).map(|(_, found)| found);
            holds(*operator, found, sought)
        }
    }
}

/// Whether a value compares so with another.
pub fn holds(operator: Operator, found: Option<&Value>, sought: &Value) -> bool {
    let found = found.filter(|found| !found.is_null());
    let text = |value: &Value| value.as_str().map(str::to_lowercase);
    let texts = found.and_then(text).zip(text(sought));
    match operator {
        Operator::Present => found.is_some(),
        Operator::Equal => texts.map_or(found.unwrap_or(&Value::Null) == sought, |(found, sought)| found == sought),
        Operator::Unequal => !holds(Operator::Equal, found, sought),
        Operator::Contains => texts.is_some_and(|(found, sought)| found.contains(&sought)),
        Operator::Starts => texts.is_some_and(|(found, sought)| found.starts_with(&sought)),
        Operator::Ends => texts.is_some_and(|(found, sought)| found.ends_with(&sought)),
        Operator::Ordered(comparison) => texts.is_some_and(|(found, sought)| match comparison {
            Comparison::Less => found < sought,
            Comparison::LessOrEqual => found <= sought,
            Comparison::Equal => found == sought,
            Comparison::GreaterOrEqual => found >= sought,
            Comparison::Greater => found > sought,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn eq(path: &str, value: &str) -> Expression {
        Expression::Test(path.into(), Operator::Equal, value.into())
    }

    #[test]
    fn not_binds_closer_than_and_and_that_closer_than_or() {
        let (a, b, c) = (eq("a", "1"), eq("b", "2"), eq("c", "3"));
        let not = |inner: &Expression| Expression::Not(Box::new(inner.clone()));
        let read = parse(r#"a eq "1" OR b Eq "2" and not (c eq "3")"#).expect("a filter");
        assert_eq!(read, Expression::Any(vec![a.clone(), Expression::All(vec![b.clone(), not(&c)])]));
        let read = parse(r#"(a eq "1" or b eq "2")and c eq "3""#).expect("a filter");
        assert_eq!(read, Expression::All(vec![Expression::Any(vec![a, b]), c]));
        let read = parse(r#"emails[type eq "work" and value co "\"]"]"#).expect("a filter");
        let inner = vec![eq("type", "work"), Expression::Test("value".into(), Operator::Contains, "\"]".into())];
        assert_eq!(read, Expression::Within("emails".into(), Box::new(Expression::All(inner))));
        assert_eq!(parse("title pr").ok(), Some(Expression::Test("title".into(), Operator::Present, Value::Null)));
    }

    #[test]
    fn what_is_no_filter_is_refused_with_a_place() {
        let deep = format!("{}a pr{}", "(".repeat(30), ")".repeat(30));
        let long = vec!["a pr"; 201].join(" or ");
        for bad in [
            "",
            "a",
            "a eq",
            "a xx \"1\"",
            "a eq 1 b",
            "(a pr",
            "a pr)",
            "a eq {}",
            "a eq \"",
            "not a pr",
            "a[b pr",
            "and",
            "a eq \"1\" and",
            &deep,
            &long,
        ] {
            assert!(matches!(parse(bad), Err(ScimError::Invalid { kind: "invalidFilter", .. })), "{bad}");
        }
    }

    #[test]
    fn a_path_of_a_patch_names_an_attribute_which_values_and_which_part() {
        let which = Some(eq("type", "work"));
        assert_eq!(
            parse_path(r#"emails[type eq "work"].value"#).ok(),
            Some(("emails".into(), which.clone(), Some("value".into())))
        );
        assert_eq!(parse_path(r#"emails[type eq "work"]"#).ok(), Some(("emails".into(), which, None)));
        assert_eq!(parse_path("name.givenName").ok(), Some(("name.givenName".into(), None, None)));
        for bad in ["", "a b", "a[b pr", "a[b pr]c", "a[b pr].", "[b pr]"] {
            assert!(parse_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_value_is_found_whatever_its_case() {
        let value = json!({ "type": "Work", "value": "a@b", "primary": true });
        for (filter, expected) in [
            (r#"TYPE eq "work""#, true),
            (r#"value sw "A@" and primary eq true"#, true),
            (r#"value ew "c" or not (display pr)"#, true),
            (r#"display eq null"#, true),
            (r#"type ne "work""#, false),
            (r#"primary eq "true""#, false),
        ] {
            assert_eq!(matches(&parse(filter).expect("a filter"), &value), expected, "{filter}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter_or_an_error(text in "[ -~]{0,80}", words in prop::collection::vec(
            prop::sample::select(vec!["a", "eq", "pr", "and", "or", "not", "(", ")", "[", "]", "\"x\"", "1", ".", "é"]), 0..25,
        )) {
            let _ = parse(&text);
            let _ = parse_path(&text);
            let words = words.join(" ");
            let _ = parse(&words);
            let _ = parse_path(&words);
        }
    }
}
