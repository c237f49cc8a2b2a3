//! SCIM 2.0 (RFC 7643 and RFC 7644): a directory keeps people and groups here as they are there.
//!
//! A resource is another view of rows everybody else sees as `sys_user`, `sys_user_group` and `sys_user_grmember`, and is
//! written on the same road. `attributes.rs` says once which attribute is which field; filters, answers, writes and the
//! published schemas all come from it. A patch is the resource with some things changed, written as a replacement.

mod attributes;
mod condition;
mod filter;
mod patch;
mod schemas;
mod select;
mod view;
mod write;

use fieldline_model::condition::{Filter, Path, Sort};
use fieldline_model::{Record, SysId};
use fieldline_storage::{EVERYTHING, Selection};
use serde_json::{Value, json};

use crate::accounts::AccountError;
use crate::call::{Call, Caller};
use crate::error::ServiceError;
use crate::table::TableError;

pub use attributes::{Resource, resource};
pub use schemas::{resource_types, schemas, service_provider_config};
pub use select::Wanted;

/// Most resources in one answer.
pub const PAGE_RESOURCES: u32 = 500;
/// Resources in an answer when nothing else is said.
const USUAL_RESOURCES: u32 = 100;
/// Who may keep people and groups beside administrators.
const PROVISIONERS: [&str; 2] = ["user_admin", "integration"];

/// Why a directory's request was not done (RFC 7644, section 3.12).
#[derive(Debug, thiserror::Error)]
pub enum ScimError {
    /// Something does not fit; the word is the standard's.
    #[error("{detail}")]
    Invalid {
        /// The `scimType`.
        kind: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// Somebody else has the name.
    #[error("{0} is taken")]
    Taken(String),
    /// No such resource.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The caller may not.
    #[error("{0}")]
    Denied(&'static str),
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl ScimError {
    fn invalid(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid { kind, detail: detail.into() }
    }

    fn value(detail: impl Into<String>) -> Self {
        Self::invalid("invalidValue", detail)
    }
}

impl From<fieldline_storage::StorageError> for ScimError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl From<TableError> for ScimError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Service(error) => Self::Service(error),
            other => Self::value(other.to_string()),
        }
    }
}

impl From<AccountError> for ScimError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Service(error) => Self::Service(error),
            other => Self::value(other.to_string()),
        }
    }
}

/// What a SCIM operation returns.
pub type Result<T, E = ScimError> = std::result::Result<T, E>;

/// Which resources are asked for (RFC 7644, section 3.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// A filter, as written.
    pub filter: Option<String>,
    /// The first one wanted, counted from 1.
    pub start_index: Option<i64>,
    /// How many at the most.
    pub count: Option<i64>,
}

/// Whether somebody may keep people and groups.
///
/// # Errors
/// [`ScimError::Denied`] when not.
pub fn admit(caller: &Caller) -> Result<()> {
    let provisions = PROVISIONERS.iter().any(|role| caller.roles.contains(*role));
    match caller.device.is_none() && (provisions || caller.is_administrator()) {
        true => Ok(()),
        false => Err(ScimError::Denied("only an administrator, user_admin or integration may keep people and groups")),
    }
}

/// Answers a page of resources.
///
/// # Errors
/// When the caller may not, or the filter cannot be read.
pub fn list(call: &Call<'_>, of: &Resource, asked: &Listing, wanted: &Wanted, base: &str) -> Result<Value> {
    admit(&call.caller)?;
    let filter = match &asked.filter {
        Some(text) => condition::compile(call, of, &filter::parse(text)?)?,
        None => Filter::everything(),
    };
    let first = u32::try_from(asked.start_index.unwrap_or(1).max(1)).unwrap_or(u32::MAX);
    let count = asked.count.map_or(USUAL_RESOURCES, |count| u32::try_from(count.max(0)).unwrap_or(u32::MAX));
    let order = [Sort { path: Path::of("sys_created_on"), descending: false }];
    let selection =
        Selection { tables: call.dictionary.family(of.table), filter: &filter, order: &order, sight: &EVERYTHING };
    let total = call.tx.count(&selection)?;
    let rows = call.tx.select(&selection, count.min(PAGE_RESOURCES), first - 1)?;
    let resources: Result<Vec<_>> = rows.iter().map(|row| shown(call, of, row, wanted, base)).collect();
    let resources = resources?;
    Ok(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": first,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}

/// Answers a resource.
///
/// # Errors
/// When the caller may not, or there is none.
pub fn get(call: &Call<'_>, of: &Resource, id: &str, wanted: &Wanted, base: &str) -> Result<Value> {
    admit(&call.caller)?;
    shown(call, of, &row(call, of, id)?, wanted, base)
}

/// Makes a resource.
///
/// # Errors
/// When the caller may not, a name is taken, or something does not fit; nothing is made then.
pub fn create(call: &mut Call<'_>, of: &Resource, sent: &Value, wanted: &Wanted, base: &str) -> Result<Value> {
    admit(&call.caller)?;
    let made = write::create(call, of, sent)?;
    shown(call, of, &made, wanted, base)
}

/// Makes a resource what was sent.
///
/// # Errors
/// As [`create`], and when there is none.
pub fn replace(
    call: &mut Call<'_>,
    of: &Resource,
    id: &str,
    sent: &Value,
    wanted: &Wanted,
    base: &str,
) -> Result<Value> {
    admit(&call.caller)?;
    let row = row(call, of, id)?;
    let written = write::replace(call, of, row, sent)?;
    shown(call, of, &written, wanted, base)
}

/// Changes parts of a resource.
///
/// # Errors
/// As [`replace`], and when an operation cannot be done.
pub fn patch(call: &mut Call<'_>, of: &Resource, id: &str, sent: &Value, wanted: &Wanted, base: &str) -> Result<Value> {
    admit(&call.caller)?;
    let row = row(call, of, id)?;
    let mut whole = view::json(call, of, &row, &Wanted::default(), base)?;
    patch::apply(of, &mut whole, sent)?;
    let written = write::replace(call, of, row, &whole)?;
    shown(call, of, &written, wanted, base)
}

/// Removes a resource.
///
/// # Errors
/// When the caller may not, or there is none.
pub fn delete(call: &mut Call<'_>, of: &Resource, id: &str) -> Result<()> {
    admit(&call.caller)?;
    let row = row(call, of, id)?;
    write::delete(call, of, &row)
}

fn row(call: &Call<'_>, of: &Resource, id: &str) -> Result<Record> {
    let missing = || ScimError::NotFound(format!("{}/{id}", of.name));
    let sys_id: SysId = id.parse().map_err(|_| missing())?;
    call.tx.find(call.dictionary.family(of.table), sys_id)?.ok_or_else(missing)
}

fn shown(call: &Call<'_>, of: &Resource, row: &Record, wanted: &Wanted, base: &str) -> Result<Value> {
    Ok(wanted.select(of, view::json(call, of, row, wanted, base)?))
}
