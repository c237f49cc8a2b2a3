//! Changing all records that match: only what was asked for, all of it or nothing, and no more than one transaction can hold.

use fieldline_model::Record;
use fieldline_model::condition::Parsed;
use fieldline_service::Call;
use fieldline_service::question::Question;

use crate::refusal::Refusal;

/// Records one message changes or creates: others wait meanwhile.
const MOST: u32 = 1_000;

/// The records that match a query. Where a reader is answered more than was asked for when a condition is not understood, a
/// writer is refused: it would change what nobody named.
///
/// # Errors
/// When the query names nothing, is not understood, or matches more than can be changed at once.
pub fn all(call: &Call<'_>, table: &str, Parsed { query, ignored }: &Parsed) -> Result<Vec<Record>, Refusal> {
    let question = Question::new(call, table, query)?;
    if let Some(ignored) = ignored.iter().chain(&question.ignored).next() {
        let problem = format!("{table}: {ignored} is no condition you may ask; nothing was changed");
        return Err(Refusal::Malformed(problem));
    }
    if query.groups.is_empty() || query.groups.iter().any(|group| group.clauses.is_empty()) {
        return Err(Refusal::Malformed(format!(
            "{table}: say which records; without a condition it would be all of them"
        )));
    }
    let records = question.records(call, MOST + 1, 0)?;
    if records.len() > MOST as usize {
        let problem = format!("{table}: more than {MOST} records match; nothing was changed, narrow the query");
        return Err(Refusal::Malformed(problem));
    }
    Ok(records)
}

/// The records of one message, if they are not too many (ServiceNow "insertMultiple" has 200).
///
/// # Errors
/// When they are.
pub fn check<T>(records: Vec<T>) -> Result<Vec<T>, Refusal> {
    if records.len() > MOST as usize {
        return Err(Refusal::Malformed(format!("{MOST} records are the most; send them in several messages")));
    }
    Ok(records)
}
