//! OAuth clients, API keys and outside providers as administrators keep them: made, listed, changed, set inactive, removed.
//!
//! They are no records. What is written to a record is listed, searched, exported, walked to and audited, and a secret must be
//! none of that; here it is in the one answer that made it, and nothing else ever shows it. The command line does the same by
//! the same functions. A phone's token opens none of it.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, patch, post, put};
use fieldline_model::{SysId, Timestamp};
use fieldline_service::accounts::AccountError;
use fieldline_service::identity::oidc::NewProvider;
use fieldline_service::identity::{ClientChange, KeyChange, NewClient, NewKey};
use fieldline_service::{Caller, Server};
use fieldline_storage::{ApiKey, Client, Provider};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::caller::{TableCaller, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::{Failure, Problem};
use crate::{App, Entropy};

const CLIENTS: &str = "/api/v1/clients";
const KEYS: &str = "/api/v1/keys";
const PROVIDERS: &str = "/api/v1/providers";

/// How long a key works when nobody says how long.
const USUAL_DAYS: u32 = 365;

pub fn endpoints() -> Vec<Endpoint> {
    let (empty, gone) = (Content::Empty, (204, Content::Empty));
    let [client, key, provider] =
        [format!("{CLIENTS}/{{client_id}}"), format!("{KEYS}/{{id}}"), format!("{PROVIDERS}/{{name}}")];
    let json = Content::Json;
    let made = "Makes a program known that asks for tokens; its secret is in this answer and in no other";
    let changed = "Changes a client; another secret is made if asked for and is in this answer and in no other";
    let keyed = "Makes an integration's key, which is in this answer and in no other";
    let believed = "Believes an outside provider, or believes it under other terms";
    vec![
        endpoint("get", CLIENTS, "Lists OAuth clients", empty, (200, json("Clients")), get(list_clients)),
        endpoint("post", CLIENTS, made, json("NewClient"), (201, json("MadeClient")), post(make_client)),
        endpoint("get", &client, "Answers a client", empty, (200, json("Client")), get(read_client)),
        endpoint("patch", &client, changed, json("ClientChange"), (200, json("MadeClient")), patch(change_client)),
        endpoint("delete", &client, "Removes a client with its tokens", empty, gone, delete(remove_client)),
        endpoint("get", KEYS, "Lists API keys", empty, (200, json("ApiKeys")), get(list_keys)),
        endpoint("post", KEYS, keyed, json("NewApiKey"), (201, json("MadeApiKey")), post(make_key)),
        endpoint("patch", &key, "Changes a key", json("ApiKeyChange"), (200, json("ApiKey")), patch(change_key)),
        endpoint("delete", &key, "Removes a key", empty, gone, delete(remove_key)),
        endpoint("get", PROVIDERS, "Lists outside providers", empty, (200, json("Providers")), get(list_providers)),
        endpoint("put", &provider, believed, json("NewProvider"), (200, json("Provider")), put(put_provider)),
        endpoint("delete", &provider, "Believes a provider no more", empty, gone, delete(remove_provider)),
    ]
}

pub fn schemas() -> Value {
    let (text, yes) = (json!({ "type": "string" }), json!({ "type": "boolean" }));
    let texts = json!({ "type": "array", "items": text });
    let moment = json!({ "type": "string", "format": "date-time" });
    let keys = json!({ "type": ["object", "string", "null"], "description": "A JSON Web Key Set, or one public key" });
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    let asked = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false });
    let client = json!({
        "client_id": text, "name": text, "public": yes, "active": yes, "user": { "type": ["string", "null"] },
        "redirect_uris": texts, "keys": keys, "created_at": moment,
        "client_secret": { "type": "string", "description": "Only in the answer that made it" },
    });
    let key = json!({
        "id": text, "name": text, "user": text, "active": yes, "created_at": moment, "expires_at": moment,
        "key": { "type": "string", "description": "Only in the answer that made it; send it as x-sn-apikey" },
    });
    let terms =
        json!({ "issuer": text, "client_id": text, "claim": text, "field": text, "algorithms": texts, "active": yes });
    let (mut provider, mut new_provider) = (terms.clone(), terms);
    provider["name"] = text.clone();
    new_provider["client_secret"] = text.clone();
    let list = |name: &str, item: &str| {
        let items = json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{item}") } });
        json!({ "type": "object", "required": [name], "properties": { name: items } })
    };
    json!({
        "NewClient": asked(&["name"], json!({
            "name": text, "client_id": text, "client_secret": text, "public": yes, "user_name": text,
            "redirect_uris": texts, "keys": keys,
        })),
        "ClientChange": asked(&[], json!({
            "name": text, "active": yes, "user_name": text, "redirect_uris": texts, "keys": keys, "new_secret": yes,
        })),
        "Client": object(&["client_id", "name", "active"], client.clone()),
        "MadeClient": object(&["client_id", "name", "active"], client),
        "Clients": list("clients", "Client"),
        "NewApiKey": asked(&["name", "user_name"], json!({
            "name": text, "user_name": text, "days": { "type": "integer", "minimum": 1 },
        })),
        "ApiKeyChange": asked(&[], json!({ "name": text, "active": yes })),
        "ApiKey": object(&["id", "name", "active"], key.clone()),
        "MadeApiKey": object(&["id", "name", "active", "key"], key),
        "ApiKeys": list("keys", "ApiKey"),
        "NewProvider": asked(&["issuer", "client_id"], new_provider),
        "Provider": object(&["name", "issuer", "active"], provider),
        "Providers": list("providers", "Provider"),
    })
}

/// An administrator who is no phone; whether they are one, the service judges.
type Desk = Result<TableCaller, Failure>;

/// What a path answers.
type Answer<T> = Result<T, Problem>;

async fn at<T: Send + 'static>(
    app: &App,
    desk: Desk,
    work: impl FnOnce(&Server, &Caller, Timestamp, &mut Entropy) -> Result<T, AccountError> + Send + 'static,
) -> Answer<T> {
    let TableCaller(caller) = desk.map_err(|failure| failure.0)?;
    Ok(blocking(app, move |server, now, rng| work(server, &caller, now, rng)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedClient {
    name: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    #[serde(default)]
    public: bool,
    user_name: Option<String>,
    #[serde(default)]
    redirect_uris: BTreeSet<String>,
    keys: Option<Value>,
}

async fn list_clients(State(app): State<App>, desk: Desk) -> Answer<Json<Value>> {
    let clients = at(&app, desk, |server, caller, _, _| server.clients(caller)).await?;
    let clients: Vec<Value> = clients.iter().map(|client| client_json(client, None)).collect();
    Ok(Json(json!({ "clients": clients })))
}

async fn make_client(
    State(app): State<App>,
    desk: Desk,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<Value>)> {
    let asked: AskedClient = crate::body::json(&headers, body).await?;
    let (client, secret) = at(&app, desk, move |server, caller, now, rng| {
        let keys = asked.keys.map(key_text);
        let new = NewClient {
            name: &asked.name,
            id: asked.client_id.as_deref(),
            confidential: !asked.public,
            secret: asked.client_secret.as_deref(),
            user_name: asked.user_name.as_deref(),
            redirect_uris: asked.redirect_uris,
            keys: keys.as_deref(),
        };
        server.create_client(caller, &new, now, rng)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(client_json(&client, secret.as_deref()))))
}

async fn read_client(State(app): State<App>, desk: Desk, Path(id): Path<String>) -> Answer<Json<Value>> {
    let client = at(&app, desk, move |server, caller, _, _| {
        let known = server.clients(caller)?.into_iter().find(|client| client.id == id);
        known.ok_or_else(|| AccountError::NotFound(format!("client {id}")))
    });
    Ok(Json(client_json(&client.await?, None)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedClientChange {
    name: Option<String>,
    active: Option<bool>,
    user_name: Option<String>,
    redirect_uris: Option<BTreeSet<String>>,
    keys: Option<Value>,
    #[serde(default)]
    new_secret: bool,
}

async fn change_client(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Value>> {
    let asked: AskedClientChange = crate::body::json(&headers, body).await?;
    let (client, secret) = at(&app, desk, move |server, caller, now, rng| {
        let keys = asked.keys.map(key_text);
        let change = ClientChange {
            name: asked.name.as_deref(),
            active: asked.active,
            user_name: asked.user_name.as_deref(),
            redirect_uris: asked.redirect_uris,
            keys: keys.as_deref(),
            new_secret: asked.new_secret,
        };
        server.change_client(caller, &id, &change, now, rng)
    })
    .await?;
    Ok(Json(client_json(&client, secret.as_deref())))
}

async fn remove_client(State(app): State<App>, desk: Desk, Path(id): Path<String>) -> Answer<StatusCode> {
    at(&app, desk, move |server, caller, now, rng| server.remove_client(caller, &id, now, rng)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keys as text, whether they were sent as JSON or as text.
fn key_text(keys: Value) -> String {
    match keys {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A client as its administrators read it, with a secret that was just made.
pub fn client_json(client: &Client, secret: Option<&str>) -> Value {
    let mut shown = json!({
        "client_id": client.id,
        "name": client.name,
        "public": client.secret_hash.is_none(),
        "active": client.active,
        "user": client.user,
        "redirect_uris": client.redirect_uris,
        "keys": client.keys.as_deref().and_then(|keys| serde_json::from_str::<Value>(keys).ok()),
        "created_at": client.created_at.to_rfc3339(),
    });
    if let Some(secret) = secret {
        shown["client_secret"] = secret.into();
    }
    shown
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedKey {
    name: String,
    user_name: String,
    days: Option<u32>,
}

async fn list_keys(State(app): State<App>, desk: Desk) -> Answer<Json<Value>> {
    let keys = at(&app, desk, |server, caller, _, _| server.api_keys(caller)).await?;
    Ok(Json(json!({ "keys": keys.iter().map(|key| key_json(key, None)).collect::<Vec<_>>() })))
}

async fn make_key(
    State(app): State<App>,
    desk: Desk,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<Value>)> {
    let asked: AskedKey = crate::body::json(&headers, body).await?;
    let (key, secret) = at(&app, desk, move |server, caller, now, rng| {
        let days = asked.days.unwrap_or(USUAL_DAYS);
        server.create_api_key(caller, NewKey { name: &asked.name, user_name: &asked.user_name, days }, now, rng)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(key_json(&key, Some(&secret)))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedKeyChange {
    name: Option<String>,
    active: Option<bool>,
}

async fn change_key(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Value>> {
    let asked: AskedKeyChange = crate::body::json(&headers, body).await?;
    let key = at(&app, desk, move |server, caller, now, rng| {
        let change = KeyChange { name: asked.name.as_deref(), active: asked.active };
        server.change_api_key(caller, key_id(&id)?, change, now, rng)
    });
    Ok(Json(key_json(&key.await?, None)))
}

async fn remove_key(State(app): State<App>, desk: Desk, Path(id): Path<String>) -> Answer<StatusCode> {
    at(&app, desk, move |server, caller, now, rng| server.remove_api_key(caller, key_id(&id)?, now, rng)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn key_id(text: &str) -> Result<SysId, AccountError> {
    text.parse().map_err(|_| AccountError::NotFound("an API key with this id; GET /api/v1/keys lists them".into()))
}

/// A key as its administrators read it, with the secret that was just made.
pub fn key_json(key: &ApiKey, secret: Option<&str>) -> Value {
    let mut shown = json!({
        "id": key.id,
        "name": key.name,
        "user": key.user,
        "active": key.active,
        "created_at": key.created_at.to_rfc3339(),
        "expires_at": key.expires_at.to_rfc3339(),
    });
    if let Some(secret) = secret {
        shown["key"] = secret.into();
    }
    shown
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedProvider {
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    claim: Option<String>,
    field: Option<String>,
    algorithms: Option<BTreeSet<String>>,
    active: Option<bool>,
}

async fn list_providers(State(app): State<App>, desk: Desk) -> Answer<Json<Value>> {
    let providers = at(&app, desk, |server, caller, _, _| server.providers(caller)).await?;
    Ok(Json(json!({ "providers": providers.iter().map(provider_json).collect::<Vec<_>>() })))
}

async fn put_provider(
    State(app): State<App>,
    desk: Desk,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Value>> {
    let asked: AskedProvider = crate::body::json(&headers, body).await?;
    let provider = at(&app, desk, move |server, caller, now, rng| {
        let new = NewProvider {
            name: &name,
            issuer: &asked.issuer,
            client_id: &asked.client_id,
            client_secret: asked.client_secret.as_deref(),
            claim: asked.claim.as_deref().unwrap_or("email"),
            field: asked.field.as_deref().unwrap_or("email"),
            algorithms: asked.algorithms.unwrap_or_else(|| BTreeSet::from(["RS256".to_owned()])),
            active: asked.active.unwrap_or(true),
        };
        server.put_provider(caller, &new, now, rng)
    });
    Ok(Json(provider_json(&provider.await?)))
}

async fn remove_provider(State(app): State<App>, desk: Desk, Path(name): Path<String>) -> Answer<StatusCode> {
    at(&app, desk, move |server, caller, now, rng| server.remove_provider(caller, &name, now, rng)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A provider as its administrators read it, without its secret.
pub fn provider_json(provider: &Provider) -> Value {
    json!({
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "claim": provider.claim,
        "field": provider.field,
        "algorithms": provider.algorithms,
        "active": provider.active,
    })
}
