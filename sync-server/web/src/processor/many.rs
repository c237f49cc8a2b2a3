//! Changing all records that match: only what was asked for, all of it or nothing, and no more than one transaction can hold.

use fieldline_model::Record;
use fieldline_model::condition::Query;
use fieldline_service::Call;
use fieldline_service::table::Question;

use crate::refusal::Refusal;

/// Records changed at once: others wait meanwhile.
const MOST: u32 = 1_000;

/// The records that match a query. Where a reader is answered more than was asked for when a condition is not understood, a
/// writer is refused: it would change what nobody named.
///
/// # Errors
/// When the query names nothing, is not understood, or matches more than can be changed at once.
pub fn all(call: &Call<'_>, table: &str, query: &Query) -> Result<Vec<Record>, Refusal> {
    if query.groups.iter().all(|group| group.clauses.is_empty()) {
        return Err(Refusal::Malformed(format!(
            "{table}: say which records; without a condition it would be all of them"
        )));
    }
    let question = Question::new(call, table, query)?;
    if let Some(ignored) = question.ignored.first() {
        let problem = format!("{table}: {ignored} is no condition you may ask; nothing was changed");
        return Err(Refusal::Malformed(problem));
    }
    let records = question.records(call, MOST + 1, 0)?;
    if records.len() > MOST as usize {
        let problem = format!("{table}: more than {MOST} records match; nothing was changed, narrow the query");
        return Err(Refusal::Malformed(problem));
    }
    Ok(records)
}
