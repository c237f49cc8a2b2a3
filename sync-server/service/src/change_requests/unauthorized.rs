//! A configuration item that a discovery source found changed while no change was open on it: an emergency change says so, flagged
//! `unauthorized`.
//!
//! Off unless the property [`ENABLED`] is true. No flood comes of it: an item is told of once in a quiet time, and what flaps is not
//! told of at all: a value that only reads differently, or one that the field has come back to more than once lately.
//!
//! Left out: learning patterns beyond that, and a way past Scheduled and Implement for what is done already.
//!
//! Source: ServiceNow "Unauthorized change request", "Unauthorized change properties".

use fieldline_model::condition::Filter;
use fieldline_model::{Record, Value};

use super::CHANGES;
use crate::call::Call;
use crate::table::{self, Input, Result};

/// The property that switches it on.
const ENABLED: &str = "change.unauthorized.enabled";
/// Classes with commas; all of them where it is empty.
const CLASSES: &str = "change.unauthorized.ci_classes";
/// Which changes of an item make what happened to it authorised.
const QUERY: &str = "change.unauthorized.change_query";
const ANY_OPEN: &str = "active=true";
/// For how many seconds an item is told of once.
const QUIET_SECONDS: &str = "change.unauthorized.ignore_period_seconds";
const DAY_SECONDS: i64 = 86_400;
/// How far back a value is looked for, and how often a field may have come back to it.
const LATELY_MILLISECONDS: i64 = 7 * DAY_SECONDS * 1_000;
const MOST_RETURNS: usize = 1;
/// Fields that say who looked, not what is there.
const ABOUT_LOOKING: [&str; 3] = ["last_discovered", "first_discovered", "discovery_source"];

/// Opens a change for what a source found, unless one is open or the item flaps.
///
/// # Errors
/// When the change cannot be written.
pub(crate) fn drifted(call: &mut Call<'_>, before: &Record, after: &Record, source: &str) -> Result<()> {
    if call.property(ENABLED)?.as_deref() != Some("true") || !is_watched(call, after)? {
        return Ok(());
    }
    let drift = drift(call, before, after)?;
    if drift.is_empty() || is_authorised(call, after)? || is_quiet(call, after)? {
        return Ok(());
    }
    let name = after.text("name");
    let title: String = format!("Unauthorized change of {name}").chars().take(160).collect();
    let text: String = format!("{source} found {name} changed while no change was open on it.\n{}", drift.join("\n"));
    let description: String = text.chars().take(4_000).collect();
    let item = after.id.sys_id.to_string();
    let group = after.reference("support_group").map(|group| group.to_string()).unwrap_or_default();
    let fields = [
        ("short_description", title.as_str()),
        ("description", &description),
        ("type", "emergency"),
        ("unauthorized", "true"),
        ("cmdb_ci", &item),
        ("assignment_group", &group),
    ];
    let why = format!("{source} found what no change was open for");
    call.because(why, |call| call.implied(|call| table::create(call, CHANGES, &Input::of(&fields)))).map(drop)
}

fn is_watched(call: &Call<'_>, item: &Record) -> Result<bool> {
    let classes = call.property(CLASSES)?.unwrap_or_default();
    let mut classes = classes.split(',').map(str::trim).filter(|class| !class.is_empty()).peekable();
    Ok(classes.peek().is_none() || classes.any(|class| call.dictionary.is_a(item.id.table.as_str(), class)))
}

/// What is different, a line for each field.
fn drift(call: &Call<'_>, before: &Record, after: &Record) -> Result<Vec<String>> {
    let table = table::declared(call, after.id.table.as_str())?;
    let mut lines = Vec::new();
    for field in &table.fields {
        let name = field.name.as_str();
        if name.starts_with("sys_") || ABOUT_LOOKING.contains(&name) {
            continue;
        }
        let [was, is] = [before, after].map(|row| row.get(name).map(|value| field.display(value)).unwrap_or_default());
        // What only reads differently has not changed, and what was empty has been learned.
        if was.is_empty() || was.trim().eq_ignore_ascii_case(is.trim()) || flaps(call, after, name)? {
            continue;
        }
        lines.push(format!("{} ({name}): {was} -> {is}", field.label));
    }
    Ok(lines)
}

/// Whether a field has come back to the value it has now more than once lately.
fn flaps(call: &Call<'_>, item: &Record, field: &str) -> Result<bool> {
    let value = item.get(field).map(ToString::to_string).unwrap_or_default();
    let since = call.now.plus_milliseconds(-LATELY_MILLISECONDS);
    let of_field =
        Filter::equals("documentkey", item.id.sys_id.to_string().as_str()).and(Filter::equals("fieldname", field));
    let noted = call.rows("sys_audit", &of_field)?;
    let recent = noted.iter().filter(|row| row.time("sys_created_on").is_some_and(|at| at >= since));
    let come = recent.filter(|row| row.text("newvalue") == value).count();
    // The change that has just been noted is one of them.
    Ok(come > MOST_RETURNS + 1)
}

/// Whether a change is open on an item.
fn is_authorised(call: &Call<'_>, item: &Record) -> Result<bool> {
    let query = call.property(QUERY)?.filter(|query| !query.trim().is_empty()).unwrap_or_else(|| ANY_OPEN.into());
    let item = item.id.sys_id;
    let affected = call.rows("task_ci", &Filter::equals("ci_item", item))?;
    let tasks: Vec<String> = affected.iter().filter_map(|row| Some(row.reference("task")?.to_string())).collect();
    let also = if tasks.is_empty() { String::new() } else { format!("^NQsys_idIN{}^{query}", tasks.join(",")) };
    Ok(!call.rows_of_query(CHANGES, &format!("cmdb_ci={item}^{query}{also}"))?.is_empty())
}

/// Whether an item was told of lately.
fn is_quiet(call: &Call<'_>, item: &Record) -> Result<bool> {
    let seconds = call.property_as(QUIET_SECONDS)?.unwrap_or(DAY_SECONDS);
    let since = call.now.plus_milliseconds(-seconds.saturating_mul(1_000));
    let told =
        call.rows(CHANGES, &Filter::equals("cmdb_ci", item.id.sys_id).and(Filter::equals("unauthorized", true)))?;
    Ok(told.iter().any(|change| change.get("opened_at") > Some(&Value::Time(since))))
}
