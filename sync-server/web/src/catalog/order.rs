//! Orders: of one item, of the cart, and of forms that make records of other tables.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use fieldline_model::Record;
use fieldline_service::catalog::order::{self, Wishes};
use fieldline_service::catalog::producer::{self, Produced};
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
            endpoint("post", "/cart/checkout", "Orders what is in the cart", wishes, request, post(submit_cart)),
            endpoint("post", "/cart/submit_order", "Orders what is in the cart", wishes, request, post(submit_cart)),
        ],
    )
}

async fn order_now(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let (answers, requested_for) = (order.answers()?, order.requested_for.take());
    let wishes = Wishes { requested_for, ..Wishes::default() };
    let request = ask.write(&app, move |ask, call| {
        Ok(order::order_now(call, ask.name("sys_id"), order.quantity.unwrap_or(1), answers, &wishes)?)
    });
    Ok(answered(StatusCode::OK, shown(&request.await?)))
}

async fn submit_cart(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut given = ask.texts(body).await?;
    let mut take = |name: &str| given.remove(name).or_else(|| given.remove(&format!("sysparm_{name}")));
    let wishes = Wishes {
        requested_for: take("requested_for"),
        special_instructions: take("special_instructions").unwrap_or_default(),
        delivery_address: take("delivery_address").unwrap_or_default(),
    };
    let request = ask.write(&app, move |_, call| Ok(order::submit_cart(call, &wishes)?));
    Ok(answered(StatusCode::OK, shown(&request.await?)))
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
