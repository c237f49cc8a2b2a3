//! What was done to a document, told from one row: it was opened, talked about, and taken to the stage where it stands.

use std::collections::{BTreeMap, VecDeque};

use fieldline_documents::Act;
use fieldline_model::dictionary::Table;
use fieldline_model::life_cycle::{LifeCycle, StepRule};
use fieldline_model::{Dictionary, SysId, Timestamp, Value};
use fieldline_service::import::Deed;

use super::files::Row;
use super::names::Names;
use crate::failed::Failed;

const MINUTE: i64 = 60_000;
const UNTIL_ANSWERED: i64 = 10 * MINUTE;
const UNTIL_LOOKED_AT: i64 = 25 * MINUTE;
const BETWEEN_STEPS: i64 = 120 * MINUTE;

/// The deeds of a document, the birth first; `system` did what the row names nobody for.
///
/// # Errors
/// When a cell does not fit its field, or no steps lead where the row says it stands.
pub fn told(
    row: &Row,
    table: &Table,
    dictionary: &Dictionary,
    names: &Names,
    system: SysId,
    now: Timestamp,
) -> Result<Vec<Deed>, Failed> {
    let mut values = BTreeMap::new();
    for (name, text) in row.fields().filter(|(name, _)| !["comments", "work_notes"].contains(name)) {
        let field = table.field(name).ok_or_else(|| wrong(table, row, format!("{name} is no field")))?;
        let value = field.parse(&names.resolved(field, text)?).map_err(|error| wrong(table, row, error.to_string()))?;
        values.extend(value.map(|value| (name.to_owned(), value)));
    }
    let who = |fields: &[&str]| fields.iter().find_map(|field| values.get(*field)?.as_reference()).unwrap_or(system);
    let opener = who(&["opened_by", "caller_id", "requested_by", "requested_for"]);
    let worker = who(&["assigned_to"]);
    let opened = values.get("opened_at").and_then(Value::as_time).unwrap_or(now);
    let birth = [("opened_at", Value::Time(opened)), ("opened_by", Value::Reference(opener))];
    let birth = birth.into_iter().filter(|(name, _)| table.field(name).is_some());
    values.extend(birth.map(|(name, value)| (name.to_owned(), value)));

    let at = |after: i64| opened.plus_milliseconds(after).min(now);
    let birth = Deed { by: opener, at: opened, acts: values.into_iter().flat_map(written).collect() };
    let comment = row.get("comments").map(|text| Act::Comment { text: text.to_owned() });
    let note = row.get("work_notes").map(|text| Act::WorkNote { text: text.to_owned() });
    let mut history = vec![birth];
    history.extend(comment.map(|act| Deed { by: worker, at: at(UNTIL_ANSWERED), acts: vec![act] }));
    history.extend(note.map(|act| Deed { by: worker, at: at(UNTIL_LOOKED_AT), acts: vec![act] }));
    let (Some(stage), Some(life_cycle)) = (row.get("at"), dictionary.life_cycle_of(table.name.as_str())) else {
        return Ok(history);
    };
    let way = way(life_cycle, stage).ok_or_else(|| wrong(table, row, format!("no steps lead to {stage}")))?;
    for (number, rule) in (1..).zip(way) {
        history.push(Deed { by: worker, at: at(BETWEEN_STEPS * number), acts: taken(rule, row.get("reason")) });
    }
    Ok(history)
}

fn wrong(table: &Table, row: &Row, problem: String) -> Failed {
    Failed::Usage(format!("the demo data's {} \"{}\": {problem}", table.name, row.key()))
}

fn written((name, value): (String, Value)) -> Vec<Act> {
    let field = name.as_str().into();
    match value {
        Value::List(items) => {
            items.into_iter().map(|item| Act::Include { field: name.as_str().into(), item }).collect()
        }
        value => vec![Act::Set { field, value: Some(value) }],
    }
}

fn taken(rule: &StepRule, reason: Option<&str>) -> Vec<Act> {
    let offered = rule.reasons.iter().find(|offered| Some(offered.as_str()) == reason).or(rule.reasons.first());
    let asked = offered.is_some() && rule.comment_for.as_ref() == offered;
    let question = asked.then(|| Act::Comment { text: "Please tell us more.".into() });
    let step = Act::Transition { step: rule.name.clone(), reason: offered.cloned() };
    question.into_iter().chain([step]).collect()
}

/// The fewest steps from birth to the stage people read as this.
fn way<'a>(life_cycle: &'a LifeCycle, label: &str) -> Option<Vec<&'a StepRule>> {
    let mut ways = VecDeque::from([(life_cycle.initial.as_str(), Vec::new())]);
    let mut seen = Vec::new();
    while let Some((here, way)) = ways.pop_front() {
        if life_cycle.stage(here).is_some_and(|stage| stage.label == label) {
            return Some(way);
        }
        if seen.contains(&here) {
            continue;
        }
        seen.push(here);
        for rule in life_cycle.steps_from(here) {
            ways.push_back((rule.to.as_str(), way.iter().copied().chain([rule]).collect()));
        }
    }
    None
}
