//! Items that cannot be told apart are for somebody to look at.

use fieldline_model::Record;

use crate::call::Call;
use crate::table::{self, Input, Result};

/// Opens one task for records that are alike, while there is none.
///
/// # Errors
/// When the database fails.
pub(super) fn report(call: &mut Call<'_>, records: &[Record], fields: &str) -> Result<()> {
    let first = records.iter().map(|record| record.id.sys_id).min();
    let key = first.map_or_else(String::new, |first| format!("cmdb-duplicates/{first}"));
    if !call.rows_with("task", &[("correlation_id", &key), ("active", "true")])?.is_empty() {
        return Ok(());
    }
    let name = records.first().map_or("", |record| record.text("name"));
    let title: String = format!("Remediate {} duplicates of {name}", records.len()).chars().take(160).collect();
    let list = records.iter().map(|record| record.id.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!(
        "These configuration items are alike in {fields}. Choose the one that stays, write it into duplicate_of of the \
         others, then close this task: {list}"
    );
    let text: String = text.chars().take(4_000).collect();
    let input = [("short_description", &title), ("description", &text), ("correlation_id", &key)];
    let input = Input::of(&input.map(|(field, text)| (field, text.as_str())));
    call.implied(|call| table::create(call, "task", &input)).map(drop)
}
