//! What an interaction may become, and what follows from it.

use fieldline_model::{DocumentId, Record, Value};

use super::{callback, is_over};
use crate::call::Call;
use crate::chat;
use crate::table::{Result, TableError};

/// What is still written of an interaction that is over.
const GO_ON: [&str; 4] = ["notes", "wrap_up_code", "wrap_up_notes", "callback_at"];

/// Refuses what an interaction cannot become, and works out what else it says.
///
/// # Errors
/// Names what is wrong with it.
pub(crate) fn prepare(call: &Call<'_>, before: Option<&Record>, interaction: &mut Record) -> Result<()> {
    if let Some(before) = before.filter(|before| is_over(before)) {
        let changed = |field: &&str| !GO_ON.contains(field) && before.get(field) != interaction.get(field);
        let fields = before.fields.keys().chain(interaction.fields.keys()).map(fieldline_model::FieldName::as_str);
        let mut changed = fields.filter(|field| !field.starts_with("sys_")).filter(changed);
        if let Some(field) = changed.next() {
            let problem = "is over, so only its notes are still written; open another one";
            return Err(TableError::invalid(&interaction.id, Some(&field.into()), problem));
        }
    }
    if before.is_none() {
        interaction.set("opened_at", Some(Value::Time(call.now)));
    }
    if is_over(interaction) && interaction.time("closed_at").is_none() {
        interaction.set("closed_at", Some(Value::Time(call.now)));
        if interaction.text("type") == "chat" {
            let transcript = chat::transcript(call, interaction)?;
            interaction.set("transcript", Some(Value::Text(transcript)).filter(|text| text.as_text() != Some("")));
        }
    }
    if interaction.reference("account").is_none()
        && let Some(contact) = interaction.reference("contact")
        && let Some(contact) = call.row(&DocumentId::new("customer_contact", contact))?
    {
        interaction.set("account", contact.reference("account").map(Value::Reference));
    }
    callback::check(call, before, interaction)
}

/// Does what follows from an interaction that was written.
///
/// # Errors
/// When the database fails.
pub(crate) fn written(call: &mut Call<'_>, before: Option<&Record>, interaction: &Record) -> Result<()> {
    callback::time(call, before, interaction)?;
    Ok(call.settle_work(interaction)?)
}
