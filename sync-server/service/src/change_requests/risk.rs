//! How risky a change is: each calculator is an ordered list of `risk_conditions`, of which the first that holds counts, and the
//! highest that any calculator says is the change's. Where none says anything, the change keeps what it has.

use std::collections::BTreeMap;

use fieldline_model::SysId;
use fieldline_model::condition::{Filter, Query};

use super::{CHANGES, Kind, Saved, read};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Input, Result};

const CONDITIONS: &str = "risk_conditions";

/// Works out the risk and impact of a change and writes them down.
///
/// # Errors
/// When there is no such change of this kind for the caller, or they may not change it.
pub fn calculate(call: &mut Call<'_>, kind: Option<Kind>, change: SysId) -> Result<Saved> {
    let change = read(call, kind, change)?.record;
    let mut conditions = call.rows(CONDITIONS, &Filter::equals("active", true))?;
    conditions.sort_by_key(|row| (number_field(row, "order").unwrap_or_default(), row.id.sys_id));
    let mut firsts = BTreeMap::new();
    for row in &conditions {
        let calculator = row.text("calculator").to_lowercase();
        if !firsts.contains_key(&calculator) && call.holds(&Query::parse(row.text("condition")).query, &change) {
            firsts.insert(calculator, row);
        }
    }
    // The lowest number is the highest risk.
    let highest = |field: &str| firsts.values().filter_map(|row| number_field(row, field)).min();
    let mut input = Input::default();
    for field in ["risk", "impact"] {
        input.fields.extend(highest(field).map(|number| (field.to_owned(), number.to_string())));
    }
    let detail = table::update(call, CHANGES, change.id.sys_id, &input)?;
    Ok(Saved { detail, ignored: Vec::new() })
}
