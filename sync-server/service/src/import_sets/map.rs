//! Transform maps as data: `sys_transform_map` rows and their `sys_transform_entry` rows.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, TableName};

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;

/// What rows of a staging table become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransformMap {
    pub(super) sys_id: SysId,
    pub(super) name: String,
    pub(super) target: TableName,
    order: i64,
    /// Whether an empty value of a row empties the field.
    pub(super) copies_empty: bool,
    /// Whether a row without anything to recognise its record by makes a new one.
    pub(super) creates_unrecognised: bool,
    pub(super) entries: Vec<FieldMap>,
}

/// Where the value of one field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldMap {
    pub source: String,
    pub target: String,
    pub constant: String,
    /// Whether records are recognised by it.
    pub coalesce: bool,
    pub coalesce_empty: bool,
    pub case_sensitive: bool,
    pub otherwise: ChoiceAction,
    /// The field of the referenced table that the value is looked up in.
    pub looked_up_in: String,
    pub date_format: String,
}

/// What happens when a referenced record or a choice is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChoiceAction {
    /// It is made.
    Create,
    /// The field is left as it is.
    Ignore,
    /// The row does not count.
    Reject,
}

/// The active maps of a staging table in their order, with their fields.
pub(super) fn active(call: &Call<'_>, staging: &str) -> Result<Vec<TransformMap>> {
    let rows = all_of(call, staging)?;
    let active = rows.iter().filter(|row| row.says("active"));
    let mut maps = active.map(|row| read(call, row)).collect::<Result<Vec<_>>>()?;
    maps.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
    Ok(maps)
}

/// Every map of a staging table.
pub(super) fn all_of(call: &Call<'_>, staging: &str) -> Result<Vec<Record>> {
    call.rows("sys_transform_map", &Filter::equals("source_table", staging))
}

fn read(call: &Call<'_>, row: &Record) -> Result<TransformMap> {
    let entries = call.rows("sys_transform_entry", &Filter::equals("map", row.id.sys_id))?;
    Ok(TransformMap {
        sys_id: row.id.sys_id,
        name: row.text("name").to_owned(),
        target: row.text("target_table").into(),
        order: number_field(row, "order").unwrap_or_default(),
        copies_empty: row.says("copy_empty_fields"),
        creates_unrecognised: row.says("create_new_record_on_empty_coalesce_fields"),
        entries: entries.iter().map(entry).collect(),
    })
}

fn entry(row: &Record) -> FieldMap {
    let text = |field: &str| row.text(field).to_owned();
    FieldMap {
        source: text("source_field"),
        target: text("target_field"),
        constant: text("constant"),
        coalesce: row.says("coalesce"),
        coalesce_empty: row.says("coalesce_empty_fields"),
        case_sensitive: row.says("coalesce_case_sensitive"),
        otherwise: match row.text("choice_action") {
            "ignore" => ChoiceAction::Ignore,
            "reject" => ChoiceAction::Reject,
            _ => ChoiceAction::Create,
        },
        looked_up_in: text("reference_value_field"),
        date_format: text("date_format"),
    }
}

/// Whether a name that was sent means a column: by its name, or by its label as columns are named after it.
pub(super) fn is_column(sent: &str, column: &str) -> bool {
    let name = sent.trim().to_lowercase().replace([' ', '-'], "_");
    let column = column.to_lowercase();
    name == column || column.strip_prefix("u_") == Some(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_meant_by_its_name_and_by_its_label() {
        for (sent, column) in [("u_first_name", "u_first_name"), ("First name", "u_first_name"), ("Email", "email")] {
            assert!(is_column(sent, column), "{sent} {column}");
        }
        assert!(!is_column("name", "u_first_name"));
    }
}
