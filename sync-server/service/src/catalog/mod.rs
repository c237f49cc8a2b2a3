//! The service catalogue: what may be ordered, the cart, and orders.
//!
//! Everybody sees the active items that are for everybody or for one of their roles. `variables.rs` asks an item's questions
//! and prices the answers, `cart.rs` keeps a person's cart and wish list, `guide.rs` offers several items at once, `order.rs` makes
//! requests of lines, `fulfilment.rs` says what becomes of them, `producer.rs` makes records of other tables of answers. Ordering is everybody's right, so what an order makes is written with the catalogue's authority and
//! in the name of whoever ordered.

pub mod cart;
pub(crate) mod fulfilment;
pub mod guide;
pub mod order;
pub mod producer;
pub mod variables;

use std::collections::BTreeSet;

use fieldline_model::condition::{Condition, Filter, Group, Operator, Order, Query, Term};
use fieldline_model::dictionary::may;
use fieldline_model::{Record, SysId};

use crate::call::Call;
use crate::table::{Result, TableError};

pub(crate) const ITEMS: &str = "sc_cat_item";
const CATALOGS: &str = "sc_catalog";
const CATEGORIES: &str = "sc_category";

/// Which items of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this catalogue.
    pub catalog: Option<String>,
    /// Of this category.
    pub category: Option<String>,
    /// Of this type.
    pub kind: Option<String>,
    /// With these words in the name or the descriptions.
    pub text: Option<String>,
    /// How many at the most.
    pub limit: u32,
    /// How many before them.
    pub offset: u32,
}

/// A category with how many items it has.
pub struct Category {
    /// The category.
    pub record: Record,
    /// How many items are right in it.
    pub count: usize,
    /// The categories below it.
    pub below: Vec<Record>,
}

/// The active catalogues.
///
/// # Errors
/// When the database fails.
pub fn catalogs(call: &Call<'_>, text: Option<&str>, limit: u32) -> Result<Vec<Record>> {
    let mut clauses = vec![vec![is("active", "true")]];
    clauses.extend(
        text.filter(|text| !text.is_empty()).map(|text| vec![contains("title", text), contains("description", text)]),
    );
    select(call, CATALOGS, clauses, "title", (limit, 0))
}

/// A catalogue.
///
/// # Errors
/// When there is no active one of this identity.
pub fn catalog(call: &Call<'_>, sys_id: &str) -> Result<Record> {
    active(call, CATALOGS, sys_id, "is no catalogue in use")
}

/// The active categories of a catalogue.
///
/// # Errors
/// When there is no such catalogue.
pub fn categories(call: &Call<'_>, catalog_id: &str, top_only: bool, page: (u32, u32)) -> Result<Vec<Category>> {
    let catalog = catalog(call, catalog_id)?.id.sys_id.to_string();
    let mut clauses = vec![vec![is("active", "true")], vec![is("sc_catalog", &catalog)]];
    clauses.extend(top_only.then(|| vec![condition("parent", Operator::IsEmpty, "")]));
    let records = select(call, CATEGORIES, clauses, "order", page)?;
    records.into_iter().map(|record| counted(call, record)).collect()
}

/// A category.
///
/// # Errors
/// When there is no active one of this identity.
pub fn category(call: &Call<'_>, sys_id: &str) -> Result<Category> {
    counted(call, active(call, CATEGORIES, sys_id, "is no category in use")?)
}

/// A category with what it has.
///
/// # Errors
/// When the database fails.
pub fn counted(call: &Call<'_>, record: Record) -> Result<Category> {
    let id = record.id.sys_id;
    let items = call.rows(ITEMS, &Filter::equals("category", id).and(Filter::equals("active", true)))?;
    let count = items.iter().filter(|item| is_offered(call, item)).count();
    let below = vec![vec![is("active", "true")], vec![is("parent", &id.to_string())]];
    Ok(Category { record, count, below: select(call, CATEGORIES, below, "order", (u32::MAX, 0))? })
}

/// Whether a catalogue has categories and items.
///
/// # Errors
/// When the database fails.
pub fn has(call: &Call<'_>, catalog: SysId) -> Result<(bool, bool)> {
    let categories = call.some_rows(CATEGORIES, &Filter::equals("sc_catalog", catalog), 1)?;
    let catalog = Some(catalog.to_string());
    Ok((!categories.is_empty(), !items(call, &Wanted { catalog, limit: 1, ..Wanted::default() })?.is_empty()))
}

/// Items the caller may order.
///
/// # Errors
/// When the database fails.
pub fn items(call: &Call<'_>, wanted: &Wanted) -> Result<Vec<Record>> {
    let mut clauses = vec![vec![is("active", "true")]];
    let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    clauses.extend(given(&wanted.catalog).map(|catalog| vec![contains("sc_catalogs", &catalog)]));
    clauses.extend(given(&wanted.category).map(|category| vec![is("category", &category)]));
    clauses.extend(given(&wanted.kind).map(|kind| vec![is("type", stored_kind(&kind))]));
    let fields = ["name", "short_description", "description", "meta"];
    clauses.extend(given(&wanted.text).map(|text| fields.map(|field| contains(field, &text)).to_vec()));
    let all = select(call, ITEMS, clauses, "order", (u32::MAX, 0))?;
    let offered = all.into_iter().filter(|item| is_offered(call, item));
    Ok(offered.skip(wanted.offset as usize).take(wanted.limit as usize).collect())
}

/// An item the caller may order.
///
/// # Errors
/// When there is none of this identity.
pub fn item(call: &Call<'_>, sys_id: &str) -> Result<Record> {
    let problem = "is no catalogue item you can order";
    let item = active(call, ITEMS, sys_id, problem)?;
    if is_offered(call, &item) {
        Ok(item)
    } else {
        Err(TableError::invalid(format!("{ITEMS}/{sys_id}"), None, problem))
    }
}

/// The type as the API calls it.
pub fn kind(item: &Record) -> &str {
    match item.text("type") {
        "" | "item" => "catalog_item",
        other => other,
    }
}

fn stored_kind(kind: &str) -> &str {
    if kind == "catalog_item" { "item" } else { kind }
}

/// Whether an item is for the caller's roles.
fn is_offered(call: &Call<'_>, item: &Record) -> bool {
    is_for(&call.caller.roles, item)
}

fn is_for(roles: &BTreeSet<String>, item: &Record) -> bool {
    let allowed = item.text("roles").split(',').map(str::trim).filter(|role| !role.is_empty());
    may(roles.iter().map(String::as_str), &allowed.map(str::to_owned).collect::<Vec<_>>())
}

/// Whether an item may be ordered for somebody.
///
/// # Errors
/// When there is no such item for the caller.
pub fn may_be_for(call: &Call<'_>, item_id: &str, user: &str) -> Result<bool> {
    Ok(not_for(call, item_id, &[user])?.is_empty())
}

/// The names of those an item may not be ordered for; an identity stands for itself where nobody has it.
///
/// # Errors
/// When there is no such item for the caller.
pub fn not_for(call: &Call<'_>, item_id: &str, users: &[&str]) -> Result<Vec<String>> {
    let item = item(call, item_id)?;
    let mut refused = Vec::new();
    for user in users {
        let id = user.parse::<SysId>().ok();
        let person = id.map(|id| call.tx.find(call.dictionary.family("sys_user"), id)).transpose()?.flatten();
        match person {
            None => refused.push(user.chars().take(40).collect()),
            Some(person) if is_for(&call.all_roles(person.id.sys_id, person.text("roles"))?, &item) => {}
            Some(person) => refused.push(person.text("name").to_owned()),
        }
    }
    Ok(refused)
}

fn active(call: &Call<'_>, table: &str, sys_id: &str, problem: &str) -> Result<Record> {
    let id = sys_id.parse::<SysId>().ok();
    let found = id.map(|id| call.tx.find(call.dictionary.family(table), id)).transpose()?.flatten();
    let found = found.filter(|record| record.says("active"));
    found.ok_or_else(|| {
        TableError::invalid(format!("{table}/{}", sys_id.chars().take(40).collect::<String>()), None, problem)
    })
}

fn select(call: &Call<'_>, table: &str, clauses: Vec<Vec<Term>>, order: &str, page: (u32, u32)) -> Result<Vec<Record>> {
    let by = |field: &str| Order { path: vec![field.to_owned()], descending: false };
    let query = Query { groups: vec![Group { clauses }], order: vec![by(order), by("sys_id")] };
    Ok(call.some_rows_of(table, &query, page)?)
}

fn is(field: &str, value: &str) -> Term {
    condition(field, Operator::Equals, value)
}

fn contains(field: &str, value: &str) -> Term {
    condition(field, Operator::Contains, value)
}

fn condition(field: &str, operator: Operator, value: &str) -> Term {
    Condition { path: vec![field.to_owned()], operator, value: value.to_owned() }.into()
}
