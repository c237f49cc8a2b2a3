//! The endpoints programs use: tokens, revocation (RFC 7009), introspection (RFC 7662), a device's first step (RFC 8628).

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use fieldline_model::Timestamp;
use fieldline_service::identity::{ClientCredentials, DEVICE_CODE_SECONDS, Issued, OauthError, POLL_SECONDS, Standing};
use fieldline_service::{Server, SignIn};
use fieldline_storage::Client;
use serde_json::{Value, json};

use super::answer::{Dialect, Refused, tokens};
use super::form::{Form, client_of};
use crate::caller::{blocking_as, password_slot};
use crate::edge::Visitor;
use crate::links::Origin;
use crate::{App, Entropy};

/// What every token allows: what its user may.
pub const SCOPE: &str = "useraccount";
/// Device codes one address may ask for in a minute.
const DEVICES_PER_MINUTE: u32 = 60;
/// The grant of RFC 8628.
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grant of RFC 7523.
pub const ASSERTION_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request of a client: what it sent, where to, and from where.
struct Asked {
    origin: Origin,
    form: Form,
    client_id: String,
    client_secret: Option<String>,
    visitor: Visitor,
}

impl Asked {
    async fn read(headers: &HeaderMap, body: Body, visitor: Visitor) -> Result<Self, OauthError> {
        let form = Form::read(headers, body).await?;
        let (client_id, client_secret) = client_of(headers, &form)?;
        Ok(Self { origin: Origin::of(headers), form, client_id, client_secret, visitor })
    }

    fn client(&self, server: &Server, now: Timestamp) -> Result<Client, OauthError> {
        let (id, secret) = (self.client_id.as_str(), self.client_secret.as_deref());
        server.known_client(ClientCredentials { id, secret, address: self.visitor.0 }, now)
    }
}

/// Runs `work` for a client, one of few at a time because a password or secret may be checked.
async fn as_client<T: Send + 'static>(
    app: &App,
    dialect: Dialect,
    asked: Result<Asked, OauthError>,
    work: impl FnOnce(&Server, &Client, &Asked, Timestamp, &mut Entropy) -> Result<T, OauthError> + Send + 'static,
) -> Result<T, Refused> {
    let now = app.clock.now();
    let refused = |error| Refused::new(dialect, error, now);
    let asked = asked.map_err(refused)?;
    let _slot = password_slot(app).await;
    let done = blocking_as(app, move |server, now, rng| {
        let client = asked.client(server, now)?;
        work(server, &client, &asked, now, rng)
    });
    done.await.map_err(refused)
}

pub async fn standard(app: State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    token(app, visitor, headers, body, Dialect::Standard).await.unwrap_or_else(IntoResponse::into_response)
}

pub async fn legacy(app: State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    token(app, visitor, headers, body, Dialect::Legacy).await.unwrap_or_else(IntoResponse::into_response)
}

async fn token(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Body,
    dialect: Dialect,
) -> Result<Response, Refused> {
    let asked = Asked::read(&headers, body, visitor).await;
    let issued = as_client(&app, dialect, asked, grant).await?;
    Ok(tokens(StatusCode::OK, issued_json(issued)))
}

fn grant(
    server: &Server,
    client: &Client,
    asked: &Asked,
    now: Timestamp,
    rng: &mut Entropy,
) -> Result<Issued, OauthError> {
    let form = &asked.form;
    match form.need("grant_type")? {
        "password" => {
            let (user_name, password) = (form.need("username")?, form.need("password")?);
            server.password_grant(client, SignIn { user_name, password, address: asked.visitor.0 }, now, rng)
        }
        "client_credentials" => server.client_grant(client, now, rng),
        "refresh_token" => server.refresh(client, form.need("refresh_token")?, now, rng),
        "authorization_code" => {
            let (code, back) = (form.need("code")?, form.get("redirect_uri"));
            server.code_grant(client, code, back, form.get("code_verifier"), now, rng)
        }
        ASSERTION_GRANT => {
            let audiences = ["", "/oauth2/token", "/oauth_token.do"].map(|path| asked.origin.at(path));
            server.assertion_grant(client, form.need("assertion")?, &audiences, now, rng)
        }
        DEVICE_GRANT => server.device_grant(client, form.need("device_code")?, now, rng),
        other => Err(OauthError::UnsupportedGrant(other.chars().filter(char::is_ascii_graphic).take(80).collect())),
    }
}

fn issued_json(issued: Issued) -> Value {
    let mut body = json!({
        "access_token": issued.access_token,
        "scope": SCOPE,
        "token_type": "Bearer",
        "expires_in": issued.expires_in_seconds,
    });
    if let Some(refresh_token) = issued.refresh_token {
        body["refresh_token"] = refresh_token.into();
    }
    body
}

/// Ends a token for the client it was given to.
pub async fn revoke(State(app): State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    let asked = Asked::read(&headers, body, visitor).await;
    let revoked = as_client(&app, Dialect::Standard, asked, |server, client, asked, now, rng| {
        server.revoke(Some(client), asked.form.need("token")?, now, rng)
    });
    revoked.await.map_or_else(IntoResponse::into_response, |()| StatusCode::OK.into_response())
}

/// Ends a token for whoever holds it, as clients of this older path send it without saying who they are.
pub async fn legacy_revoke(app: State<App>, headers: HeaderMap, body: Body) -> Response {
    revoke_held(app, Form::read(&headers, body).await).await
}

/// The same for a token in the address, as people send it from a browser.
pub async fn legacy_revoke_by_address(app: State<App>, uri: Uri) -> Response {
    revoke_held(app, Form::parse(uri.query().unwrap_or_default().as_bytes())).await
}

async fn revoke_held(State(app): State<App>, form: Result<Form, OauthError>) -> Response {
    let revoked = async {
        let form = form?;
        let token = form.need("token")?.to_owned();
        blocking_as(&app, move |server, now, rng| server.revoke(None, &token, now, rng)).await
    };
    let refused = |error| Refused::new(Dialect::Legacy, error, app.clock.now()).into_response();
    revoked.await.map_or_else(refused, |()| StatusCode::OK.into_response())
}

/// What a token is worth, for clients that keep a secret.
pub async fn introspect(State(app): State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    let asked = Asked::read(&headers, body, visitor).await;
    let standing = as_client(&app, Dialect::Standard, asked, |server, client, asked, now, _| {
        client.secret_hash.as_ref().ok_or(OauthError::Client)?;
        server.introspect(asked.form.need("token")?, now)
    });
    standing.await.map_or_else(IntoResponse::into_response, |standing| Json(standing_json(standing)).into_response())
}

fn standing_json(standing: Option<Standing>) -> Value {
    let Some(standing) = standing else { return json!({ "active": false }) };
    json!({
        "active": true,
        "client_id": standing.client,
        "sub": standing.user,
        "username": standing.user_name,
        "token_type": if standing.refreshes { "refresh_token" } else { "Bearer" },
        "scope": SCOPE,
        "exp": standing.expires_at.0 / 1_000,
    })
}

/// Codes for a device without a keyboard.
pub async fn device(State(app): State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    let now = app.clock.now();
    if !app.beginnings.lets(visitor, DEVICES_PER_MINUTE, now) {
        return Refused::new(Dialect::Standard, OauthError::SlowDown, now).into_response();
    }
    let asked = Asked::read(&headers, body, visitor).await;
    let code =
        as_client(&app, Dialect::Standard, asked, |server, client, _, now, rng| server.device_code(client, now, rng));
    let page = Origin::of(&headers).at("/oauth2/device");
    code.await.map_or_else(IntoResponse::into_response, |code| {
        tokens(
            StatusCode::OK,
            json!({
                "device_code": code.device_code,
                "user_code": code.user_code,
                "verification_uri": page,
                "verification_uri_complete": format!("{page}?user_code={}", code.user_code),
                "expires_in": DEVICE_CODE_SECONDS,
                "interval": POLL_SECONDS,
            }),
        )
    })
}
