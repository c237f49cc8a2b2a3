//! How content customers are: each closed case asks once, and what was answered reads as figures.
//!
//! Source: ServiceNow "Case states" (a survey is shown when the customer accepts the solution).

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::call::Call;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::table::{self, Result, TableError};

pub(super) const SURVEYS: &str = "fl_case_survey";
const ANSWER_CHARACTERS: usize = 4_000;
/// A score from here on is of somebody who is content.
const CONTENT: i64 = 4;

/// What customers said of closed cases.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// How many were asked.
    pub asked: usize,
    /// How many answered.
    pub answered: usize,
    /// How many gave each score, from 1 to 5.
    pub scores: BTreeMap<i64, usize>,
    /// The mean score.
    pub mean: Option<f64>,
    /// Those who are content among those who answered, in percent.
    pub content_percent: Option<f64>,
}

fn id_of(case: &Record) -> DocumentId {
    DocumentId::new(SURVEYS, sys_id_of(format!("survey/{}", case.id)))
}

/// Whether the customer of a case is asked and has not answered.
pub(super) fn is_open(call: &Call<'_>, case: &Record) -> Result<bool> {
    Ok(call.row(&id_of(case))?.is_some_and(|survey| survey.text("state") == "ready"))
}

/// Writes down what the caller, whose case it is, says of it.
pub(super) fn answer(call: &mut Call<'_>, case: &Record, score: i64, words: &str) -> Result<()> {
    let Some(mut survey) = call.row(&id_of(case))? else {
        return Err(TableError::invalid(&case.id, None, "is not closed, so nobody asks yet; answer once it is"));
    };
    if survey.text("state") != "ready" {
        return Err(TableError::invalid(&case.id, None, "was answered already; thank you"));
    }
    let declared = table::declared(call, SURVEYS)?;
    let score = Value::Integer(score);
    if let Some(field) = declared.field("score") {
        field.check(&score).map_err(|error| TableError::field(&case.id, &error))?;
    }
    survey.set("score", Some(score));
    let words: String = words.trim().chars().take(ANSWER_CHARACTERS).collect();
    survey.set("answer", Some(Value::Text(words)).filter(|words| words.as_text() != Some("")));
    survey.set("answered_by", Some(Value::Reference(call.caller.user)));
    survey.set("taken_on", Some(Value::Time(call.now)));
    survey.set("state", Some(Value::text("complete")));
    Ok(call.put_row(survey)?)
}

/// What customers said, of all cases or those of one account.
///
/// # Errors
/// When the caller may not know, or the database fails.
pub fn figures(call: &Call<'_>, account: Option<SysId>) -> Result<Figures> {
    let declared = table::declared(call, SURVEYS)?;
    table::only(call, &declared.read, SURVEYS, "may know what customers said")?;
    let asked = account.map_or_else(Filter::everything, |account| Filter::equals("account", account));
    Ok(counted(&call.rows(SURVEYS, &asked)?))
}

fn counted(surveys: &[Record]) -> Figures {
    let scores: Vec<i64> = surveys.iter().filter_map(|survey| number_field(survey, "score")).collect();
    let mut figures = Figures { asked: surveys.len(), answered: scores.len(), ..Figures::default() };
    for score in &scores {
        *figures.scores.entry(*score).or_default() += 1;
    }
    if !scores.is_empty() {
        let (all, content) = (scores.len() as f64, scores.iter().filter(|score| **score >= CONTENT).count() as f64);
        figures.mean = Some(scores.iter().sum::<i64>() as f64 / all);
        figures.content_percent = Some(content * 100.0 / all);
    }
    figures
}

impl Call<'_> {
    /// Asks the customer of a case that was closed, once.
    pub(super) fn ask_customer(&mut self, case: &Record) -> crate::error::Result<()> {
        let id = id_of(case);
        if self.row(&id)?.is_some() {
            return Ok(());
        }
        let mut survey = Record::new(id);
        survey.set("case", Some(Value::Reference(case.id.sys_id)));
        survey.set("state", Some(Value::text("ready")));
        for field in ["account", "assigned_to"] {
            survey.set(field, case.get(field).cloned());
        }
        self.put_row(survey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_tell_who_answered_apart_from_who_was_asked() {
        let survey = |number: u8, score: Option<i64>| {
            let mut row = Record::new(DocumentId::new(SURVEYS, SysId([number; 16])));
            row.set("score", score.map(Value::Integer));
            row
        };
        let figures = counted(&[survey(1, Some(5)), survey(2, Some(2)), survey(3, None), survey(4, Some(5))]);
        assert_eq!((figures.asked, figures.answered), (4, 3));
        assert_eq!(figures.scores, BTreeMap::from([(2, 1), (5, 2)]));
        assert_eq!((figures.mean, figures.content_percent.map(f64::round)), (Some(4.0), Some(67.0)));
        assert_eq!(counted(&[]).mean, None);
    }
}
