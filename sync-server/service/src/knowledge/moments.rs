//! What happens to articles at a moment: one that is scheduled is published, one past its last day is outdated.

use fieldline_model::{Record, Timestamp, Value};
use fieldline_storage::Job;

use super::{ARTICLES, STATE, prepare, written};
use crate::call::Call;
use crate::table;

/// The jobs of articles.
pub(crate) const KIND: &str = "knowledge";

/// Sets the job of the next thing that happens to an article by itself, or removes it.
pub(super) fn set(call: &mut Call<'_>, article: &Record) -> crate::error::Result<()> {
    match next(article) {
        Some((at, _)) => call.put_job(&Job::of(KIND, article.id.sys_id, at)),
        None => Ok(call.tx.remove_job(&Job::name_of(KIND, article.id.sys_id)).map(drop)?),
    }
}

/// When something happens to an article by itself, and which state it goes to.
fn next(article: &Record) -> Option<(Timestamp, &'static str)> {
    match article.text(STATE) {
        "scheduled_publish" => Some((article.time("published")?, "published")),
        "published" => Some((article.time("valid_to")?, "outdated")),
        _ => None,
    }
}

/// Lets happen to an article what its moment has come for.
///
/// # Errors
/// When the database fails.
pub(crate) fn come(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let article = call.referred(ARTICLES, job.record())?;
    let Some(before) = article else { return Ok(()) };
    let Some((_, state)) = next(&before).filter(|(at, _)| *at <= call.now) else { return Ok(set(call, &before)?) };
    let mut article = before.clone();
    article.set(STATE, Some(Value::text(state)));
    prepare(call, Some(&before), &mut article)?;
    call.put_row(article.clone())?;
    written(call, Some(&before), &article)
}
