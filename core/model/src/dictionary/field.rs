//! Turns the Table API's text into a field's value and back, and says in words why a text or value does not fit.

use super::{Choice, Field, FieldType};
use crate::id::{FieldName, SysId};
use crate::time::Timestamp;
use crate::value::Value;

/// The most records a list field may name; a watch list beyond this is a group.
pub const LIST_LIMIT: usize = 200;

/// Why a field cannot take what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It may not be empty.
    #[error("{field}: must not be empty")]
    Empty {
        /// The field.
        field: FieldName,
    },
    /// It is not of the field's type.
    #[error("{field}: \"{given}\" is not {wanted}")]
    Type {
        /// The field.
        field: FieldName,
        /// What was given, shortened.
        given: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// It is too long.
    #[error("{field}: {given} {unit} are too many, at most {allowed} are allowed")]
    TooLong {
        /// The field.
        field: FieldName,
        /// How many were given.
        given: usize,
        /// How many are allowed.
        allowed: usize,
        /// Of what.
        unit: &'static str,
    },
    /// It is none of the choices.
    #[error("{field}: \"{given}\" is no choice, use one of {allowed}")]
    Choice {
        /// The field.
        field: FieldName,
        /// What was given, shortened.
        given: String,
        /// The choices, as `value (label)`.
        allowed: String,
    },
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A label as a name: `Awaiting Caller` is `awaiting_caller`.
fn as_name(label: &str) -> String {
    label.to_lowercase().replace([' ', '-'], "_")
}

impl FieldError {
    /// The field at fault.
    pub fn field(&self) -> &FieldName {
        match self {
            Self::Empty { field }
            | Self::Type { field, .. }
            | Self::TooLong { field, .. }
            | Self::Choice { field, .. } => field,
        }
    }
}

impl Field {
    /// Reads the Table API's text of a value; the empty text is no value.
    ///
    /// # Errors
    /// When the text is not of the field's type, too long, none of its choices, or empty and mandatory.
    pub fn parse(&self, text: &str) -> Result<Option<Value>, FieldError> {
        if text.is_empty() {
            self.check_empty()?;
            return Ok(None);
        }
        let word = text.trim();
        let value = match self.field_type {
            FieldType::String => Some(Value::text(text)),
            FieldType::Integer => word.parse().ok().map(Value::Integer),
            FieldType::Decimal => word.parse().ok().map(Value::Decimal),
            FieldType::Boolean => parse_boolean(word).map(Value::Boolean),
            FieldType::GlideDateTime => Timestamp::parse(word).map(Value::Time),
            FieldType::Reference => word.parse().ok().map(Value::Reference),
            FieldType::GlideList => parse_list(word).map(Value::List),
        };
        let value = value.ok_or_else(|| self.mistyped(text))?;
        self.check(&value)?;
        Ok(Some(value))
    }

    /// Whether the Table API shows the sign-in name in place of the user it refers to (`sys_created_by`, `sys_updated_by`).
    pub fn is_user_name(&self) -> bool {
        matches!(self.name.as_str(), "sys_created_by" | "sys_updated_by")
    }

    /// Checks a value that came typed, such as one in an edit.
    ///
    /// # Errors
    /// When it is not of the field's type, too long, or none of its choices.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        match (self.field_type, value) {
            (FieldType::String, Value::Text(text)) => {
                self.check_length(text.chars().count(), self.max_length, "characters")?;
            }
            (FieldType::GlideList, Value::List(ids)) => {
                self.check_length(ids.len(), LIST_LIMIT, "records")?;
                let sorted = ids.windows(2).all(|pair| pair[0] < pair[1]);
                sorted.then_some(()).ok_or_else(|| self.mistyped(&value.to_string()))?;
            }
            (FieldType::Integer, Value::Integer(_))
            | (FieldType::Decimal, Value::Decimal(_))
            | (FieldType::Boolean, Value::Boolean(_))
            | (FieldType::GlideDateTime, Value::Time(_))
            | (FieldType::Reference, Value::Reference(_)) => {}
            _ => return Err(self.mistyped(&value.to_string())),
        }
        self.check_choice(value)
    }

    /// Checks that the field may be empty.
    ///
    /// # Errors
    /// When it is mandatory.
    pub fn check_empty(&self) -> Result<(), FieldError> {
        if self.mandatory { Err(FieldError::Empty { field: self.name.clone() }) } else { Ok(()) }
    }

    /// What people read for a choice, `None` when the value is none.
    pub fn choice_label(&self, value: &Value) -> Option<&str> {
        let given = value.to_string();
        self.choices.iter().find(|choice| choice.value == given).map(|choice| choice.label.as_str())
    }

    /// What people read: the label of a choice, else the value's text. A reference reads as its `sys_id`; whoever holds
    /// the record it points to shows that record's display field.
    pub fn display(&self, value: &Value) -> String {
        self.choice_label(value).map_or_else(|| value.to_string(), str::to_owned)
    }

    /// The value that stands for a step's reason here: the choice it names by value or by label (`awaiting_caller` names
    /// "Awaiting Caller"), or its text when the field has no choices. `None` when it names no choice.
    pub fn reason_value(&self, reason: &str) -> Option<Value> {
        let names = |choice: &&Choice| choice.value == reason || as_name(&choice.label) == reason;
        let text = match self.choices.is_empty() {
            true => reason,
            false => &self.choices.iter().find(names)?.value,
        };
        let text: String = text.chars().take(self.max_length).collect();
        self.parse(&text).ok().flatten()
    }

    fn check_length(&self, given: usize, allowed: usize, unit: &'static str) -> Result<(), FieldError> {
        let fits = given <= allowed;
        fits.then_some(()).ok_or_else(|| FieldError::TooLong { field: self.name.clone(), given, allowed, unit })
    }

    fn check_choice(&self, value: &Value) -> Result<(), FieldError> {
        if self.choices.is_empty() || self.choice_label(value).is_some() {
            return Ok(());
        }
        let offered = self.choices.iter().map(|choice| format!("{} ({})", choice.value, choice.label));
        Err(FieldError::Choice {
            field: self.name.clone(),
            given: shortened(&value.to_string()),
            allowed: offered.collect::<Vec<_>>().join(", "),
        })
    }

    fn mistyped(&self, given: &str) -> FieldError {
        let wanted = match self.field_type {
            FieldType::String => "text",
            FieldType::Integer => "a whole number",
            FieldType::Decimal => "a number with up to six decimals",
            FieldType::Boolean => "true or false",
            FieldType::GlideDateTime => "a moment such as 2016-02-29 01:16:00 (UTC)",
            FieldType::Reference => "a sys_id (32 hexadecimal digits)",
            FieldType::GlideList => "a set of sys_ids (32 hexadecimal digits each, comma separated)",
        };
        FieldError::Type { field: self.name.clone(), given: shortened(given), wanted }
    }
}

fn parse_boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn parse_list(word: &str) -> Option<Vec<SysId>> {
    let parts = word.split(',').map(str::trim).filter(|part| !part.is_empty());
    let mut ids: Vec<SysId> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::Dictionary;

    const ID: &str = "6816f79cc0a8016401c5a33be04be441";
    const LOWER_ID: &str = "1816f79cc0a8016401c5a33be04be441";

    fn field(table: &str, name: &str) -> &'static Field {
        Dictionary::shipped().table(table).and_then(|table| table.field(name)).expect("a shipped field")
    }

    #[test]
    fn the_text_of_every_type_is_read_and_written_back() {
        let list = format!("{ID}, {LOWER_ID},{ID}");
        let sorted = format!("{LOWER_ID},{ID}");
        for (table, name, text, back) in [
            ("incident", "short_description", "No heating", "No heating"),
            ("incident", "impact", "2", "2"),
            ("cmn_location", "latitude", "43.7384", "43.7384"),
            ("wm_task", "needs_crew", "True", "true"),
            ("wm_task", "needs_crew", "0", "false"),
            ("wm_task", "window_start", "2026-03-01", "2026-03-01 00:00:00"),
            ("incident", "caller_id", ID, ID),
            ("incident", "watch_list", &list, &sorted),
        ] {
            let value = field(table, name).parse(text).expect("fits").expect("is not empty");
            assert_eq!(value.to_string(), back, "{name}");
        }
        assert_eq!(field("incident", "description").parse(""), Ok(None));
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused_with_field_text_and_remedy() {
        for (name, text, problem) in [
            ("short_description", "", "short_description: must not be empty"),
            ("impact", "high", "impact: \"high\" is not a whole number"),
            ("impact", "9", "impact: \"9\" is no choice, use one of 1 (High), 2 (Medium), 3 (Low)"),
            ("caller_id", "Abel", "caller_id: \"Abel\" is not a sys_id (32 hexadecimal digits)"),
            ("active", "maybe", "active: \"maybe\" is not true or false"),
            ("due_date", "soon", "due_date: \"soon\" is not a moment such as 2016-02-29 01:16:00 (UTC)"),
        ] {
            assert_eq!(field("incident", name).parse(text).expect_err(name).to_string(), problem);
        }
        let long = field("incident", "short_description").parse(&"ü".repeat(161)).expect_err("161 characters");
        assert_eq!(long.to_string(), "short_description: 161 characters are too many, at most 160 are allowed");
    }

    #[test]
    fn a_typed_value_is_held_to_the_same_rules() {
        let impact = field("incident", "impact");
        assert_eq!(impact.check(&Value::Integer(3)), Ok(()));
        assert!(impact.check(&Value::Integer(4)).is_err());
        assert!(impact.check(&Value::text("3")).is_err());
        let [low, high] = [LOWER_ID, ID].map(|id| id.parse().expect("a sys_id"));
        assert!(field("incident", "watch_list").check(&Value::List(vec![low, high])).is_ok());
        assert!(field("incident", "watch_list").check(&Value::List(vec![high, low])).is_err());
    }

    #[test]
    fn a_choice_reads_as_its_label_and_a_reason_finds_its_choice() {
        let reason = field("incident", "hold_reason");
        assert_eq!(reason.display(&Value::Integer(3)), "Awaiting Problem");
        assert_eq!(reason.reason_value("awaiting_problem"), Some(Value::Integer(3)));
        assert_eq!(reason.reason_value("3"), Some(Value::Integer(3)));
        assert_eq!(reason.reason_value("lunch"), None);
        assert_eq!(field("wm_task", "pause_reason").reason_value("other: rain"), Some(Value::text("other: rain")));
    }
}
