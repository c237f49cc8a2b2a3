//! Makes a work order of what somebody reported: an incident, a case, a problem, a change, a requested item.
//!
//! What is known there is known to the order, so nobody asks the customer twice. There is one open order for a record: who asks again
//! is told which one, unless they say that they want another.

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId};

use super::{ORDERS, TASKS, cover, template};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Input, Result, TableError};

/// What an order may be made from.
const ORIGINS: [&str; 5] = ["incident", "sn_customerservice_case", "problem", "change_request", "sc_req_item"];
/// What an order takes over as it stands.
const TAKEN_OVER: [&str; 9] = [
    "short_description",
    "description",
    "account",
    "contact",
    "company",
    "contract",
    "cmdb_ci",
    "business_service",
    "requested_due_by",
];

/// How an order is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The template that says what it consists of; one task without it.
    pub template: Option<SysId>,
    /// Whether another one is wanted though one is open.
    pub another: bool,
}

/// The order there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The order.
    pub order: Record,
    /// Its tasks, in the order they were made.
    pub tasks: Vec<Record>,
    /// Whether it is new.
    pub created: bool,
}

/// Makes a work order of a record, or answers with the one that is open.
///
/// # Errors
/// When no order is made from such records, there is none for the caller, or the caller may not.
pub fn make(call: &mut Call<'_>, table: &str, sys_id: SysId, wanted: &Wanted) -> Result<Made> {
    if !ORIGINS.contains(&table) {
        let problem = format!("no work order is made from it; use one of {}", ORIGINS.join(", "));
        return Err(TableError::invalid(table, None, problem));
    }
    let origin = table::read(call, table, sys_id)?;
    let open = Filter::equals("initiated_from", sys_id).and(Filter::equals("active", true));
    if let Some(order) = call.some_rows(ORDERS, &open, 1)?.pop().filter(|_| !wanted.another) {
        let tasks = call.tasks_of(&order.id)?;
        return Ok(Made { order, tasks, created: false });
    }
    let template = wanted.template.map(|template| template::read(call, template)).transpose()?;
    let mut input = fields_of(call, &origin)?;
    if let Some(template) = &template {
        template.fill_order(call, &mut input)?;
    }
    let order = table::create(call, ORDERS, &input)?.record;
    // Who may ask for an order need not be somebody who plans its tasks.
    let tasks = call.implied(|call| match &template {
        Some(template) => template.make_tasks(call, &order),
        None => Ok(vec![only_task(call, &order)?]),
    })?;
    let order = call.row(&order.id)?.ok_or_else(|| TableError::NotFound(order.id.to_string()))?;
    Ok(Made { order, tasks, created: true })
}

/// Makes the order of work that was planned, under an identity of its own, or its part of the order there is; returns the tasks.
///
/// # Errors
/// When the template is gone, or a field does not fit.
pub(crate) fn planned(
    call: &mut Call<'_>,
    order: SysId,
    template: Option<SysId>,
    about: &Input,
) -> Result<Vec<Record>> {
    let template = template.map(|template| template::read(call, template)).transpose()?;
    let id = DocumentId::new(ORDERS, order);
    let row = match call.row(&id)? {
        Some(row) => row,
        None => {
            let mut input = about.clone();
            if let Some(template) = &template {
                template.fill_order(call, &mut input)?;
            }
            input.fields.insert("sys_id".into(), order.to_string());
            table::create(call, ORDERS, &input)?.record
        }
    };
    let part = part_of(call, row, about)?;
    match &template {
        Some(template) => template.make_tasks(call, &part),
        None => Ok(vec![only_task(call, &part)?]),
    }
}

/// An order as it would be for one of the things it is for.
fn part_of(call: &Call<'_>, mut order: Record, about: &Input) -> Result<Record> {
    for (name, text) in &about.fields {
        let field = call.dictionary.table(ORDERS).and_then(|table| table.field(name));
        if let Some(field) = field {
            let value = field.parse(text).map_err(|error| TableError::field(&order.id, &error))?;
            order.set(name.as_str(), value);
        }
    }
    Ok(order)
}

fn only_task(call: &mut Call<'_>, order: &Record) -> Result<Record> {
    Ok(table::create(call, TASKS, &template::task_of(order))?.record)
}

/// What a record says, as an order says it.
fn fields_of(call: &Call<'_>, origin: &Record) -> Result<Input> {
    let mut input = Input::default();
    let mut fill = |field: &str, text: String| drop(input.fields.insert(field.to_owned(), text));
    for field in TAKEN_OVER {
        let declared = call.dictionary.table(ORDERS).and_then(|table| table.field(field));
        if let Some(value) = declared.and(origin.get(field)) {
            fill(field, value.to_string());
        }
    }
    fill("initiated_from", origin.id.sys_id.to_string());
    let (impact, urgency) = urgency_of(call, origin);
    fill("impact", impact.to_string());
    fill("urgency", urgency.to_string());
    let asset = asset_of(call, origin)?;
    if let Some(location) = location_of(call, origin, asset.as_ref())? {
        fill("location", location.to_string());
    }
    let is_under_warranty = asset.as_ref().is_some_and(|asset| cover::is_under_warranty(asset, call.now));
    fill("under_warranty", is_under_warranty.to_string());
    fill("billable", (!is_under_warranty && cover::is_paid_for(call, origin, asset.as_ref())?).to_string());
    if let Some(asset) = asset {
        fill("asset", asset.id.sys_id.to_string());
    }
    Ok(input)
}

/// Impact and urgency under which an order is as urgent as the record, whose own may say something else.
fn urgency_of(call: &Call<'_>, origin: &Record) -> (i64, i64) {
    let level = |field: &str| number_field(origin, field).filter(|level| (1..=3).contains(level)).unwrap_or(3);
    let own = (level("impact"), level("urgency"));
    let Some(priority) = number_field(origin, "priority") else { return own };
    let priorities = call.server.priorities();
    let is_as_urgent = |(impact, urgency): &(i64, i64)| priorities.priority(*impact, *urgency) == Some(priority);
    let pairs = (1..=3).flat_map(|impact| (1..=3).map(move |urgency| (impact, urgency)));
    [own].into_iter().chain(pairs).find(is_as_urgent).unwrap_or(own)
}

/// The asset it is about: the one it names, else the one behind its configuration item.
fn asset_of(call: &Call<'_>, origin: &Record) -> Result<Option<Record>> {
    if let Some(asset) = origin.reference("asset") {
        return Ok(call.row(&DocumentId::new("alm_asset", asset))?);
    }
    let Some(item) = origin.reference("cmdb_ci") else { return Ok(None) };
    Ok(call.some_rows("alm_asset", &Filter::equals("ci", item), 1)?.pop())
}

/// Where the work is: where the record says, else where its asset or item stands, else where whoever reported it is.
fn location_of(call: &Call<'_>, origin: &Record, asset: Option<&Record>) -> Result<Option<SysId>> {
    let known = [Some(origin), asset].into_iter().flatten().find_map(|record| record.reference("location"));
    if known.is_some() {
        return Ok(known);
    }
    for (field, table) in [
        ("cmdb_ci", "cmdb_ci"),
        ("contact", "customer_contact"),
        ("caller_id", "sys_user"),
        ("requested_for", "sys_user"),
    ] {
        let Some(id) = origin.reference(field) else { continue };
        let found = call.tx.find(call.dictionary.family(table), id)?;
        if let Some(location) = found.and_then(|found| found.reference("location")) {
            return Ok(Some(location));
        }
    }
    Ok(None)
}
