//! How far an article can be relied on (KCS), from where it stands and who brought it there: what is being written is work in
//! progress, what waits to be read by others is not validated, what somebody published who answers for knowledge is validated, and
//! what is no longer shown is archived. What a writer says of it themselves stays.

use fieldline_model::{Record, Value};

use super::STATE;
use crate::call::Call;

const FIELD: &str = "confidence";
/// Whose publication validates an article.
const ANSWER_FOR_KNOWLEDGE: [&str; 2] = ["knowledge_manager", "knowledge_admin"];

/// Sets the confidence of an article that has come to another state, unless it was written, too.
pub(super) fn settle(call: &Call<'_>, before: Option<&Record>, article: &mut Record) {
    let was = before.and_then(|before| before.get(FIELD));
    if article.get(FIELD) != was {
        return;
    }
    let answers_for_it = call.caller.may(&ANSWER_FOR_KNOWLEDGE.map(str::to_owned));
    let confidence = match article.text(STATE) {
        "draft" => "work_in_progress",
        "review" | "scheduled_publish" => "not_validated",
        "published" if answers_for_it => "validated",
        "published" => "not_validated",
        "retired" => "archived",
        _ => return,
    };
    article.set(FIELD, Some(Value::text(confidence)));
}
