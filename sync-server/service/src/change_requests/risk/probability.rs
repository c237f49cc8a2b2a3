//! Impact and probable success, looked up in `sn_chg_probability_risk_lookup`: once by how the change's group did before, once by
//! how changes of its model went. Where nothing was closed yet, nothing is said.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use super::{Verdict, shown};
use crate::call::Call;
use crate::change_requests::score::{self, Team};
use crate::error::Result;
use crate::query::number_field;

const LOOKUP: &str = "sn_chg_probability_risk_lookup";

pub(super) fn verdicts(call: &Call<'_>, change: &Record, impact: Option<i64>) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for (team, name) in [(Team::Group, "Change Success Score"), (Team::Model, "Change Model Success")] {
        let of = change.reference(team.field());
        if let (Some(of), Some(impact)) = (of, impact) {
            verdicts.extend(verdict(call, (team, of), name, impact)?);
        }
    }
    Ok(verdicts)
}

fn verdict(call: &Call<'_>, (team, of): (Team, SysId), name: &str, impact: i64) -> Result<Option<Verdict>> {
    let score = score::of(call, team, of)?;
    let Some(probability) = score.probability.as_deref() else { return Ok(None) };
    let row = Filter::equals("impact", impact).and(Filter::equals("success_probability", probability));
    let row = call.some_rows(LOOKUP, &row.and(Filter::equals("active", true)), 1)?.into_iter().next();
    let risk = row.and_then(|row| number_field(&row, "risk"));
    let says = format!(
        "Calculated (Impact + {name}): {} impact, {} points of {} changes ({}), success is {probability}: {}.",
        shown(call, "impact", impact),
        score.points,
        score.changes,
        score.rating,
        risk.map_or_else(|| "no row for that".to_owned(), |risk| format!("{} risk", shown(call, "risk", risk)))
    );
    Ok(Some(Verdict { risk, impact: None, says }))
}
