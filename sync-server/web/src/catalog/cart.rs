//! The caller's cart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use fieldline_service::catalog::cart::{self, Cart, Kept, Line};
use fieldline_service::catalog::variables::{Price, amount, plus, times};
use fieldline_service::{Call, TableError};
use serde_json::{Map, Value, json};

use super::{BASE, Order, money};
use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::Failure;
use crate::table::{Names, Reader, Show, answered};

pub fn endpoints() -> Vec<Endpoint> {
    let (nothing, order) = (Content::Empty, Content::Json("CatalogOrder"));
    let cart = Content::Json("CatalogCartResult");
    let added = (200, Content::Json("CatalogAddedResult"));
    versioned(
        BASE,
        vec![
            endpoint("post", "/items/{sys_id}/add_to_cart", "Puts an item into the cart", order, added, post(add)),
            endpoint("get", "/cart", "Answers the cart", nothing, (200, cart), get(read)),
            endpoint("put", "/cart/{sys_id}", "Changes a line of the cart", order, (201, cart), put(change)),
            endpoint(
                "delete",
                "/cart/{sys_id}",
                "Takes a line out of the cart",
                nothing,
                (204, nothing),
                delete(remove),
            ),
            endpoint("delete", "/cart/{sys_id}/empty", "Empties a cart", nothing, (204, nothing), delete(empty)),
        ],
    )
}

async fn add(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let pick = order.pick(ask.name("sys_id"))?;
    let added = ask.write(&app, move |_, call| Ok(added(&cart::add(call, Kept::Cart, &pick)?)));
    Ok(answered(StatusCode::OK, added.await?))
}

fn added(cart: &Cart) -> Value {
    let items: Vec<_> = cart.lines.iter().map(brief).collect();
    json!({ "cart_id": cart.record.id.sys_id, "subtotal": money(cart.price().once), "items": items })
}

/// A line as it is answered to whoever adds it.
pub fn brief(line: &Line) -> Value {
    json!({
        "cart_item_id": line.record.id.sys_id,
        "catalog_item_id": line.item.id.sys_id,
        "item_name": line.item.text("name"),
        "quantity": line.quantity.to_string(),
        "price": money(line.price.once),
        "localized_price": money(line.price.once),
        "recurring_price": money(line.price.recurring),
        "localized_recurring_price": money(line.price.recurring),
        "recurring_frequency": frequency(line),
        "delivery_time": delivery_time(line),
        "variables": line.answers,
    })
}

fn delivery_time(line: &Line) -> String {
    line.item.get("delivery_days").map(|days| format!("{days} Days")).unwrap_or_default()
}

async fn read(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |_, call| {
        let cart = cart::read(call, Kept::Cart)?;
        Ok(shown(call, cart.as_ref())?)
    })
    .await
}

async fn change(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let answers = order.variables.is_some().then(|| order.answers()).transpose()?;
    let cart = ask.write(&app, move |ask, call| {
        let cart = cart::change(call, ask.name("sys_id"), order.quantity, answers.as_ref())?;
        Ok(shown(call, Some(&cart))?)
    });
    Ok(answered(StatusCode::CREATED, cart.await?))
}

async fn remove(State(app): State<App>, ask: Ask) -> Result<StatusCode, Failure> {
    ask.write(&app, |ask, call| Ok(cart::remove(call, ask.name("sys_id"))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn empty(State(app): State<App>, ask: Ask) -> Result<StatusCode, Failure> {
    ask.write(&app, |ask, call| Ok(cart::empty(call, ask.name("sys_id"))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn frequency(line: &Line) -> Option<String> {
    line.item.get("recurring_frequency").map(ToString::to_string)
}

/// A cart, its lines grouped by how often they are paid for; `none` is once.
///
/// # Errors
/// When the database fails.
pub fn shown(call: &mut Call<'_>, cart: Option<&Cart>) -> Result<Value, TableError> {
    let price = cart.map(Cart::price).unwrap_or_default();
    let id = cart.map(|cart| cart.record.id.sys_id.to_string()).unwrap_or_default();
    let mut shown = totals(price, "");
    shown.insert("cart_id".into(), id.into());
    let mut groups: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for line in cart.iter().flat_map(|cart| &cart.lines) {
        groups.entry(frequency(line).unwrap_or_else(|| "none".into())).or_default().push(line);
    }
    let dictionary = call.dictionary.clone();
    let mut reader = Reader::new(call, &dictionary, shown_names(), Show::Values);
    for (often, lines) in groups {
        let sum = lines.iter().fold(Price::default(), |sum, line| Price {
            once: plus(sum.once, times(line.price.once, line.quantity)),
            recurring: plus(sum.recurring, times(line.price.recurring, line.quantity)),
        });
        let mut group = totals(sum, if often == "none" { "" } else { &often });
        group.insert("frequency_label".into(), (often != "none").then_some(often.as_str()).into());
        let items = lines.into_iter().map(|line| shown_line(&mut reader, line)).collect::<Result<Vec<_>, _>>()?;
        group.insert("items".into(), items.into());
        shown.insert(often, group.into());
    }
    Ok(shown.into())
}

fn totals(price: Price, often: &str) -> Map<String, Value> {
    let texts = [
        ("subtotal_price", money(price.once)),
        ("subtotal_recurring_frequency", often.to_owned()),
        ("subtotal_recurring_price", money(price.recurring)),
        ("subtotal_title", "Subtotal".to_owned()),
        ("total_title", "Total".to_owned()),
        ("show_subtotal_price", "true".to_owned()),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// What a line shows of its record.
pub fn shown_names() -> Names<'static> {
    ["sys_created_by", "sys_created_on", "sys_updated_by", "sys_updated_on"].map(Cow::Borrowed).into()
}

/// A line with everything there is to say of it; the reader reads [`shown_names`].
///
/// # Errors
/// When the database fails.
pub fn shown_line(reader: &mut Reader<'_, '_, '_>, line: &Line) -> Result<Value, TableError> {
    let cells = reader.named(&line.record)?;
    let [created_by, created_on, updated_by, updated_on] = [0, 1, 2, 3].map(|place| cells[place].value.clone());
    let item = &line.item;
    let (once, recurring) = (times(line.price.once, line.quantity), times(line.price.recurring, line.quantity));
    Ok(json!({
        "cart_item_id": line.record.id.sys_id,
        "sys_id": line.record.id.sys_id,
        "catalog_item_id": item.id.sys_id,
        "item_id": item.id.sys_id,
        "item_name": item.text("name"),
        "name": item.text("name"),
        "short_description": item.text("short_description"),
        "sys_class_name": item.id.table,
        "picture": item.text("picture"),
        "order_guide": line.guide.as_ref().map_or("", |guide| guide.text("name")),
        "delivery_time": delivery_time(line),
        "quantity": line.quantity.to_string(),
        "price": money(line.price.once),
        "localized_price": money(line.price.once),
        "subtotal": whole(once),
        "subtotal_price": money(once),
        "recurring_frequency": frequency(line),
        "recurring_price": money(line.price.recurring),
        "localized_recurring_price": money(line.price.recurring),
        "recurring_subtotal": whole(recurring),
        "recurring_subtotal_price": money(recurring),
        "show_price": true,
        "show_quantity": true,
        "show_recurring_price": amount(item, "recurring_price").millionths != 0,
        "variables": line.answers,
        "created_by": created_by,
        "created_on": created_on,
        "updated_by": updated_by,
        "updated_on": updated_on,
    }))
}

/// An amount as a number.
fn whole(amount: fieldline_model::value::Decimal) -> Value {
    amount.to_string().parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}
