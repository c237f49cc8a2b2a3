//! The caller's wish list: what they may order some day. A line leaves it as one leaves the cart.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use fieldline_service::catalog::cart::{self, Cart, Kept};
use fieldline_service::{Call, TableError};
use serde_json::{Value, json};

use super::cart::{brief, shown_line, shown_names};
use super::{BASE, Order};
use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, no_record};
use crate::table::{Reader, Show, answered};

pub fn endpoints() -> Vec<Endpoint> {
    let (nothing, order) = (Content::Empty, Content::Json("CatalogOrder"));
    let list = (200, Content::Json("CatalogWishListResult"));
    let one = (200, Content::Json("CatalogWishResult"));
    versioned(
        BASE,
        vec![
            endpoint(
                "post",
                "/items/{sys_id}/add_to_wishlist",
                "Puts an item on the wish list",
                order,
                list,
                post(add),
            ),
            endpoint("get", "/wishlist", "Answers the wish list", nothing, list, get(read)),
            endpoint("get", "/wishlist/{cart_item_id}", "Answers a line of the wish list", nothing, one, get(read_one)),
        ],
    )
}

async fn add(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let mut order: Order = ask.json(body).await?;
    let pick = order.pick(ask.name("sys_id"))?;
    let list = ask.write(&app, move |_, call| {
        let list = cart::add(call, Kept::WishList, &pick)?;
        let items: Vec<_> = list.lines.iter().map(brief).collect();
        Ok(json!({ "cart_id": list.record.id.sys_id, "items": items }))
    });
    Ok(answered(StatusCode::OK, list.await?))
}

async fn read(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |_, call| {
        let list = cart::read(call, Kept::WishList)?;
        Ok(shown(call, list.as_ref())?)
    })
    .await
}

fn shown(call: &mut Call<'_>, list: Option<&Cart>) -> Result<Value, TableError> {
    let id = list.map(|list| list.record.id.sys_id.to_string()).unwrap_or_default();
    let dictionary = call.dictionary.clone();
    let mut reader = Reader::new(call, &dictionary, shown_names(), Show::Values);
    let items = list.iter().flat_map(|list| &list.lines).map(|line| shown_line(&mut reader, line));
    Ok(json!({ "cart_id": id, "items": items.collect::<Result<Vec<_>, _>>()? }))
}

async fn read_one(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let wanted = ask.name("cart_item_id");
        let lines = cart::read(call, Kept::WishList)?.map(|list| list.lines).unwrap_or_default();
        let line = lines.iter().find(|line| line.record.id.sys_id.to_string() == wanted);
        Ok(brief(line.ok_or_else(no_record)?))
    })
    .await
}
