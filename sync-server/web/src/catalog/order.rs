//! Orders: of one item, of the cart, and of forms that make records of other tables.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use fieldline_model::Record;
use fieldline_service::catalog::order::{self, CheckedOut, Wishes};
use fieldline_service::catalog::producer::{self, Produced};
use fieldline_service::{Call, TableError};
use serde_json::{Value, json};

use super::{BASE, Order};
use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::answered;

pub fn endpoints() -> Vec<Endpoint> {
    let (item, wishes) = (Content::Json("CatalogOrder"), Content::Json("CatalogWishes"));
    let request = (200, Content::Json("CatalogRequestResult"));
    let produced = (200, Content::Json("CatalogProducedResult"));
    let out = (200, Content::Json("CatalogCheckoutResult"));
    let checks_out = "Orders what is in the cart, or answers it once more where the organisation wants two steps";
    versioned(
        BASE,
        vec![
            endpoint("post", "/items/{sys_id}/order_now", "Orders an item", item, request, post(order_now)),
            endpoint(
                "post",
                "/items/{sys_id}/submit_producer",
                "Makes a record of answers",
                item,
                produced,
                post(submit_producer),
            ),
            endpoint("post", "/cart/checkout", checks_out, wishes, out, post(checkout)),
            endpoint("post", "/cart/submit_order", "Orders what is in the cart", wishes, request, post(submit_cart)),
        ],
    )
}

async fn order_now(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let wishes = Wishes { requested_for: order.requested_for.take(), ..Wishes::default() };
    let pick = order.pick(ask.name("sys_id"))?;
    let request = ask.write(&app, move |_, call| Ok(order::order_now(call, pick, &wishes)?));
    Ok(answered(StatusCode::OK, shown(&request.await?)))
}

async fn wishes(ask: &Ask, body: Body) -> Result<Wishes, Refusal> {
    let mut given = ask.texts(body).await?;
    let mut take = |name: &str| given.remove(name).or_else(|| given.remove(&format!("sysparm_{name}")));
    Ok(Wishes {
        requested_for: take("requested_for"),
        special_instructions: take("special_instructions").unwrap_or_default(),
        delivery_address: take("delivery_address").unwrap_or_default(),
    })
}

async fn submit_cart(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let wishes = wishes(&ask, body).await?;
    let request = ask.write(&app, move |_, call| Ok(order::submit_cart(call, &wishes)?));
    Ok(answered(StatusCode::OK, shown(&request.await?)))
}

async fn checkout(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let wishes = wishes(&ask, body).await?;
    let out = ask.write(&app, move |_, call| {
        let out = order::checkout(call, &wishes)?;
        let mut shown = checked_out(call, &out)?;
        if matches!(out, CheckedOut::Cart(_)) {
            shown["requested_for"] = wishes.requested_for.unwrap_or_else(|| call.caller.user.to_string()).into();
            shown["special_instructions"] = wishes.special_instructions.into();
            shown["delivery_address"] = wishes.delivery_address.into();
        }
        Ok(shown)
    });
    Ok(answered(StatusCode::OK, out.await?))
}

/// What came of a checkout: the request, or the cart once more.
///
/// # Errors
/// When the database fails.
pub fn checked_out(call: &mut Call<'_>, out: &CheckedOut) -> Result<Value, TableError> {
    match out {
        CheckedOut::Cart(cart) => super::cart::shown(call, Some(cart)),
        CheckedOut::Request(request) => Ok(shown(request)),
    }
}

fn shown(request: &Record) -> Value {
    let (id, number) = (request.id.sys_id, request.text("number"));
    json!({ "sys_id": id, "number": number, "request_number": number, "request_id": id, "table": request.id.table })
}

async fn submit_producer(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let answers = order.answers()?;
    let made = ask.write(&app, move |ask, call| {
        let Produced { record, producer } = producer::submit(call, ask.name("sys_id"), &answers)?;
        let parent = call.dictionary.root_of(&record.id.table).to_string();
        Ok::<_, Refusal>(json!({
            "sys_id": record.id.sys_id,
            "number": record.text("number"),
            "table": record.id.table,
            "record": format!("api/now/table/{}", record.id),
            "redirect_url": redirect(&producer, &record),
            "redirect_portal_url": "",
            "redirect_to": "",
            "parent_table": parent,
            "parent_id": null,
        }))
    });
    Ok(answered(StatusCode::OK, made.await?))
}

fn redirect(producer: &Record, record: &Record) -> String {
    let own = producer.text("redirect_url");
    let usual = || format!("{}.do?sys_id={}&sysparm_view=ess", record.id.table, record.id.sys_id);
    if own.is_empty() { usual() } else { own.to_owned() }
}
