//! How an organisation wants conflicts to be looked for: properties `change.conflict.…`. What is not set is looked for.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::error::Result;
use crate::itsm::PROPERTIES;

const PREFIX: &str = "change.conflict.";
/// The fewest conflicts of a type that may be kept.
const FEWEST: usize = 1_000;
const DAYS: i64 = 90;
const SUGGESTIONS: usize = 100;

/// The properties that are set.
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub fn read(call: &Call<'_>) -> Result<Self> {
        let rows = call.rows_of_query(PROPERTIES, &format!("nameSTARTSWITH{PREFIX}"))?;
        let value = |row: &fieldline_model::Record| {
            Some((row.text("name").strip_prefix(PREFIX)?.to_owned(), row.text("value").trim().to_owned()))
        };
        Ok(Self(rows.iter().filter_map(value).collect()))
    }

    /// Whether something is looked for.
    pub fn says(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(|value| !value.eq_ignore_ascii_case("false"))
    }

    /// Whether what a change affects beside its own item counts, too.
    pub fn is_advanced(&self) -> bool {
        self.0.get("mode").is_none_or(|mode| !mode.eq_ignore_ascii_case("basic"))
    }

    /// How many conflicts of a type are kept.
    pub fn most(&self) -> usize {
        self.number("max_count").unwrap_or(FEWEST).max(FEWEST)
    }

    /// How many days ahead free time is looked for.
    pub fn days(&self) -> i64 {
        self.number("next_available.schedule_window").unwrap_or(DAYS)
    }

    /// How many stretches of free time are named.
    pub fn suggestions(&self) -> usize {
        self.number("next_available.choice_limit").unwrap_or(SUGGESTIONS)
    }

    fn number<T: std::str::FromStr + PartialOrd + Default>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok().filter(|number| *number > T::default())
    }
}
