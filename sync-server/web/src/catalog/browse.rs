//! What there is: catalogues, categories, items and their questions.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use fieldline_model::{Dictionary, Record, Value as Stored};
use fieldline_service::catalog::variables::{self, Variable, amount, value_of};
use fieldline_service::catalog::{self, Category, Wanted};
use fieldline_service::{Call, TableError};
use serde_json::{Value, json};

use super::{BASE, CURRENCY, money};
use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::{Names, Reader, Show};

/// Rows answered when the client names no limit.
const USUAL_LIMIT: u32 = 10;
/// The most it may name.
const LIMIT_AT_MOST: u32 = 10_000;

pub fn endpoints() -> Vec<Endpoint> {
    let nothing = Content::Empty;
    let ok = |name| (200, Content::Json(name));
    let categories = ok("CatalogCategoriesResult");
    let (shown, shows) = (ok("CatalogTextResult"), "Says what people read for an answer");
    versioned(
        BASE,
        vec![
            endpoint("get", "/catalogs", "Lists catalogues", nothing, ok("CatalogsResult"), get(catalogs)),
            endpoint(
                "get",
                "/catalogs/{sys_id}",
                "Answers a catalogue",
                nothing,
                ok("CatalogResult"),
                get(one_catalog),
            ),
            endpoint(
                "get",
                "/catalogs/{sys_id}/categories",
                "Lists categories",
                nothing,
                categories,
                get(list_categories),
            ),
            endpoint(
                "get",
                "/categories/{sys_id}",
                "Answers a category",
                nothing,
                ok("CatalogCategoryResult"),
                get(one_category),
            ),
            endpoint("get", "/items", "Lists items", nothing, ok("CatalogItemsResult"), get(items)),
            endpoint("get", "/items/{sys_id}", "Answers an item", nothing, ok("CatalogItemResult"), get(one_item)),
            endpoint(
                "get",
                "/items/{sys_id}/variables",
                "Lists an item's questions",
                nothing,
                ok("CatalogVariablesResult"),
                get(questions),
            ),
            endpoint(
                "get",
                "/items/{sys_id}/delegation/{user_sys_id}",
                "Says whether somebody may be given an item",
                nothing,
                ok("CatalogDelegationResult"),
                get(delegation),
            ),
            endpoint(
                "post",
                "/items/{sys_id}/get_invalid_delegated_users",
                "Lists those who may not be given an item",
                Content::Json("CatalogAlsoFor"),
                ok("CatalogInvalidUsersResult"),
                post(invalid_users),
            ),
            endpoint(
                "post",
                "/variables/{sys_id}/display_value",
                shows,
                Content::Json("CatalogAnswer"),
                shown,
                post(display),
            ),
        ],
    )
}

fn limit(ask: &Ask) -> Result<u32, Refusal> {
    Ok(ask.number("limit", USUAL_LIMIT)?.min(LIMIT_AT_MOST))
}

async fn catalogs(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let limit = limit(&ask)?;
    ask.answer(&app, move |ask, call| {
        let catalogs = catalog::catalogs(call, ask.parameter("text"), limit)?;
        let shown = catalogs.iter().map(|catalog| shown_catalog(call, catalog)).collect::<Result<Vec<_>, _>>()?;
        Ok(shown.into())
    })
    .await
}

async fn one_catalog(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let record = catalog::catalog(call, ask.name("sys_id"))?;
        let mut shown = shown_catalog(call, &record)?;
        let categories = catalog::categories(call, ask.name("sys_id"), true, (LIMIT_AT_MOST, 0))?;
        let brief = |category: &Category| {
            let record = &category.record;
            json!({ "sys_id": record.id.sys_id, "title": record.text("title"), "description": record.text("description"),
                "header_image": record.text("header_icon") })
        };
        shown["categories"] = categories.iter().map(brief).collect::<Vec<_>>().into();
        Ok(shown)
    })
    .await
}

fn shown_catalog(call: &Call<'_>, record: &Record) -> Result<Value, TableError> {
    let (has_categories, has_items) = catalog::has(call, record.id.sys_id)?;
    Ok(json!({
        "title": record.text("title"),
        "sys_id": record.id.sys_id,
        "has_categories": has_categories,
        "has_items": has_items,
        "description": record.text("description"),
        "desktop_image": "",
    }))
}

async fn list_categories(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let page = (limit(&ask)?, ask.number("offset", 0)?);
    ask.answer(&app, move |ask, call| {
        let top_only = ask.is_set("top_level_only");
        let categories = catalog::categories(call, ask.name("sys_id"), top_only, page)?;
        let shown = categories.iter().map(|category| shown_category(call, category));
        Ok(shown.collect::<Result<Vec<_>, _>>()?.into())
    })
    .await
}

fn shown_category(call: &Call<'_>, category: &Category) -> Result<Value, TableError> {
    let Category { record, count, below } = category;
    let below = below.iter().map(|one| shown_below(call, one)).collect::<Result<Vec<_>, _>>()?;
    let mut shown = shown_header(record);
    shown["count"] = (*count).into();
    shown["subcategories"] = below.into();
    Ok(shown)
}

fn shown_header(record: &Record) -> Value {
    json!({
        "title": record.text("title"),
        "description": record.text("description"),
        "full_description": null,
        "icon": record.text("icon"),
        "header_icon": record.text("header_icon"),
        "homepage_image": "",
        "sys_id": record.id.sys_id,
    })
}

fn shown_below(call: &Call<'_>, record: &Record) -> Result<Value, TableError> {
    let Category { record, count, below } = catalog::counted(call, record.clone())?;
    let deeper = below.iter().map(|one| json!({ "sys_id": one.id.sys_id, "title": one.text("title") }));
    Ok(json!({
        "sys_id": record.id.sys_id,
        "title": record.text("title"),
        "count": count,
        "parent": record.reference("parent"),
        "subcategories": deeper.collect::<Vec<_>>(),
        "isParentCategory": !below.is_empty(),
    }))
}

async fn one_category(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let category = catalog::category(call, ask.name("sys_id"))?;
        let below = category.below.iter().map(|one| shown_below(call, one)).collect::<Result<Vec<_>, _>>()?;
        let mut shown = shown_header(&category.record);
        shown["child_categories"] = below.into();
        Ok(shown)
    })
    .await
}

async fn items(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let given = |name: &str| ask.parameter(name).map(str::to_owned);
    let wanted = Wanted {
        catalog: given("catalog"),
        category: given("category"),
        kind: given("type"),
        text: given("text"),
        limit: limit(&ask)?,
        offset: ask.number("offset", 0)?,
    };
    ask.answer(&app, move |_, call| {
        let items = catalog::items(call, &wanted)?;
        let dictionary = call.dictionary.clone();
        let mut reader = Reader::new(call, &dictionary, shown_names(), Show::All);
        Ok(items.iter().map(|item| shown_item(&mut reader, item)).collect::<Result<Vec<_>, _>>()?.into())
    })
    .await
}

async fn one_item(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let item = catalog::item(call, ask.name("sys_id"))?;
        Ok(whole_item(call, &item)?)
    })
    .await
}

/// An item with its questions.
///
/// # Errors
/// When the database fails.
pub fn whole_item(call: &mut Call<'_>, item: &Record) -> Result<Value, TableError> {
    let variables = variables::of_item(call, item.id.sys_id)?;
    let dictionary = call.dictionary.clone();
    let mut shown = shown_item(&mut Reader::new(call, &dictionary, shown_names(), Show::All), item)?;
    let category = shown["category"].clone();
    shown["categories"] = json!([category]);
    shown["variables"] = variables.iter().map(|one| shown_variable(&call.dictionary, one)).collect::<Vec<_>>().into();
    shown["ui_policy"] = json!([]);
    shown["client_script"] = json!({ "onChange": [], "onSubmit": [], "onLoad": [] });
    shown["data_lookup"] = json!([]);
    Ok(shown)
}

/// Whether somebody else may be given an item.
async fn delegation(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let may = catalog::may_be_for(call, ask.name("sys_id"), ask.name("user_sys_id"))?;
        Ok(json!({ "result": may }))
    })
    .await
}

/// Those of several people who may not be given an item.
async fn invalid_users(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let users = ask.texts(body).await?.remove("sysparm_also_request_for").unwrap_or_default();
    ask.answer(&app, move |ask, call| {
        let users: Vec<&str> = users.split(',').map(str::trim).filter(|user| !user.is_empty()).collect();
        let item = catalog::item(call, ask.name("sys_id"))?;
        if !variables::asks_for_whom(&variables::of_item(call, item.id.sys_id)?) {
            let why = "This item cannot be submitted for multiple people as it is not configured with Requested For";
            return Ok(json!({ "errCode": "42202", "errMsg": why }));
        }
        Ok(json!({ "invalidUsers": catalog::not_for(call, ask.name("sys_id"), &users)? }))
    })
    .await
}

async fn questions(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let item = catalog::item(call, ask.name("sys_id"))?;
        let variables = variables::of_item(call, item.id.sys_id)?;
        Ok(variables.iter().map(|one| shown_variable(&call.dictionary, one)).collect::<Vec<_>>().into())
    })
    .await
}

/// What an item shows of other records.
fn shown_names() -> Names<'static> {
    ["category", "sc_catalogs"].map(Cow::Borrowed).into()
}

fn shown_item(reader: &mut Reader<'_, '_, '_>, item: &Record) -> Result<Value, TableError> {
    let mut cells = reader.named(item)?.into_iter();
    let (category, catalogs) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let named = |id: &str, title: &str| json!({ "sys_id": id, "title": title });
    let ids = catalogs.value.split(',').filter(|id| !id.is_empty());
    let catalogs: Vec<_> = ids.zip(catalogs.display_value.split(", ")).map(|(id, title)| named(id, title)).collect();
    let (price, recurring) = (amount(item, "price"), amount(item, "recurring_price"));
    let is_ordered = catalog::kind(item) == "catalog_item";
    Ok(json!({
        "sys_id": item.id.sys_id,
        "name": item.text("name"),
        "short_description": item.text("short_description"),
        "description": item.text("description"),
        "sys_class_name": item.id.table,
        "type": catalog::kind(item),
        "order": item.get("order").and_then(Stored::as_integer).unwrap_or_default(),
        "icon": item.text("icon"),
        "picture": item.text("picture"),
        "url": "",
        "content_type": "",
        "kb_article": "",
        "price": money(price),
        "localized_price": money(price),
        "price_currency": CURRENCY,
        "local_currency": CURRENCY,
        "recurring_price": money(recurring),
        "localized_recurring_price": money(recurring),
        "recurring_price_currency": CURRENCY,
        "recurring_frequency": item.get("recurring_frequency").map(ToString::to_string),
        "show_price": is_ordered && !item.says("omit_price"),
        "show_quantity": is_ordered && !item.says("no_quantity"),
        "mandatory_attachment": item.says("mandatory_attachment"),
        "visible_standalone": item.says("visible_standalone"),
        "catalogs": catalogs,
        "category": named(&category.value, &category.display_value),
    }))
}

fn shown_variable(dictionary: &Dictionary, variable: &Variable) -> Value {
    let record = &variable.record;
    let kind = variable.kind();
    let choice = |(index, choice): (usize, &Record)| {
        json!({
            "index": index,
            "label": choice.text("text"),
            "value": value_of(choice),
            "price": money(amount(choice, "misc")),
            "recurring_price": money(amount(choice, "rec_misc")),
        })
    };
    let display_type = kind_label(dictionary, record, kind);
    json!({
        "id": record.id.sys_id,
        "name": variable.name(),
        "label": record.text("question_text"),
        "type": kind,
        "display_type": display_type,
        "friendly_type": display_type.to_lowercase().replace([' ', '/'], "_").replace("___", "_"),
        "mandatory": variable.is_mandatory(),
        "read_only": record.says("read_only"),
        "hidden": record.says("hidden"),
        "active": record.says("active"),
        "render_label": variable.asks(),
        "value": record.text("default_value"),
        "displayvalue": record.text("default_value"),
        "help_text": record.text("help_text"),
        "tooltip": record.text("tooltip"),
        "reference": record.text("reference"),
        "attributes": record.text("attributes"),
        "max_length": 0,
        "choices": variable.choices.iter().enumerate().map(choice).collect::<Vec<_>>(),
    })
}

/// What people call a type of question.
fn kind_label(dictionary: &Dictionary, record: &Record, kind: i64) -> String {
    let field = dictionary.table(record.id.table.as_str()).and_then(|table| table.field("type"));
    field.and_then(|field| field.choice_label(&Stored::Integer(kind))).unwrap_or_default().to_owned()
}

async fn display(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let value = ask.texts(body).await?.remove("sysparm_value").unwrap_or_default();
    ask.answer(&app, move |ask, call| Ok(variables::display(call, ask.name("sys_id"), &value)?.into())).await
}
