//! Chats over a WebSocket: what is said comes as it is said, and what was missed comes first.
//!
//! Messages are JSON, one a frame. A visitor begins (`{"type":"begin","text":…}`) or comes back (`{"type":"resume","chat":…,
//! "after":…}`), then says things (`say`), takes the case that is offered (`case`) or leaves (`leave`). An agent opens a chat by its
//! identity and says things. Everybody is told what is said under its number, and `ended` once the chat is over.
//!
//! `line.rs` is one socket, `rooms.rs` the sockets of each chat, which wake each other.

mod line;
mod rooms;

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use fieldline_model::SysId;
use fieldline_service::chat;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, authenticate, blocking, token};
use crate::credentials::Credentials;
use crate::edge::Visitor as Client;
use crate::endpoint::{Access, Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

use line::{Line, Who};
use rooms::Place;
pub use rooms::Rooms;

const PATH: &str = "/api/v1/chat";
/// The largest frame: a message at its longest, escaped.
const FRAME_BYTES: usize = 32 << 10;

pub fn endpoints() -> Vec<Endpoint> {
    let visit = "Opens a WebSocket for a customer: signed in, with ?pass=…, or as a guest where that is allowed";
    let answer = "Opens a WebSocket for the agent of a chat";
    let passes = "Gives a contact a pass, with which they chat without signing in";
    let socket = |path: String, summary, access, handler| Endpoint {
        method: "get",
        path,
        summary,
        access,
        request: Content::Empty,
        status: 101,
        answer: Content::Empty,
        handler,
    };
    vec![
        socket(PATH.to_owned(), visit, Access::Open, get(open_visitor)),
        socket(format!("{PATH}/{{sys_id}}"), answer, Access::Person, get(open_agent)),
        endpoint(
            "post",
            format!("{PATH}/passes"),
            passes,
            Content::Json("PassAsk"),
            (201, Content::Json("ChatPass")),
            post(pass),
        ),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    match path.strip_prefix(PATH) {
        Some("") => &["pass"],
        Some("/{sys_id}") => &["after"],
        _ => &[],
    }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "PassAsk": { "type": "object", "required": ["contact"], "properties": { "contact": text } },
        "ChatPass": { "type": "object", "required": ["pass"], "properties": { "pass": text } },
    })
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

fn upgraded(upgrade: Upgrade) -> Result<WebSocketUpgrade, Refusal> {
    let upgrade = upgrade.map_err(|problem| Refusal::Malformed(format!("open a WebSocket here: {problem}")))?;
    Ok(upgrade.max_message_size(FRAME_BYTES).max_frame_size(FRAME_BYTES))
}

async fn open_visitor(
    State(app): State<App>,
    client: Client,
    Query(mut asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let who = match asked.remove("pass") {
        Some(pass) => Who::Bearer(pass),
        None if headers.contains_key(AUTHORIZATION) => {
            let token = token(&app, Credentials::of(&headers)?, client).await?;
            authenticate(&app, token.clone()).await?;
            Who::Customer(token)
        }
        None => Who::Guest,
    };
    let (upgrade, place) = (upgraded(upgrade)?, Place::take(&app.rooms)?);
    Ok(upgrade.on_upgrade(move |socket| Line::new(app, socket, (who, client), place).run()))
}

async fn open_agent(
    State(app): State<App>,
    Signed(caller): Signed,
    client: Client,
    Path(chat): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let chat = given::sys_id(&chat)?;
    let after = asked.get("after").and_then(|after| after.parse().ok()).unwrap_or_default();
    blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| chat::of_agent(call, chat))).await?;
    let token = token(&app, Credentials::of(&headers)?, client).await?;
    let (upgrade, place) = (upgraded(upgrade)?, Place::take(&app.rooms)?);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let mut line = Line::new(app, socket, (Who::Agent(token), client), place);
        line.sits_down(chat, after);
        line.run().await;
    }))
}

#[derive(Deserialize)]
struct PassAsk {
    contact: SysId,
}

async fn pass(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let asked: PassAsk = crate::body::json(&headers, body).await?;
    let pass =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| chat::issue(call, asked.contact)));
    Ok((StatusCode::CREATED, Json(json!({ "pass": pass.await? }))))
}
