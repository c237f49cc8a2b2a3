//! A customer signs what was done, or says why not.

use fieldline_documents::Act;
use fieldline_model::Value;

use super::{Opened, Purpose};
use crate::author::set;
use crate::call::Call;
use crate::table::{Result, TableError};

const NAME_CHARACTERS: usize = 100;
const REASON_CHARACTERS: usize = 1_000;

/// What a customer says to what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It is as it should be.
    Accepts,
    /// It is not, and why.
    Refuses(String),
}

/// Takes down what a customer says, under their name. Who refused may sign later; what was signed stays.
///
/// # Errors
/// When the link is for something else, there is no name or no reason, nothing was done yet, or it was signed already.
pub fn sign(call: &mut Call<'_>, opened: &Opened, name: &str, word: &Word) -> Result<()> {
    opened.is_for(Purpose::Sign)?;
    let (task, name) = (&opened.task, name.trim());
    let invalid = |field: &str, problem: &str| Err(TableError::invalid("your visit", Some(&field.into()), problem));
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS {
        return invalid("name", "write your name, in at most 100 characters");
    }
    if !matches!(call.stage_shown(task), Some("work_in_progress" | "paused" | "closed_complete" | "closed_incomplete"))
    {
        return invalid("decision", "nothing was done yet; sign when the technician has begun");
    }
    if !task.text("signed_by").is_empty() {
        return invalid("decision", "it was signed already; call us if something is wrong");
    }
    let acts = match word {
        Word::Accepts => vec![
            set("signed_by", Value::text(name)),
            set("signed_on", Value::Time(call.now)),
            set("signature_refusal", None),
            Act::Comment { text: format!("{name} signed what was done.") },
        ],
        Word::Refuses(reason) => {
            let reason = reason.trim();
            if reason.is_empty() || reason.chars().count() > REASON_CHARACTERS {
                return invalid("reason", "write why you do not sign, in at most 1000 characters");
            }
            let subject = format!("{}: the customer does not sign", task.text("number"));
            call.tell_dispatcher(task, &subject, reason)?;
            vec![
                set("signature_refusal", Value::text(reason)),
                Act::Comment { text: format!("{name} does not sign. Reason: {reason}") },
            ]
        }
    };
    opened.used(call)?;
    Ok(call.because("a customer signed by a link".into(), |call| call.author_as_system(task.id.clone(), acts))?)
}
