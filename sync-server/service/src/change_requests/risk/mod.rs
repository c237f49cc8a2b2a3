//! How risky a change is: what several engines say of it, of which the highest risk counts, and why.
//!
//! * `conditions.rs` are calculators: ordered conditions, of each the first that holds. They may say an impact, too.
//! * `questionnaire.rs` is what somebody answered, weighed and compared with thresholds.
//! * `probability.rs` looks impact and probable success up; `score.rs` beside this says how probable success is.
//!
//! What each says is kept in `risk_impact_analysis`. Once a change has been assessed it is assessed again whenever what was read
//! says something else: fields of the change at once, what is defined elsewhere by a job. A risk that somebody chose by hand holds
//! until then.
//!
//! Left out: records further away from the change than one reference do not set off the job; they count at its next run.
//!
//! Source: ServiceNow "Risk assessment", "Calculated Risk Score".

mod conditions;
mod probability;
mod questionnaire;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value};
use fieldline_storage::Job;

use super::{CHANGES, Kind, Saved, read};
use crate::author::set;
use crate::call::{Call, Changed};
use crate::query::number_field;
use crate::table::{self, Input, Result};

pub(crate) use conditions::{CONDITIONS, looked_into};
pub(crate) use questionnaire::{ASSESSMENTS, check, written};

/// The job that assesses again.
pub(crate) const KIND: &str = "change_risk";
/// Much that changes in this time is one assessment.
const GATHER_MILLISECONDS: i64 = 10_000;
const ANALYSIS: &str = "risk_impact_analysis";
/// Tables whose rows say how risky changes are, beside conditions and questionnaires.
const READ: [&str; 5] = [
    "change_risk_asmt_threshold",
    "asmt_metric",
    "asmt_metric_definition",
    "sn_chg_probability_risk_lookup",
    "chg_success_score_rating",
];
const LONGEST: usize = 4_000;

/// What one engine says.
struct Verdict {
    risk: Option<i64>,
    impact: Option<i64>,
    /// Which engine, and why.
    says: String,
}

/// What all of them say.
#[derive(PartialEq, Eq)]
struct Assessment {
    risk: Option<i64>,
    impact: Option<i64>,
    analysis: String,
}

/// Works out the risk and impact of a change and writes them down.
///
/// # Errors
/// When there is no such change of this kind for the caller, or they may not change it.
pub fn calculate(call: &mut Call<'_>, kind: Option<Kind>, change: SysId) -> Result<Saved> {
    let change = read(call, kind, change)?.record;
    let assessment = assess(call, &change)?;
    let mut input = Input::of(&[(ANALYSIS, &assessment.analysis)]);
    for (field, value) in [("risk", assessment.risk), ("impact", assessment.impact)] {
        input.fields.extend(value.map(|number| (field.to_owned(), number.to_string())));
    }
    let detail = table::update(call, CHANGES, change.id.sys_id, &input)?;
    Ok(Saved { detail, ignored: Vec::new() })
}

fn assess(call: &Call<'_>, change: &Record) -> crate::error::Result<Assessment> {
    let mut verdicts = conditions::verdicts(call, change)?;
    // The lowest number is the highest risk, and the highest impact.
    let impact = verdicts.iter().filter_map(|verdict| verdict.impact).min();
    verdicts.extend(questionnaire::verdict(call, change)?);
    let felt = impact.or_else(|| number_field(change, "impact"));
    verdicts.extend(probability::verdicts(call, change, felt)?);
    let risk = verdicts.iter().filter_map(|verdict| verdict.risk).min();
    let head = match risk {
        Some(risk) => format!("{} risk, the highest that was said.", shown(call, "risk", risk)),
        None => "Nothing says how risky it is.".to_owned(),
    };
    let lines: Vec<&str> = std::iter::once(head.as_str()).chain(verdicts.iter().map(|one| one.says.as_str())).collect();
    Ok(Assessment { risk, impact, analysis: lines.join("\n").chars().take(LONGEST).collect() })
}

/// A choice as people read it.
fn shown(call: &Call<'_>, field: &str, value: i64) -> String {
    let declared = call.dictionary.table(CHANGES).and_then(|table| table.field(field));
    declared.map_or_else(|| value.to_string(), |field| field.display(&Value::Integer(value)))
}

/// Assesses a change again that was assessed before, if what was read says something else now.
///
/// # Errors
/// When the database fails.
pub(super) fn follow(call: &mut Call<'_>, changed: &Changed) -> crate::error::Result<()> {
    if changed.arrived() == Some("closed") {
        again_for_all(call)?;
    }
    again(call, &changed.projection.record)
}

/// Assesses changes again when an incident is said to be caused by one, or weighs more or less.
///
/// # Errors
/// When the database fails.
pub(crate) fn follow_incident(call: &mut Call<'_>, changed: &Changed) -> crate::error::Result<()> {
    let record = &changed.projection.record;
    let fields = ["caused_by", "priority"];
    let differs = changed.before.is_none() || changed.turned(&fields);
    let is_caused = || changed.before.iter().chain([record]).any(|row| row.reference("caused_by").is_some());
    match record.id.table == *"incident" && differs && is_caused() {
        true => again_for_all(call),
        false => Ok(()),
    }
}

fn again(call: &mut Call<'_>, change: &Record) -> crate::error::Result<()> {
    let is_open = change.get("active") != Some(&Value::Boolean(false));
    let before = change.text(ANALYSIS);
    if before.is_empty() || !is_open {
        return Ok(());
    }
    let Assessment { risk, impact, analysis } = assess(call, change)?;
    if analysis == before {
        return Ok(());
    }
    let mut acts = vec![set(ANALYSIS, Value::text(analysis))];
    for (field, value) in [("risk", risk), ("impact", impact)] {
        acts.extend(
            value.filter(|value| number_field(change, field) != Some(*value)).map(|v| set(field, Value::Integer(v))),
        );
    }
    call.because("what its risk was read from has changed".into(), |call| {
        call.author_as_system(change.id.clone(), acts)
    })
}

/// Lets every assessed change be assessed again soon.
///
/// # Errors
/// When the database fails.
pub(crate) fn again_for_all(call: &mut Call<'_>) -> crate::error::Result<()> {
    match call.tx.job(KIND)? {
        Some(waiting) if !waiting.stopped => Ok(()),
        _ => call.put_job(&Job::new(KIND, KIND, call.now.plus_milliseconds(GATHER_MILLISECONDS))),
    }
}

/// Assesses every open change again that was assessed before.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> Result<()> {
    call.tx.remove_job(&job.name)?;
    for change in call.rows(CHANGES, &Filter::equals("active", true))? {
        again(call, &change)?;
    }
    Ok(())
}

/// Whether rows of a table say how risky changes are.
pub(crate) fn is_read(table: &str) -> bool {
    READ.contains(&table) || [CONDITIONS, ASSESSMENTS].contains(&table)
}
