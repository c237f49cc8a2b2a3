//! Makes the order of what is due.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value};

use super::due::{Due, Schedule};
use crate::call::Call;
use crate::named::sys_id_of;
use crate::table::{Input, Result};
use crate::work_orders::origin;

/// Makes the order of what is due with a record, or adds to the one order of its day; returns the first task that is new.
pub(super) fn order(
    call: &mut Call<'_>,
    plan: &Record,
    schedule: &Schedule,
    record: &Record,
    due: &Due,
) -> Result<Option<SysId>> {
    let named = match plan.says("group_orders") {
        true => format!("planned-orders/{}/{}", plan.id.sys_id, &due.at.to_string()[..10]),
        false => format!("planned-order/{}/{}/{}", schedule.id, record.id, due.key),
    };
    let template = plan.reference("template");
    let about = about(call, plan, record, due)?;
    let why = format!("the work plan \"{}\" has it due", plan.text("name"));
    let tasks = call.because(why, |call| origin::planned(call, sys_id_of(named), template, &about))?;
    Ok(tasks.first().map(|task| task.id.sys_id))
}

/// What an order says of the record it is for.
fn about(call: &Call<'_>, plan: &Record, record: &Record, due: &Due) -> Result<Input> {
    let item = record.reference("ci");
    let is_asset = record.id.table == *"alm_asset";
    let asset = match is_asset {
        true => Some(record.clone()),
        false => call.some_rows("alm_asset", &Filter::equals("ci", record.id.sys_id), 1)?.pop(),
    };
    let item = if is_asset { item } else { Some(record.id.sys_id) };
    let of_both =
        |field: &str| [Some(record), asset.as_ref()].into_iter().flatten().find_map(|row| row.reference(field));
    let shown = call.dictionary.table(record.id.table.as_str()).map(|table| record.text(table.display.as_str()));
    let title: String = format!("{}: {}", plan.text("name"), shown.unwrap_or_default()).chars().take(160).collect();
    let mut input = Input::of(&[("short_description", &title)]);
    let references = [
        ("asset", asset.as_ref().map(|asset| asset.id.sys_id)),
        ("cmdb_ci", item),
        ("location", of_both("location")),
        ("account", of_both("account")),
        ("contact", of_both("contact")),
    ];
    let known = references.into_iter().filter_map(|(field, id)| Some((field.to_owned(), id?.to_string())));
    input.fields.extend(known);
    for field in ["due_date", "requested_due_by"] {
        input.fields.insert(field.to_owned(), Value::Time(due.at).to_string());
    }
    Ok(input)
}
