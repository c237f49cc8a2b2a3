//! Which source may write an attribute: reconciliation rules as records, and what they come to for a class and an attribute.
//!
//! Rules that name an attribute go before those for all attributes, whatever class they are of; among either, those of the
//! nearest class hold. At one class a rule that chooses among all reported values (`cmdb_dynamic_reconciliation_definition`)
//! goes before those that rank sources (`cmdb_reconciliation_definition`). Filter conditions of rules are not read.

use fieldline_model::{Dictionary, Record, Timestamp, Value};

use super::sources::{Last, Report};
use super::{is_class, is_source};
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};

const RANKS: &str = "cmdb_reconciliation_definition";
const CHOICES: &str = "cmdb_dynamic_reconciliation_definition";
const SILENCES: &str = "cmdb_datasource_staleness";

/// Whether rows of a table are rules about sources.
pub(super) fn is_rule(table: &str) -> bool {
    [RANKS, CHOICES, SILENCES].contains(&table)
}

/// Refuses a rule that could not do what it says.
///
/// # Errors
/// Names what does not fit.
pub(super) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    let class = row.text("applies_to");
    if !is_class(call, class) {
        return invalid("applies_to", format!("\"{class}\" is no class of configuration items"));
    }
    let source = row.text("discovery_source");
    if row.id.table != *CHOICES && !is_source(call, source) {
        return invalid("discovery_source", format!("\"{source}\" is no choice of cmdb_ci.discovery_source"));
    }
    let declared = table::declared(call, class)?;
    for list in ["attributes", "update_with_null"] {
        if let Some(unknown) = names(row, list).iter().find(|name| declared.field(name).is_none()) {
            return invalid(list, format!("{class} has no field \"{unknown}\""));
        }
    }
    Ok(())
}

/// Every rule that is active.
pub(super) struct Precedence {
    ranks: Vec<Rank>,
    choices: Vec<Choice>,
    silences: Vec<Silence>,
}

/// How much a source is believed.
struct Rank {
    class: String,
    /// All when there are none.
    attributes: Vec<String>,
    /// Which of them it may empty.
    emptied: Vec<String>,
    source: String,
    priority: i64,
}

/// Which of the reported values counts.
struct Choice {
    class: String,
    attributes: Vec<String>,
    pick: Pick,
}

/// A way to choose among reported values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    Largest,
    Smallest,
    MostReported,
    FirstReported,
    LastReported,
}

/// After how long a source that says nothing is believed no more than others.
struct Silence {
    class: String,
    source: String,
    milliseconds: i64,
}

/// What the rules say of an attribute of a class.
pub(super) enum Ruled<'p> {
    /// Nothing: whoever comes last.
    Free,
    /// These sources write it.
    Ranked(Ranked<'p>),
    /// It is chosen among what all sources report.
    Chosen(Pick),
}

/// The sources that may write an attribute.
pub(super) struct Ranked<'p>(Vec<&'p Rank>);

impl Precedence {
    /// Reads the rules.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(call: &Call<'_>) -> Result<Self> {
        let rows = |table: &str| call.rows_of_query(table, "active=true");
        let ranks = rows(RANKS)?.iter().map(Rank::of).collect();
        let choices = rows(CHOICES)?.iter().filter_map(Choice::of).collect();
        let silences = rows(SILENCES)?.iter().map(Silence::of).collect();
        Ok(Self { ranks, choices, silences })
    }

    /// What holds for an attribute of items of a class.
    pub fn of(&self, dictionary: &Dictionary, class: &str, attribute: &str) -> Ruled<'_> {
        let names = |attributes: &[String]| attributes.iter().any(|name| name == attribute);
        for class in lineage(dictionary, class) {
            if let Some(choice) = self.choices.iter().find(|one| one.class == class && names(&one.attributes)) {
                return Ruled::Chosen(choice.pick);
            }
            if let Some(ranked) = self.ranked(|one| one.class == class && names(&one.attributes)) {
                return Ruled::Ranked(ranked);
            }
        }
        let for_all = lineage(dictionary, class)
            .into_iter()
            .find_map(|class| self.ranked(|one| one.class == class && one.attributes.is_empty()));
        for_all.map_or(Ruled::Free, Ruled::Ranked)
    }

    fn ranked(&self, counts: impl Fn(&Rank) -> bool) -> Option<Ranked<'_>> {
        let found: Vec<&Rank> = self.ranks.iter().filter(|one| counts(one)).collect();
        (!found.is_empty()).then_some(Ranked(found))
    }

    /// Whether whoever wrote an attribute last has said nothing for so long that others may.
    pub fn has_lapsed(&self, dictionary: &Dictionary, class: &str, last: &Last, now: Timestamp) -> bool {
        let silence = lineage(dictionary, class)
            .into_iter()
            .find_map(|class| self.silences.iter().find(|one| one.class == class && one.source == last.source));
        silence.is_some_and(|silence| now.0 - last.at >= silence.milliseconds)
    }
}

/// A class and those above it, the nearest first.
pub(super) fn lineage<'d>(dictionary: &'d Dictionary, class: &str) -> Vec<&'d str> {
    let mut lineage = Vec::new();
    let mut next = dictionary.table(class);
    while let Some(table) = next {
        lineage.push(table.name.as_str());
        next = table.extends.as_ref().and_then(|parent| dictionary.table(parent.as_str()));
    }
    lineage
}

impl Ranked<'_> {
    /// How much a source is believed, the least number most; `None` when the rules do not name it.
    pub fn of(&self, source: &str) -> Option<i64> {
        self.0.iter().filter(|one| one.source == source).map(|one| one.priority).min()
    }

    /// Whether a source may empty an attribute that is filled.
    pub fn may_empty(&self, source: &str, attribute: &str) -> bool {
        self.0.iter().any(|one| one.source == source && one.emptied.iter().any(|name| name == attribute))
    }
}

impl Rank {
    fn of(row: &Record) -> Self {
        Self {
            class: row.text("applies_to").to_owned(),
            attributes: names(row, "attributes"),
            emptied: names(row, "update_with_null"),
            source: row.text("discovery_source").to_owned(),
            priority: number_field(row, "priority").unwrap_or(100),
        }
    }
}

impl Choice {
    fn of(row: &Record) -> Option<Self> {
        let pick = match row.text("rule_type") {
            "largest" => Pick::Largest,
            "smallest" => Pick::Smallest,
            "most_reported" => Pick::MostReported,
            "first_reported" => Pick::FirstReported,
            "last_reported" => Pick::LastReported,
            _ => return None,
        };
        Some(Self { class: row.text("applies_to").to_owned(), attributes: names(row, "attributes"), pick })
    }
}

impl Silence {
    fn of(row: &Record) -> Self {
        let milliseconds = match row.get("effective_duration") {
            Some(Value::Time(Timestamp(milliseconds))) => *milliseconds,
            _ => 0,
        };
        Self { class: row.text("applies_to").to_owned(), source: row.text("discovery_source").to_owned(), milliseconds }
    }
}

pub(super) fn names(row: &Record, field: &str) -> Vec<String> {
    let names = row.text(field).split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

impl Pick {
    /// The value that counts among those reported. Of several that do equally, the one reported last; then by its source's name.
    pub fn among<'r>(self, reports: impl IntoIterator<Item = (&'r String, &'r Report)>) -> Option<&'r str> {
        let reports: Vec<(&String, &Report)> = reports.into_iter().collect();
        let alike = |value: &str| reports.iter().filter(|(_, report)| report.value == value).count();
        let latest = |(source, report): &&(&'r String, &'r Report)| (report.last, (*source).clone());
        let best = match self {
            Self::LastReported => reports.iter().max_by_key(latest),
            Self::FirstReported => reports.iter().min_by_key(|(source, report)| (report.first, (*source).clone())),
            Self::MostReported => reports.iter().max_by_key(|one| (alike(&one.1.value), latest(one))),
            Self::Largest => reports.iter().max_by_key(|one| (Size::of(&one.1.value), latest(one))),
            Self::Smallest => {
                let least = reports.iter().map(|one| Size::of(&one.1.value)).min()?;
                reports.iter().filter(|one| Size::of(&one.1.value) == least).max_by_key(latest)
            }
        };
        best.map(|(_, report)| report.value.as_str())
    }
}

/// A value as it compares: numbers below words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Size<'v> {
    Number(i128),
    Word(&'v str),
}

impl<'v> Size<'v> {
    fn of(text: &'v str) -> Self {
        let millionths = text.trim().parse::<fieldline_model::Decimal>().map(|number| i128::from(number.millionths));
        millionths.map_or(Self::Word(text), Self::Number)
    }
}
