//! Change requests of every type, made by hand, by a model or from a standard template, with their tasks.
//!
//! * `next_states.rs` says where a change may go, `guard.rs` what may not be written, `follow.rs` what follows from an edit: `hold.rs`
//!   from one that puts it on hold, [`approvals`] from one that brings it to a state.
//! * [`affected`] is which items and services a change touches, [`risk`] how risky it is, [`score`] how well a group did,
//!   `cab` what boards talk about and say, [`conflicts`] what stands in its way and when nothing does.
//! * `unauthorized.rs` opens a change for what discovery found changed without one.
//! * [`worker`] keeps the answers that other systems come back for, `shipped.rs` the records an organisation begins with.

pub mod affected;
pub mod approvals;
pub(crate) mod cab;
pub mod conflicts;
mod follow;
pub(crate) mod guard;
mod hold;
pub mod next_states;
pub mod risk;
pub mod score;
pub(crate) mod shipped;
pub(crate) mod unauthorized;
pub mod worker;

use std::collections::BTreeMap;

use fieldline_model::condition::{Condition, Filter, Group, Operator, Order, Query, Term};
use fieldline_model::{Record, SysId};

use crate::call::Call;
use crate::preset;
use crate::query::number_field;
use crate::question::Question;
use crate::table::{self, Detail, Input, Result, TableError, declared};

pub(crate) const CHANGES: &str = "change_request";
const TASKS: &str = "change_task";
const TEMPLATES: &str = "std_change_record_producer";
/// Also the field of a change that names the version it was made from.
const VERSIONS: &str = "std_change_producer_version";

/// What a change is, for those who want only some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Assessed and authorised.
    Normal,
    /// Authorised beforehand, by its template.
    Standard,
    /// Authorised at once.
    Emergency,
}

impl Kind {
    /// The value of the field `type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Standard => "standard",
            Self::Emergency => "emergency",
        }
    }
}

/// Which records of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// An encoded query.
    pub query: String,
    /// A field to order by.
    pub order: Option<String>,
    /// Words in the number or the descriptions.
    pub text: Option<String>,
    /// How many at the most.
    pub limit: u32,
    /// How many before them.
    pub offset: u32,
}

/// A record that was written, and the fields sent that there are none of.
pub struct Saved {
    /// The record.
    pub detail: Detail,
    /// Names of fields it does not have.
    pub ignored: Vec<String>,
}

/// Texts by field, as sent.
pub type Fields = BTreeMap<String, String>;

/// Changes, for the caller.
///
/// # Errors
/// When the database fails.
pub fn list(call: &Call<'_>, kind: Option<Kind>, wanted: &Wanted) -> Result<Vec<Record>> {
    let of_kind = kind.map(|kind| equals("type", kind.word()));
    listed(call, CHANGES, of_kind.as_slice(), wanted)
}

/// A change.
///
/// # Errors
/// When there is none of this kind for the caller.
pub fn read(call: &mut Call<'_>, kind: Option<Kind>, sys_id: SysId) -> Result<Detail> {
    let detail = table::get(call, CHANGES, sys_id)?;
    match kind {
        Some(kind) if detail.record.text("type") != kind.word() => {
            Err(TableError::NotFound(detail.record.id.to_string()))
        }
        _ => Ok(detail),
    }
}

/// Creates a change: what its model says, then what was sent.
///
/// # Errors
/// When the caller may not, or a field does not fit.
pub fn create(call: &mut Call<'_>, kind: Option<Kind>, fields: &Fields) -> Result<Saved> {
    let mut all = match fields.get("chg_model").filter(|model| !model.is_empty()) {
        Some(model) => model_preset(call, model)?,
        None => Fields::new(),
    };
    all.extend(fields.clone());
    all.extend(kind.map(|kind| ("type".to_owned(), kind.word().to_owned())));
    saved(call, CHANGES, None, all)
}

/// Creates a standard change from its template: what the template says, then what was sent.
///
/// # Errors
/// When there is no such template in use, the caller may not, or a field does not fit.
pub fn create_standard(call: &mut Call<'_>, template: SysId, fields: &Fields) -> Result<Saved> {
    let template = table::get(call, TEMPLATES, template)?.record;
    if template.says("retired") || !template.says("active") {
        return Err(TableError::invalid(&template.id, None, "the template is not in use any more; choose another one"));
    }
    let mut all = preset::fields(call, CHANGES, template.text("preset"))?;
    all.extend(fields.clone());
    all.insert("type".into(), Kind::Standard.word().into());
    let version = newest_version(call, template.id.sys_id)?;
    all.extend(version.map(|version| (VERSIONS.to_owned(), version.to_string())));
    saved(call, CHANGES, None, all)
}

/// The version of a template that changes are made from.
fn newest_version(call: &Call<'_>, template: SysId) -> Result<Option<SysId>> {
    let in_use = Filter::equals("std_change_producer", template).and(Filter::equals("active", true));
    let versions = call.rows(VERSIONS, &in_use)?;
    let newest = versions.iter().max_by_key(|version| number_field(version, "version"));
    Ok(newest.map(|version| version.id.sys_id))
}

fn model_preset(call: &Call<'_>, model: &str) -> Result<Fields> {
    let by_name = || Ok::<_, TableError>(call.rows_with("chg_model", &[("name", model)])?.into_iter().next());
    let found = match model.parse::<SysId>() {
        Ok(sys_id) => call.tx.find(call.dictionary.family("chg_model"), sys_id)?,
        Err(_) => by_name()?,
    };
    found.map_or_else(|| Ok(Fields::new()), |model| Ok(preset::fields(call, CHANGES, model.text("record_preset"))?))
}

/// Changes a change.
///
/// # Errors
/// When there is none of this kind for the caller, a field does not fit, or no step leads to the state asked for.
pub fn update(call: &mut Call<'_>, kind: Option<Kind>, sys_id: SysId, fields: Fields) -> Result<Saved> {
    read(call, kind, sys_id)?;
    saved(call, CHANGES, Some(sys_id), fields)
}

/// Deletes a change and gives it as it was.
///
/// # Errors
/// When there is none of this kind for the caller, or the caller may not delete it.
pub fn remove(call: &mut Call<'_>, kind: Option<Kind>, sys_id: SysId) -> Result<Detail> {
    let detail = read(call, kind, sys_id)?;
    table::delete(call, CHANGES, sys_id)?;
    Ok(detail)
}

/// The tasks of a change, for the caller.
///
/// # Errors
/// When there is no such change for the caller.
pub fn tasks(call: &mut Call<'_>, change: SysId, wanted: &Wanted) -> Result<Vec<Record>> {
    table::get(call, CHANGES, change)?;
    listed(call, TASKS, &[equals("change_request", &change.to_string())], wanted)
}

/// A task of a change.
///
/// # Errors
/// When the change has no such task for the caller.
pub fn task(call: &mut Call<'_>, change: SysId, task: SysId) -> Result<Detail> {
    let detail = table::get(call, TASKS, task)?;
    match detail.record.reference("change_request") == Some(change) {
        true => Ok(detail),
        false => Err(TableError::NotFound(detail.record.id.to_string())),
    }
}

/// Adds a task to a change.
///
/// # Errors
/// When there is no such change for the caller, or a field does not fit.
pub fn create_task(call: &mut Call<'_>, change: SysId, mut fields: Fields) -> Result<Saved> {
    table::get(call, CHANGES, change)?;
    for field in ["change_request", "parent"] {
        fields.insert(field.into(), change.to_string());
    }
    saved(call, TASKS, None, fields)
}

/// Changes a task of a change.
///
/// # Errors
/// When the change has no such task, or a field does not fit.
pub fn update_task(call: &mut Call<'_>, change: SysId, task_id: SysId, fields: Fields) -> Result<Saved> {
    task(call, change, task_id)?;
    saved(call, TASKS, Some(task_id), fields)
}

/// Deletes a task of a change and gives it as it was.
///
/// # Errors
/// When the change has no such task, or the caller may not delete it.
pub fn remove_task(call: &mut Call<'_>, change: SysId, task_id: SysId) -> Result<Detail> {
    let detail = task(call, change, task_id)?;
    table::delete(call, TASKS, task_id)?;
    Ok(detail)
}

/// Definitions the API lists beside changes: `std_change_record_producer` and `chg_model`.
///
/// # Errors
/// When the database fails.
pub fn definitions(call: &Call<'_>, table: &str, wanted: &Wanted) -> Result<Vec<Record>> {
    listed(call, table, &[], wanted)
}

/// Writes the fields there are and says which there are not.
fn saved(call: &mut Call<'_>, table: &str, sys_id: Option<SysId>, fields: Fields) -> Result<Saved> {
    let declared = declared(call, table)?;
    let is_known = |name: &str| {
        matches!(name, "comments" | "work_notes") || (declared.field(name).is_some() && !name.starts_with("sys_"))
    };
    let (fields, others): (Fields, Fields) = fields.into_iter().partition(|(name, _)| is_known(name));
    let input = Input { fields, as_displayed: false };
    let detail = match sys_id {
        Some(sys_id) => table::update(call, table, sys_id, &input)?,
        None => table::create(call, table, &input)?,
    };
    Ok(Saved { detail, ignored: others.into_keys().collect() })
}

fn listed(call: &Call<'_>, table: &str, also: &[Term], wanted: &Wanted) -> Result<Vec<Record>> {
    let mut query = Query::parse(&wanted.query).query;
    let words = wanted.text.as_deref().filter(|text| !text.is_empty());
    let contains = |field: &str| condition(field, Operator::Contains, words.unwrap_or_default());
    let searched = words.map(|_| ["number", "short_description", "description"].map(contains).to_vec());
    if query.groups.is_empty() {
        query.groups.push(Group::default());
    }
    for group in &mut query.groups {
        group.clauses.extend(also.iter().map(|term| vec![term.clone()]).chain(searched.clone()));
    }
    query.groups.retain(|group| !group.clauses.is_empty());
    query.order.extend(wanted.order.iter().map(|field| Order {
        path: field.trim_start_matches('^').split('.').map(str::to_owned).collect(),
        descending: false,
    }));
    Question::new(call, table, &query)?.records(call, wanted.limit, wanted.offset)
}

/// Judges a row that says how changes are done before it is written, and fills what follows from it.
///
/// # Errors
/// When it could not do what it says.
pub(crate) fn prepare(call: &Call<'_>, before: Option<&Record>, row: &mut Record) -> Result<()> {
    cab::prepare(call, before, row)?;
    match row.id.table.as_str() {
        table if approvals::TABLES.contains(&table) => approvals::check(call, row),
        conflicts::BLACKOUTS | conflicts::MAINTENANCE => conflicts::check_window(call, row),
        _ => risk::check(call, row),
    }
}

/// Lets what follows from a row that says how changes are done follow.
///
/// # Errors
/// When the database fails.
pub(crate) fn written(call: &mut Call<'_>, before: Option<&Record>, row: &Record) -> crate::error::Result<()> {
    cab::written(call, before, row)?;
    risk::written(call, row)
}

fn equals(field: &str, value: &str) -> Term {
    condition(field, Operator::Equals, value)
}

fn condition(field: &str, operator: Operator, value: &str) -> Term {
    Condition { path: vec![field.to_owned()], operator, value: value.to_owned() }.into()
}
