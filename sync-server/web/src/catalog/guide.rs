//! Order guides: the items for what was answered, and the checkout of those that were picked.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{post, put};
use fieldline_service::catalog::guide;
use serde::Deserialize;
use serde_json::{Value, json};

use super::browse::whole_item;
use super::order::checked_out;
use super::{BASE, Order};
use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::Failure;
use crate::table::answered;

pub fn endpoints() -> Vec<Endpoint> {
    let answers = Content::Json("CatalogOrder");
    let items = (200, Content::Json("CatalogItemsResult"));
    let picks = Content::Json("CatalogPicks");
    let out = (200, Content::Json("CatalogCheckoutResult"));
    let (offers, orders) = ("Lists the items of an order guide", "Puts items of an order guide into the cart");
    versioned(
        BASE,
        vec![
            endpoint("put", "/items/{sys_id}/submit_guide", offers, answers, items, put(submit)),
            endpoint("post", "/items/{sys_id}/checkout_guide", orders, picks, out, post(checkout)),
        ],
    )
}

async fn submit(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let answers = order.answers()?;
    ask.answer(&app, move |ask, call| {
        let items = guide::submit(call, ask.name("sys_id"), &answers)?;
        let mut shown = Vec::with_capacity(items.len());
        for item in &items {
            let mut whole = whole_item(call, item)?;
            whole["quantity"] = "1".into();
            shown.push(whole);
        }
        Ok(shown.into())
    })
    .await
}

/// What was picked of a guide.
#[derive(Deserialize)]
struct Picked {
    items: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    sys_id: String,
    #[serde(flatten)]
    order: Order,
}

async fn checkout(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let picked: Picked = ask.json(body).await?;
    let picks = picked.items.into_iter().map(|mut one| one.order.pick(&one.sys_id)).collect::<Result<Vec<_>, _>>()?;
    let out = ask.write(&app, move |ask, call| {
        let out = guide::checkout(call, ask.name("sys_id"), picks)?;
        Ok(checked_out(call, &out)?)
    });
    Ok(answered(StatusCode::OK, out.await?))
}

/// What the bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let pick = json!({
        "type": "object",
        "required": ["sys_id"],
        "properties": {
            "sys_id": text, "sysparm_quantity": { "type": ["integer", "string"] }, "variables": { "type": "object" },
        },
    });
    json!({
        "type": "object",
        "required": ["items"],
        "properties": { "items": { "type": "array", "items": pick } },
    })
}
