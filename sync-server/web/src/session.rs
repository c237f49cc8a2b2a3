//! Signing in and out.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, post};
use fieldline_service::Session;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{blocking, sign_in};
use crate::credentials::Credentials;
use crate::edge::Visitor;
use crate::endpoint::{Access, Content, Endpoint};
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/session";

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint {
            method: "post",
            path: PATH.to_owned(),
            summary: "Signs a person in and answers a token",
            access: Access::Open,
            request: Content::Json("SignIn"),
            status: 200,
            answer: Content::Json("Session"),
            handler: post(create),
        },
        Endpoint {
            method: "delete",
            path: PATH.to_owned(),
            summary: "Ends the session whose token is sent",
            access: Access::Person,
            request: Content::Empty,
            status: 204,
            answer: Content::Empty,
            handler: delete(end),
        },
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "SignIn": {
            "type": "object",
            "required": ["user_name", "password"],
            "properties": { "user_name": text, "password": { "type": "string", "format": "password" } },
        },
        "Session": {
            "type": "object",
            "required": ["token", "user", "expires_at"],
            "properties": {
                "token": { "type": "string", "description": "Send it as Authorization: Bearer" },
                "user": { "type": "string", "description": "The sys_id of the sys_user record" },
                "expires_at": { "type": "string", "format": "date-time" },
            },
        },
    })
}

#[derive(Deserialize)]
struct SignIn {
    user_name: String,
    password: String,
}

async fn create(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: SignIn = crate::body::json(&headers, body).await?;
    let session = sign_in(&app, asked.user_name, asked.password, visitor).await?;
    Ok(Json(session_json(&session)))
}

/// A session as its owner is told of it.
pub fn session_json(session: &Session) -> Value {
    json!({ "token": session.token, "user": session.user, "expires_at": session.expires_at.to_rfc3339() })
}

async fn end(State(app): State<App>, headers: HeaderMap) -> Result<StatusCode, Problem> {
    let Credentials::Bearer(token) = Credentials::of(&headers)? else {
        return Err(Problem(Refusal::NotAuthenticated));
    };
    blocking(&app, move |server, now, rng| {
        server.authenticate(&token, now)?;
        server.sign_out(&token, now, rng)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
