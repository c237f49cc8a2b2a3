//! Calculators: rows of `risk_conditions`. Of each the first, by its order, that holds counts.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Filter, Query, Term};
use fieldline_model::{Dictionary, Record, TableName};
use fieldline_storage::{Selection, Tx};

use super::questionnaire::ASSESSMENTS;
use super::{Verdict, shown};
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::error::Result;
use crate::query::number_field;

pub(crate) const CONDITIONS: &str = "risk_conditions";

pub(super) fn verdicts(call: &Call<'_>, change: &Record) -> Result<Vec<Verdict>> {
    let mut conditions = call.rows(CONDITIONS, &Filter::equals("active", true))?;
    conditions.sort_by_key(|row| (number_field(row, "order").unwrap_or_default(), row.id.sys_id));
    let mut firsts = BTreeMap::new();
    for row in &conditions {
        let calculator = row.text("calculator").to_lowercase();
        if !firsts.contains_key(&calculator) && call.holds(&Query::parse(row.text("condition")).query, change) {
            firsts.insert(calculator, row);
        }
    }
    Ok(firsts.into_values().map(|row| verdict(call, row)).collect())
}

fn verdict(call: &Call<'_>, row: &Record) -> Verdict {
    let [risk, impact] = ["risk", "impact"].map(|field| number_field(row, field));
    let said = |field: &str, value: Option<i64>| value.map(|value| format!("{} {field}", shown(call, field, value)));
    let said: Vec<String> = [said("risk", risk), said("impact", impact)].into_iter().flatten().collect();
    let says = format!(
        "Calculator \"{}\", condition \"{}\": {}.",
        row.text("calculator"),
        row.text("name"),
        if said.is_empty() { "nothing".into() } else { said.join(", ") }
    );
    Verdict { risk, impact, says }
}

/// The tables that conditions about risk look into, one reference away from the change.
pub(crate) fn looked_into(dictionary: &Dictionary, tx: &dyn Tx) -> Result<BTreeSet<TableName>> {
    let mut tables = BTreeSet::new();
    let declared = dictionary.table(CHANGES);
    for table in [CONDITIONS, ASSESSMENTS] {
        let active = Filter::equals("active", true);
        for row in tx.select(&Selection::of(dictionary.family(table), &active), u32::MAX, 0)? {
            let query = Query::parse(row.text("condition")).query;
            for term in query.groups.into_iter().flat_map(|group| group.clauses).flatten() {
                let Term::Condition(condition) = term else { continue };
                let [first, _, ..] = &condition.path[..] else { continue };
                let target = declared.and_then(|table| table.field(first)?.reference.as_ref());
                tables.extend(target.iter().flat_map(|target| dictionary.family(target.as_str())).cloned());
            }
        }
    }
    Ok(tables)
}
