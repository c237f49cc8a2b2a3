//! How good an article is by the checklist of its base (AQI): the sum of the weights of what was answered with yes, of 100. The newest
//! review is the one that counts.

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value};

use super::used::put_quietly;
use super::{ARTICLES, BASE, BASES};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Result, TableError};

pub(crate) const REVIEWS: &str = "kb_quality_review";
const QUESTIONS: &str = "kb_quality_checklist_question";
/// What the weights of a checklist are together.
const WHOLE: i64 = 100;

/// Works out what a review that is about to be written comes to.
///
/// # Errors
/// When there is nothing to judge the article by, or an answer is to another question.
pub(crate) fn prepare(call: &Call<'_>, review: &mut Record) -> Result<()> {
    let id = review.id.clone();
    let invalid = |field: &str, problem: String| TableError::invalid(&id, Some(&field.into()), problem);
    let none = || invalid("article", "name the article that was reviewed".into());
    let article = table::read(call, ARTICLES, review.reference("article").ok_or_else(none)?)?;
    let weights = weights(call, &article)?;
    let whole: i64 = weights.values().sum();
    if whole != WHOLE {
        let problem = match weights.is_empty() {
            true => "its knowledge base has no checklist with questions; give it one first".to_owned(),
            false => format!("the weights of its checklist are {whole} together; make them {WHOLE} first"),
        };
        return Err(invalid("article", problem));
    }
    let answered = review.references("answered_yes");
    if let Some(other) = answered.iter().find(|question| !weights.contains_key(question)) {
        return Err(invalid("answered_yes", format!("{other} is no question of the checklist of its base")));
    }
    review.set("score", Some(Value::Integer(answered.iter().filter_map(|question| weights.get(question)).sum())));
    review.set("version", article.get("version").cloned());
    Ok(())
}

/// Notes on an article what its newest review came to.
///
/// # Errors
/// When the database fails.
pub(crate) fn settle(call: &mut Call<'_>, review: &Record) -> Result<()> {
    let article = call.referred(ARTICLES, review.reference("article"))?;
    let Some(mut article) = article else { return Ok(()) };
    article.set("latest_aqi", review.get("score").cloned());
    put_quietly(call, &article)
}

/// The questions an article is judged by, with their weights.
fn weights(call: &Call<'_>, article: &Record) -> Result<BTreeMap<SysId, i64>> {
    let base = call.referred(BASES, article.reference(BASE))?;
    let checklist = base.and_then(|base| base.reference("checklist"));
    let Some(checklist) = checklist else { return Ok(BTreeMap::new()) };
    let questions = call.rows(QUESTIONS, &Filter::equals("checklist", checklist))?;
    Ok(questions.iter().map(|row| (row.id.sys_id, number_field(row, "weight").unwrap_or_default())).collect())
}
