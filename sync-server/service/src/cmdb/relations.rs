//! Relations between items: one of a type between two.

use fieldline_model::SysId;
use fieldline_model::condition::Filter;

use super::payload::Operation;
use crate::call::Call;
use crate::table::{self, Input, Result, TableError};

/// The type of a name; `None` when there is no such one.
pub(super) fn type_named(call: &Call<'_>, name: &str) -> Result<Option<SysId>> {
    let found = call.some_rows("cmdb_rel_type", &Filter::equals("name", name), 1)?;
    Ok(found.first().map(|row| row.id.sys_id))
}

/// Relates two items unless they are.
///
/// # Errors
/// When the caller may not.
pub(super) fn relate(call: &mut Call<'_>, parent: SysId, child: SysId, kind: SysId) -> Result<(Operation, SysId)> {
    let same = Filter::equals("parent", parent).and(Filter::equals("child", child)).and(Filter::equals("type", kind));
    if let Some(known) = call.some_rows("cmdb_rel_ci", &same, 1)?.first() {
        return Ok((Operation::NoChange, known.id.sys_id));
    }
    let (parent, child, kind) = (parent.to_string(), child.to_string(), kind.to_string());
    let fields = [("parent", parent.as_str()), ("child", child.as_str()), ("type", kind.as_str())];
    let made = table::create(call, "cmdb_rel_ci", &Input::of(&fields))?;
    Ok((Operation::Insert, made.record.id.sys_id))
}

/// Ends a relation that an item has.
///
/// # Errors
/// When the item has no such relation, or the caller may not change relations.
pub(super) fn unrelate(call: &mut Call<'_>, item: SysId, relation: SysId) -> Result<()> {
    let record = table::get(call, "cmdb_rel_ci", relation)?.record;
    if record.reference("parent") != Some(item) && record.reference("child") != Some(item) {
        return Err(TableError::NotFound(record.id.to_string()));
    }
    let declared = table::declared(call, "cmdb_rel_ci")?;
    if !call.caller.may(&declared.write) {
        let problem = format!("ending a relation needs one of the roles {}", declared.write.join(", "));
        return Err(TableError::Denied { record: record.id.to_string(), problem });
    }
    Ok(call.remove_row(&record)?)
}
