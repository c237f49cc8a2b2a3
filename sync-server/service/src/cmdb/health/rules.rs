//! What health is measured by: rules as records, those of the nearest class first.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId, Timestamp, Value};

use super::score::Weights;
use crate::call::Call;
use crate::cmdb::precedence::{lineage, names};
use crate::cmdb::{ROOT, rules as identification};
use crate::error::Result;
use crate::table::{self, TableError};

const WEIGHTS: &str = "cmdb_health_metric_pref";
const RECOMMENDED: &str = "cmdb_recommended_fields";
const ORPHANS: &str = "cmdb_health_orphan_rule";
const STALENESS: &str = "cmdb_health_stale_rule";
const AUDITS: &str = "cert_audit";
/// An item that nobody changed for so long is stale where no rule says otherwise.
const STALE_MILLISECONDS: i64 = 60 * 86_400_000;

/// Whether rows of a table are rules of health.
pub(crate) fn is_rule(table: &str) -> bool {
    [WEIGHTS, RECOMMENDED, ORPHANS, STALENESS, AUDITS].contains(&table)
}

/// Everything an organisation says about health.
pub(super) struct Rules {
    pub weights: Weights,
    pub audits: Vec<Audit>,
    recommended: BTreeMap<String, Vec<String>>,
    orphans: Vec<OrphanRule>,
    stale: BTreeMap<String, i64>,
}

/// Expected values.
pub(super) struct Audit {
    pub name: String,
    pub table: String,
    pub filter: Query,
    pub template: Query,
}

/// When an item is an orphan.
pub(super) struct OrphanRule {
    class: String,
    attributes: Option<Query>,
    pub is_any: bool,
    pub without: Option<Relation>,
}

/// Which relations an item has not.
pub(super) struct Relation {
    pub kind: Option<SysId>,
    pub class: Option<String>,
}

/// What is asked of the items of one class.
pub(super) struct OfClass<'r> {
    pub mandatory: Vec<String>,
    pub recommended: BTreeSet<String>,
    pub orphan: Option<&'r OrphanRule>,
    pub stale_milliseconds: i64,
    pub audits: Vec<&'r Audit>,
    pub identification: Option<&'static identification::Rule>,
}

impl Rules {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(call: &Call<'_>) -> Result<Self> {
        let active = |table: &str| call.rows_of_query(table, "active=true^ORDERBYsys_created_on");
        let mut weights = Weights::default();
        for row in call.rows_of_query(WEIGHTS, "ORDERBYsys_created_on")? {
            let taken = weights.clone().take(row.text("kpi"), row.text("weights"));
            match taken {
                Ok(()) => drop(weights.take(row.text("kpi"), row.text("weights"))),
                Err(problem) => tracing::error!(rule = %row.id, problem, "weights of CMDB health cannot be used"),
            }
        }
        let mut recommended: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in active(RECOMMENDED)? {
            recommended.entry(row.text("applies_to").to_owned()).or_default().extend(names(&row, "recommended"));
        }
        let stale = active(STALENESS)?;
        Ok(Self {
            weights,
            audits: active(AUDITS)?.iter().map(Audit::of).collect(),
            recommended,
            orphans: active(ORPHANS)?.iter().map(OrphanRule::of).collect(),
            stale: stale.iter().map(|row| (row.text("applies_to").to_owned(), duration(row))).collect(),
        })
    }

    /// What is asked of items of a class.
    pub fn of_class(&self, call: &Call<'_>, class: &str) -> OfClass<'_> {
        let lineage = lineage(&call.dictionary, class);
        let table = call.dictionary.table(class);
        let mandatory = table.into_iter().flat_map(|table| &table.fields).filter(|field| field.mandatory);
        let recommended = lineage.iter().filter_map(|class| self.recommended.get(*class)).flatten().cloned();
        let nearest = |class: &&str| self.orphans.iter().find(|rule| rule.class == **class);
        let stale = lineage.iter().find_map(|class| self.stale.get(*class)).copied();
        let rule = identification::rule_for(&call.dictionary, class).filter(|rule| rule.hosts.is_empty());
        OfClass {
            mandatory: mandatory.map(|field| field.name.to_string()).collect(),
            recommended: recommended.collect(),
            orphan: lineage.iter().find_map(nearest),
            stale_milliseconds: stale.unwrap_or(STALE_MILLISECONDS),
            audits: self.audits.iter().filter(|audit| lineage.contains(&audit.table.as_str())).collect(),
            identification: rule,
        }
    }
}

impl Audit {
    fn of(row: &Record) -> Self {
        let query = |field: &str| Query::parse(row.text(field)).query;
        let (name, table) = (row.text("name").to_owned(), row.text("table").to_owned());
        Self { name, table, filter: query("filter"), template: query("template") }
    }
}

impl OrphanRule {
    fn of(row: &Record) -> Self {
        let filled = |field: &str| Some(row.text(field).to_owned()).filter(|text| !text.is_empty());
        let without = row
            .says("without_relation")
            .then(|| Relation { kind: row.reference("relation_type"), class: filled("related_class") });
        Self {
            class: row.text("applies_to").to_owned(),
            attributes: filled("attributes").map(|text| Query::parse(&text).query),
            is_any: row.text("operator") == "or",
            without,
        }
    }

    /// Whether an item's fields are as the rule says; `None` when it says nothing of them.
    pub fn fields_match(&self, call: &Call<'_>, item: &Record) -> Option<bool> {
        self.attributes.as_ref().map(|query| call.holds(query, item))
    }
}

fn duration(row: &Record) -> i64 {
    match row.get("effective_duration") {
        Some(Value::Time(Timestamp(milliseconds))) => *milliseconds,
        _ => STALE_MILLISECONDS,
    }
}

/// Refuses a rule of health that could not do what it says.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    if row.id.table == *WEIGHTS {
        return Weights::default()
            .take(row.text("kpi"), row.text("weights"))
            .or_else(|problem| invalid("weights", format!("{problem}; such as required=60,recommended=40")));
    }
    let class_field = if row.id.table == *AUDITS { "table" } else { "applies_to" };
    let class = row.text(class_field);
    if !call.dictionary.is_a(class, ROOT) {
        return invalid(class_field, format!("\"{class}\" is no class of configuration items"));
    }
    let declared = table::declared(call, class)?;
    if let Some(unknown) = names(row, "recommended").iter().find(|name| declared.field(name).is_none()) {
        return invalid("recommended", format!("{class} has no field \"{unknown}\""));
    }
    for field in ["attributes", "filter", "template"] {
        if !row.text(field).is_empty() {
            call.check_condition(row, &field.into(), class, row.text(field))?;
        }
    }
    Ok(())
}
