//! Records that come along with an item and refer to it: serial numbers, network adapters.

use std::collections::BTreeMap;

use fieldline_model::SysId;

use super::identify::values;
use super::payload::Companion;
use crate::call::Call;
use crate::table::{self, Input, Result, declared};

/// Writes a record that came along: the one the item has already, told apart by some attributes, or a new one.
///
/// # Errors
/// When the caller may not, or a value does not fit.
pub(super) fn write(
    call: &mut Call<'_>,
    (reference, attributes): (&str, &[String]),
    item: SysId,
    companion: &Companion,
) -> Result<SysId> {
    let table = companion.class_name.as_str();
    let declared = declared(call, table)?;
    let is_known = |name: &str| declared.field(name).is_some() && !name.starts_with("sys_");
    let sent = companion.values.iter().filter(|(name, _)| is_known(name));
    let mut fields: BTreeMap<String, String> = sent.map(|(name, text)| (name.clone(), text.clone())).collect();
    let item = item.to_string();
    let known = match values(attributes, &companion.values) {
        Some(mut values) => {
            values.push((reference, &item));
            call.rows_with(table, &values)?.into_iter().next()
        }
        None => None,
    };
    fields.insert(reference.to_owned(), item);
    let input = Input { fields, as_displayed: false };
    let written = match known {
        Some(known) => table::update(call, table, known.id.sys_id, &input)?,
        None => table::create(call, table, &input)?,
    };
    Ok(written.record.id.sys_id)
}
