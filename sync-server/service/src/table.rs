//! Records of any table of the dictionary: read, create, update, delete. `question.rs` asks for many.
//!
//! Documents and reference rows look the same from outside. Who may read is the table's read roles, the caller's scope, which
//! is the one phones have, or what the table says of single rows; who may write is said per field. A record the caller may not read does not exist for them.
//! `changes.rs` turns texts into edits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use fieldline_documents::{Act, EditError, Projection, check_shape};
use fieldline_model::dictionary::{FieldError, Kind, Merge};
use fieldline_model::{DocumentId, FieldName, Record, SysId, Table, TableName, Value};

use crate::approvals;
use crate::attachments;
use crate::audit;
use crate::author::Authored;
use crate::call::Call;
use crate::change_requests;
use crate::changes::Changes;
use crate::cmdb;
use crate::csm;
use crate::definitions;
use crate::error::ServiceError;
use crate::interactions::{self, INTERACTIONS};
use crate::itsm::major;
use crate::knowledge::{self, quality};
use crate::maintenance;
use crate::on_call::{self, time_off};
use crate::on_site;
use crate::outgoing;
use crate::rules;
use crate::stock;
use crate::work_items;
use crate::work_orders;

/// What a person signs in with: written here, kept with their account, and never shown.
pub const PASSWORD: &str = "user_password";

/// Why the record API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No such table, or no such record for this caller.
    #[error("{0} does not exist, or is not yours to see")]
    NotFound(String),
    /// The caller's roles do not allow it.
    #[error("{record}: {problem}")]
    Denied {
        /// The table or record.
        record: String,
        /// Who may, and what to do.
        problem: String,
    },
    /// The record is another one than the writer has in mind.
    #[error("{0} changed meanwhile; read it again and decide again")]
    Stale(String),
    /// There is such a record, and the writer has in mind that there is none.
    #[error("{0} exists already; change it, or leave it")]
    Taken(String),
    /// What was sent does not fit.
    #[error("{record}: {}{problem}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
    Invalid {
        /// The table or record.
        record: String,
        /// The field, if one is at fault.
        field: Option<FieldName>,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A rule of the organisation refuses it, in its own words.
    #[error("{0}")]
    Ruled(String),
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<fieldline_storage::StorageError> for TableError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl From<EditError> for TableError {
    fn from(error: EditError) -> Self {
        Self::Invalid { record: error.document.to_string(), field: error.field, problem: error.problem }
    }
}

impl TableError {
    pub(crate) fn invalid(record: impl ToString, field: Option<&FieldName>, problem: impl Into<String>) -> Self {
        Self::Invalid { record: record.to_string(), field: field.cloned(), problem: problem.into() }
    }

    pub(crate) fn field(record: impl ToString, error: &FieldError) -> Self {
        let (field, text) = (error.field(), error.to_string());
        Self::invalid(record, Some(field), text.strip_prefix(&format!("{field}: ")).unwrap_or(&text))
    }
}

/// What a table operation returns.
pub type Result<T, E = TableError> = std::result::Result<T, E>;

/// A record with what a document knows beyond its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The record.
    pub record: Record,
    /// Journals, alternatives, refused steps and provenance; `None` for a reference row.
    pub projection_of_document: Option<Projection>,
}

/// What somebody writes: field names and texts, as the Table API has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    /// Texts by field; the empty text empties a field. `comments` and `work_notes` append, `state` takes a step.
    pub fields: BTreeMap<String, String>,
    /// Whether choices and references are written as people read them.
    pub as_displayed: bool,
}

impl Input {
    /// Fields and their texts, as stored.
    pub fn of(fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect();
        Self { fields, as_displayed: false }
    }
}

/// One record by identity, as lists show it.
///
/// # Errors
/// [`TableError::NotFound`] also when the caller may not see it.
pub fn read(call: &Call<'_>, table: &str, sys_id: SysId) -> Result<Record> {
    let record = call.tx.find(family(call, table)?, sys_id)?;
    let record = record.ok_or_else(|| TableError::NotFound(format!("{table}/{sys_id}")))?;
    if call.sees(&record)? {
        Ok(call.as_of_now(record))
    } else {
        Err(TableError::NotFound(format!("{table}/{sys_id}")))
    }
}

/// One record by identity, and what its document knows beyond that.
///
/// # Errors
/// [`TableError::NotFound`] also when the caller may not see it.
pub fn get(call: &mut Call<'_>, table: &str, sys_id: SysId) -> Result<Detail> {
    let record = read(call, table, sys_id)?;
    detail(call, record)
}

/// Creates a record.
///
/// # Errors
/// When the caller may not, or a field does not fit; nothing is created then.
pub fn create(call: &mut Call<'_>, table: &str, input: &Input) -> Result<Detail> {
    let declared = declared(call, table)?;
    check_written_by_people(&declared)?;
    if !call.caller.may(&declared.create) {
        let problem =
            format!("a new record needs one of the roles {}; ask somebody who has one", declared.create.join(", "));
        return Err(TableError::Denied { record: table.into(), problem });
    }
    let id = DocumentId { table: declared.name.clone(), sys_id: new_identity(call, &declared, input)? };
    let empty = born(&declared, &id)?;
    let changes = Changes::read(call, &declared, &empty, input, true)?;
    write(call, &declared, empty, changes, true)
}

/// Changes a record; fields that already have the value are left alone.
///
/// # Errors
/// When the caller may not, a field does not fit, or no step leads to the state asked for; nothing is changed then.
pub fn update(call: &mut Call<'_>, table: &str, sys_id: SysId, input: &Input) -> Result<Detail> {
    let record = read(call, table, sys_id)?;
    let declared = declared(call, record.id.table.as_str())?;
    check_written_by_people(&declared)?;
    let changes = Changes::read(call, &declared, &record, input, false)?;
    for name in changes.written() {
        let field = declared.field(name.as_str()).filter(|field| !call.caller.may(&field.write));
        if let Some(field) = field {
            let problem = format!("only {} may write {name}; ask one of them", field.write.join(", "));
            return Err(TableError::Denied { record: record.id.to_string(), problem });
        }
    }
    write(call, &declared, record, changes, false)
}

/// Deletes a record. Phones that hold it purge it; what somebody did to it meanwhile brings it back, because real work
/// done beats a deletion.
///
/// # Errors
/// When there is no such record for the caller, or the caller may not delete it.
pub fn delete(call: &mut Call<'_>, table: &str, sys_id: SysId) -> Result<()> {
    let record = read(call, table, sys_id)?;
    if record.id.table == *attachments::TABLE {
        return attachments::remove(call, sys_id);
    }
    let declared = declared(call, record.id.table.as_str())?;
    check_written_by_people(&declared)?;
    let named = declared.delete.iter().any(|role| call.caller.roles.contains(role));
    if !named && !call.caller.is_administrator() {
        let who = if declared.delete.is_empty() { "an administrator".into() } else { declared.delete.join(", ") };
        let problem = format!("only {who} may delete it; ask one, or close it");
        return Err(TableError::Denied { record: record.id.to_string(), problem });
    }
    if definitions::defines(declared.name.as_str()) {
        call.check_definition(Some(&record), &mut record.clone())?;
        call.remove_row(&record)?;
        return call.redefine(&record);
    }
    Ok(call.remove_row(&record)?)
}

fn check_written_by_people(table: &Table) -> Result<()> {
    if !audit::tells(table.name.as_str()) {
        return Ok(());
    }
    let problem = "what was noted stays as it is; nobody may write it".to_owned();
    Err(TableError::Denied { record: table.name.to_string(), problem })
}

fn write(call: &mut Call<'_>, table: &Table, record: Record, changes: Changes, creating: bool) -> Result<Detail> {
    let (id, before) = (record.id.clone(), (!creating).then(|| record.clone()));
    let applied = changes.applied(record);
    let written: Vec<&FieldName> = changes.written().collect();
    call.check_rules(before.as_ref(), &applied, &written)?;
    if table.name == *approvals::APPROVALS {
        approvals::check(call, before.as_ref(), &applied)?;
    }
    change_requests::guard::check(call, before.as_ref(), &applied)?;
    on_site::check(call, before.as_ref(), &applied)?;
    csm::guard::check(call, before.as_ref(), &applied, !changes.is_empty())?;
    work_orders::guard::check(call, before.as_ref(), &applied)?;
    stock::check(&applied)?;
    stock::check_reassignment(call, before.as_ref(), &applied)?;
    call.pending.obeyed.retain(|(_, obeyed)| *obeyed != id);
    match table.kind {
        Kind::Document => write_document(call, &id, &changes, creating)?,
        Kind::Reference => write_row(call, table, applied, &changes, creating)?,
    }
    let projection = call.pending.changed.get(&id).map(|changed| changed.projection.clone());
    let followed = call.react_to_all()?;
    if let Some(projection) = projection.filter(|_| !followed.contains(&id)) {
        return Ok(Detail { record: projection.record.clone(), projection_of_document: Some(projection) });
    }
    let record = call.row(&id)?.ok_or_else(|| TableError::NotFound(id.to_string()))?;
    detail(call, record)
}

fn write_document(call: &mut Call<'_>, id: &DocumentId, changes: &Changes, creating: bool) -> Result<()> {
    let mut acts = changes.acts();
    if creating {
        acts.extend(birth(call, id, changes)?);
    }
    if acts.is_empty() {
        return Ok(());
    }
    let authored = Authored { document: id.clone(), author: call.caller.user, at: call.now, acts };
    let edit = call.own_edit(authored)?;
    check_shape(&edit, &call.dictionary, creating)?;
    if let Some(problem) = call.overweight(id, edit.encode().len())? {
        return Err(TableError::invalid(id, None, problem));
    }
    Ok(call.author_edit(&edit).map(drop)?)
}

/// What a new document gets beside what was sent: its number, and who opened it when.
fn birth(call: &mut Call<'_>, id: &DocumentId, changes: &Changes) -> Result<Vec<Act>> {
    let mut acts = Vec::new();
    let (now, user) = (Value::Time(call.now), Value::Reference(call.caller.user));
    let table = declared(call, id.table.as_str())?;
    let given: BTreeSet<&FieldName> = changes.written().collect();
    for (field, value) in [("opened_at", now), ("opened_by", user)] {
        if table.field(field).is_some() && !given.contains(&FieldName::from(field)) {
            acts.push(Act::Set { field: field.into(), value: Some(value) });
        }
    }
    if let Some(Value::Text(number)) = changes.value_of("number") {
        call.number_given(id.table.as_str(), number)?;
    } else if let Some(number) = call.next_number(id.table.as_str())? {
        acts.push(Act::Set { field: "number".into(), value: Some(Value::text(number)) });
    }
    Ok(acts)
}

fn write_row(call: &mut Call<'_>, table: &Table, mut record: Record, changes: &Changes, creating: bool) -> Result<()> {
    let password = record.text(PASSWORD).to_owned();
    if table.name == *"sys_user" {
        record.set(PASSWORD, None);
        call.name_from_its_parts(&mut record);
    }
    for field in table.fields.iter().filter(|field| field.merge != Merge::Derived) {
        if record.get(field.name.as_str()).is_none() {
            field.check_empty().map_err(|error| TableError::field(&record.id, &error))?;
        }
    }
    if creating && record.get("number").is_none() {
        let number = call.next_number(table.name.as_str())?;
        record.set("number", number.map(Value::Text));
    }
    if !creating && changes.written().next().is_none() {
        return Ok(());
    }
    let before = call.row(&record.id)?;
    prepare_row(call, before.as_ref(), &mut record)?;
    if !definitions::defines(table.name.as_str()) {
        call.keep_secret(&mut record)?;
        call.put_row(record.clone())?;
        call.follow_rules(before.as_ref(), &record.id)?;
        change_requests::written(call, before.as_ref(), &record)?;
        return if password.is_empty() {
            follow_row(call, before.as_ref(), &record)
        } else {
            call.let_in(&record, &password)
        };
    }
    call.check_definition(before.as_ref(), &mut record)?;
    call.put_row(record.clone())?;
    call.redefine(&record)
}

/// Refuses a row that could not do what it says, and works out what else it says.
fn prepare_row(call: &mut Call<'_>, before: Option<&Record>, record: &mut Record) -> Result<()> {
    let table = record.id.table.clone();
    if rules::is_rule(table.as_str()) {
        call.check_rule(record)?;
    }
    cmdb::check_rule(call, record)?;
    change_requests::prepare(call, before, record)?;
    csm::prepare(call, before, record)?;
    work_orders::guard::check_row(call, record)?;
    maintenance::check(call, record)?;
    // What a condition leaves out would make it hold for more than was meant.
    let asked = match table.as_str() {
        major::PLAN_DEFINITIONS => "incident",
        on_call::POLICIES => record.text("table"),
        _ => "",
    };
    let condition = record.text("condition");
    if !asked.is_empty() && !condition.is_empty() {
        call.check_condition(record, &"condition".into(), asked, condition)?;
    }
    match table.as_str() {
        outgoing::CONNECTIONS | outgoing::TOKEN_GIVERS => outgoing::check_connection(record),
        on_call::SPANS | on_call::PROPOSALS => time_off::check(record),
        INTERACTIONS => interactions::prepare(call, before, record),
        quality::REVIEWS => quality::prepare(call, record),
        knowledge::ARTICLES => knowledge::prepare(call, before, record),
        stock::ORDERS => stock::prepare_order(call, before, record),
        stock::LINES => stock::prepare_line(call, before, record),
        _ => Ok(()),
    }
}

/// Does what follows from a row that was written.
fn follow_row(call: &mut Call<'_>, before: Option<&Record>, record: &Record) -> Result<()> {
    csm::written(call, before, record)?;
    match (record.id.table.as_str(), before) {
        (attachments::TABLE, Some(_)) => attachments::rename(call, record),
        (knowledge::ARTICLES, before) => knowledge::written(call, before, record),
        (knowledge::FEEDBACK, None) => knowledge::given(call, record),
        (quality::REVIEWS, _) => quality::settle(call, record),
        (maintenance::PLANS | maintenance::SCHEDULES, _) => Ok(maintenance::written(call, record)?),
        (on_call::PROPOSALS, before) => time_off::settle(call, before, record),
        (INTERACTIONS, before) => interactions::written(call, before, record),
        (table, _) if work_items::says_who_is_there(table) => Ok(call.offer_soon()?),
        (stock::ORDERS, before) => stock::order_written(call, before, record),
        (stock::LINES, before) => stock::line_written(call, before, record),
        (stock::restock::RULES, _) => Ok(call.look_at_rule(record)?),
        _ => Ok(()),
    }
}

/// A new record with its defaults.
fn born(table: &Table, id: &DocumentId) -> Result<Record> {
    let mut record = Record::new(id.clone());
    if table.kind == Kind::Reference {
        for field in &table.fields {
            if let Some(default) = &field.default {
                let value = field.parse(default).map_err(|error| TableError::field(id, &error))?;
                record.set(field.name.clone(), value);
            }
        }
    }
    Ok(record)
}

/// The `sys_id` sent along, when it is free, else a new one.
fn new_identity(call: &mut Call<'_>, table: &Table, input: &Input) -> Result<SysId> {
    let Some(text) = input.fields.get("sys_id").filter(|text| !text.is_empty()) else { return Ok(call.new_sys_id()) };
    let field = FieldName::from("sys_id");
    let wrong = |problem: String| TableError::invalid(&table.name, Some(&field), problem);
    let sys_id: SysId = text.parse().map_err(|_| wrong("must be 32 hexadecimal digits; or leave it out".into()))?;
    let root = call.dictionary.root_of(&table.name);
    match call.tx.find(call.dictionary.family(root.as_str()), sys_id)? {
        Some(taken) => Err(wrong(format!("{} exists already; update it, or leave sys_id out", taken.id))),
        None => Ok(sys_id),
    }
}

fn detail(call: &mut Call<'_>, record: Record) -> Result<Detail> {
    let is_document = declared(call, record.id.table.as_str())?.kind == Kind::Document;
    if !is_document {
        return Ok(Detail { record, projection_of_document: None });
    }
    let projection = call.projection(&record.id)?;
    Ok(Detail { record: projection.record.clone(), projection_of_document: Some(projection) })
}

pub(crate) fn family<'c>(call: &'c Call<'_>, table: &str) -> Result<&'c [TableName]> {
    match call.dictionary.family(table) {
        [] => Err(TableError::NotFound(format!("table {table}"))),
        family => Ok(family),
    }
}

/// Refuses whoever has none of some roles; `what` goes on where "only they" left off.
///
/// # Errors
/// When the caller has none of them.
pub(crate) fn only(call: &Call<'_>, roles: &[impl AsRef<str>], record: impl Display, what: &str) -> Result<()> {
    let roles: Vec<String> = roles.iter().map(|role| role.as_ref().to_owned()).collect();
    if call.caller.may(&roles) {
        return Ok(());
    }
    let problem = format!("only {} {what}; ask one of them", roles.join(", "));
    Err(TableError::Denied { record: record.to_string(), problem })
}

pub(crate) fn declared(call: &Call<'_>, table: &str) -> Result<Arc<Table>> {
    call.dictionary.shared(table).ok_or_else(|| TableError::NotFound(format!("table {table}")))
}
