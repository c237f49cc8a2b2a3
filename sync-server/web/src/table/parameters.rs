//! The `sysparm_…` parameters of the Table API (ServiceNow "Table API"), read once at the border.
//!
//! Keywords come in any case. A number that cannot be read is refused with its parameter's name, because a client that
//! asked for ten rows must not be answered with ten thousand. Parameters this server has no use for are ignored.

use std::borrow::Cow;

use fieldline_model::Table;

use super::reader::{Names, field_names};
use crate::refusal::Refusal;

/// Rows answered when the client names no limit, and the most it may name.
pub const ROWS_AT_MOST: u32 = 10_000;

/// Which form values are answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// As stored.
    #[default]
    Values,
    /// As people read them.
    DisplayValues,
    /// Both.
    All,
}

/// What a Table API request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// `sysparm_query`, an encoded query.
    pub query: Option<String>,
    /// Plain `field=value` pairs, used when there is no encoded query.
    pub pairs: Vec<(String, String)>,
    /// `sysparm_fields`, dotted names in the order asked for; `None` asks for every field.
    pub fields: Option<Vec<String>>,
    /// `sysparm_limit`.
    pub limit: Option<u32>,
    /// `sysparm_offset`.
    pub offset: u32,
    /// `sysparm_display_value`.
    pub show: Show,
    /// `sysparm_exclude_reference_link`.
    pub exclude_reference_link: bool,
    /// `sysparm_no_count`.
    pub no_count: bool,
    /// `sysparm_suppress_pagination_header`.
    pub suppress_pagination_header: bool,
    /// `sysparm_input_display_value`.
    pub input_display_value: bool,
}

impl Parameters {
    /// The names asked for of a table.
    pub fn names<'d>(&'d self, table: &'d Table) -> Names<'d> {
        let named = self.fields.as_ref().map(|names| names.iter().map(|name| Cow::Borrowed(name.as_str())).collect());
        named.unwrap_or_else(|| field_names(table))
    }

    /// Reads a query string's pairs.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] names the parameter that cannot be read.
    pub fn read(given: &[(String, String)]) -> Result<Self, Refusal> {
        let mut read = Self::default();
        for (name, value) in given {
            match name.as_str() {
                "sysparm_query" => read.query = Some(value.clone()),
                "sysparm_fields" => read.fields = fields(value),
                "sysparm_limit" => read.limit = Some(number(name, value)?),
                "sysparm_offset" => read.offset = number(name, value)?,
                "sysparm_display_value" => read.show = show(value)?,
                "sysparm_exclude_reference_link" => read.exclude_reference_link = yes(value),
                "sysparm_no_count" => read.no_count = yes(value),
                "sysparm_suppress_pagination_header" => read.suppress_pagination_header = yes(value),
                "sysparm_input_display_value" => read.input_display_value = yes(value),
                other if other.starts_with("sysparm_") => {}
                _ => read.pairs.push((name.clone(), value.clone())),
            }
        }
        Ok(read)
    }

    /// How many rows to answer.
    pub fn rows(&self) -> u32 {
        self.limit.unwrap_or(ROWS_AT_MOST).min(ROWS_AT_MOST)
    }
}

fn yes(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("true")
}

fn number(name: &str, value: &str) -> Result<u32, Refusal> {
    let wrong = |_| Refusal::Malformed(format!("{name} must be a whole number from 0, such as 100"));
    value.trim().parse().map_err(wrong)
}

fn show(value: &str) -> Result<Show, Refusal> {
    match value.trim().to_ascii_lowercase().as_str() {
        "" | "false" => Ok(Show::Values),
        "true" => Ok(Show::DisplayValues),
        "all" => Ok(Show::All),
        _ => Err(Refusal::Malformed("sysparm_display_value must be true, false or all".into())),
    }
}

fn fields(list: &str) -> Option<Vec<String>> {
    let names: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Parameters, Refusal> {
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Parameters::read(&text.split('&').filter_map(pair).collect::<Vec<_>>())
    }

    #[test]
    fn parameters_are_read_in_any_case_and_foreign_ones_ignored() {
        let read = read(
            "sysparm_query=active=true^ORDERBYnumber&sysparm_fields=number, caller_id.email,&sysparm_limit=20000\
             &sysparm_display_value=ALL&sysparm_exclude_reference_link=True&sysparm_view=ess&state=closed",
        )
        .expect("well formed");
        assert_eq!(read.query.as_deref(), Some("active=true^ORDERBYnumber"));
        assert_eq!(read.fields.clone().unwrap_or_default(), ["number", "caller_id.email"]);
        assert_eq!((read.rows(), read.show, read.exclude_reference_link), (ROWS_AT_MOST, Show::All, true));
        assert_eq!(read.pairs, [("state".to_owned(), "closed".to_owned())]);
    }

    #[test]
    fn a_parameter_that_cannot_be_read_is_named() {
        for (text, name) in [
            ("sysparm_limit=ten", "sysparm_limit"),
            ("sysparm_offset=-1", "sysparm_offset"),
            ("sysparm_display_value=yes", "sysparm_display_value"),
        ] {
            let refusal = read(text).expect_err("unreadable");
            assert!(refusal.to_string().starts_with(name), "{refusal}");
        }
    }
}
