//! A row for an import set that comes by an older interface: staged and transformed at once, as by the Import Set API.

use std::collections::BTreeMap;

use fieldline_model::SysId;
use fieldline_service::import_sets::{self, Transformed};
use fieldline_service::{Call, TableError};

/// What became of a row: where it is kept, and what each map made of it.
pub struct Staged {
    pub row: SysId,
    pub results: Vec<Transformed>,
}

/// Stages rows as one import set.
///
/// # Errors
/// When the caller may not import, or the database fails.
pub fn stage(call: &mut Call<'_>, staging: &str, rows: &[BTreeMap<String, String>]) -> Result<Vec<Staged>, TableError> {
    let set = import_sets::open(call, staging)?;
    let mut staged = Vec::with_capacity(rows.len());
    for (number, row) in (0..).zip(rows) {
        let (row, results) = import_sets::load(call, &set, number, row)?;
        staged.push(Staged { row, results });
    }
    import_sets::close(call, &set)?;
    Ok(staged)
}

/// What an answer says of a result: the fields of the record it made, or of the row when there is none (ServiceNow "insert").
pub fn fields(row: SysId, result: &Transformed) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("sys_id", result.record.unwrap_or(row).to_string()),
        ("table", result.table.clone()),
        ("display_name", result.display_name.clone()),
        ("display_value", result.display_value.clone()),
        ("status", result.status.word().to_owned()),
    ];
    fields.extend(result.message.clone().map(|message| (result.status.message_name(), message)));
    fields
}
