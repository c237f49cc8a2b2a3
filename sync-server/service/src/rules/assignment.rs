//! Assignment rules: rows of `sysrule_assignment` that give a task to a group or a person while it has neither.

use fieldline_model::{Dictionary, Record};
use fieldline_storage::Tx;

use super::{Action, Rule};
use crate::error::Result;
use crate::table::Input;

pub(super) const TABLE: &str = "sysrule_assignment";

pub(super) fn rule(row: &Record, _: &Dictionary, _: &dyn Tx) -> Result<Option<Rule>> {
    let mut input = Input::default();
    for (from, to) in [("group", "assignment_group"), ("user", "assigned_to")] {
        input.fields.extend(row.reference(from).map(|id| (to.to_owned(), id.to_string())));
    }
    let names_nobody = input.fields.is_empty();
    Ok((!names_nobody).then(|| Rule::of(row, row.text("table"), row.text("condition"), Action::Assign(input))))
}
