//! The page a browser is sent to by a client: who asks, a sign-in, and back with a code.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use fieldline_model::Timestamp;
use fieldline_service::identity::oidc::Then;
use fieldline_service::identity::{Authorization, AuthorizeError};
use fieldline_service::{AccountError, Server, SignIn};
use fieldline_storage::Client;

use super::answer::redirect;
use super::form::Form;
use super::page::{NAME_AND_PASSWORD, Question, ask, escaped, is_asked, message, not_asked};
use crate::caller::{blocking_as, password_slot};
use crate::edge::Visitor;
use crate::links::Origin;
use crate::refusal::Refusal;
use crate::{App, Entropy, oidc};

/// Where the form goes.
const PATH: &str = "/oauth2/authorize";

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let asked = match Form::parse(uri.query().unwrap_or_default().as_bytes()) {
        Ok(form) => authorization(&form),
        Err(error) => return stay(&error.to_string()),
    };
    let checked = asked.clone();
    let known = blocking_as(&app, move |server, _, _| {
        let (client, _) = server.check_authorization(&checked)?;
        Ok::<_, AuthorizeError>(Asking { client, providers: names(server)? })
    });
    match known.await {
        Ok(asking) => question(&app, &headers, StatusCode::OK, &asked, &asking, None),
        Err(error) => told(&headers, &asked, error),
    }
}

/// Who asks, and who may say who the person is.
struct Asking {
    client: Client,
    providers: Vec<String>,
}

fn names(server: &Server) -> Result<Vec<String>, AuthorizeError> {
    let providers = server.storage().read()?.providers()?;
    Ok(providers.into_iter().filter(|provider| provider.active).map(|provider| provider.name).collect())
}

/// What a person decided.
enum Decided {
    /// Goes back with a code.
    Allowed { redirect_uri: String, code: String },
    /// Goes back without.
    Refused { redirect_uri: String },
    /// Is asked again.
    Again { asking: Asking, status: StatusCode, wrong: String },
}

/// How a decision to sign in elsewhere begins; the provider's name follows.
const ELSEWHERE: &str = "provider:";

/// Reads the page's form.
pub async fn decide(State(app): State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    let form = match Form::read(&headers, body).await {
        Ok(form) => form,
        Err(error) => return stay(&error.to_string()),
    };
    if !is_asked(&headers, &form) {
        return not_asked();
    }
    let asked = authorization(&form);
    if let Some(name) = form.get("decision").and_then(|decision| decision.strip_prefix(ELSEWHERE)) {
        let begun = oidc::begin(&app, visitor, &headers, name.to_owned(), Then::Authorize(asked)).await;
        return begun.unwrap_or_else(IntoResponse::into_response);
    }
    let _slot = password_slot(&app).await;
    let checked = asked.clone();
    let decided = blocking_as(&app, move |server, now, rng| decision(server, &checked, &form, visitor, now, rng)).await;
    let issuer = Origin::of(&headers).0;
    let state = asked.state.as_deref().unwrap_or_default();
    match decided {
        Ok(Decided::Allowed { redirect_uri, code }) => went_through(&headers, &asked, &redirect_uri, &code),
        Ok(Decided::Refused { redirect_uri }) => {
            redirect(&redirect_uri, &with_state(&[("error", "access_denied"), ("iss", issuer.as_str())], state))
        }
        Ok(Decided::Again { asking, status, wrong }) => question(&app, &headers, status, &asked, &asking, Some(wrong)),
        Err(error) => told(&headers, &asked, error),
    }
}

/// Sends the browser back to its client with a code.
pub fn went_through(headers: &HeaderMap, asked: &Authorization, redirect_uri: &str, code: &str) -> Response {
    let issuer = Origin::of(headers).0;
    let pairs = [("code", code), ("iss", issuer.as_str())];
    redirect(redirect_uri, &with_state(&pairs, asked.state.as_deref().unwrap_or_default()))
}

fn decision(
    server: &Server,
    asked: &Authorization,
    form: &Form,
    visitor: Visitor,
    now: Timestamp,
    rng: &mut Entropy,
) -> Result<Decided, AuthorizeError> {
    let (client, redirect_uri) = server.check_authorization(asked)?;
    if form.get("decision") != Some("allow") {
        return Ok(Decided::Refused { redirect_uri });
    }
    let (user_name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    match server.check_password(SignIn { user_name, password, address: visitor.0 }, now, rng) {
        Ok(account) => {
            let (redirect_uri, code) = server.authorize(asked, account.user, now, rng)?;
            Ok(Decided::Allowed { redirect_uri, code })
        }
        Err(AccountError::Service(error)) => Err(error.into()),
        Err(error) => {
            let locked = matches!(error, AccountError::Locked { .. });
            let status = if locked { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
            let asking = Asking { client, providers: names(server)? };
            Ok(Decided::Again { asking, status, wrong: error.to_string() })
        }
    }
}

fn question(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    asked: &Authorization,
    asking: &Asking,
    wrong: Option<String>,
) -> Response {
    let Asking { client, providers } = asking;
    let kept = [
        ("response_type", Some(&asked.response_type)),
        ("client_id", Some(&asked.client_id)),
        ("redirect_uri", asked.redirect_uri.as_ref()),
        ("state", asked.state.as_ref()),
        ("code_challenge", asked.code_challenge.as_ref()),
        ("code_challenge_method", asked.code_challenge_method.as_ref()),
    ];
    let hidden = kept.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))).collect();
    let text = format!("{} asks to act as you on {}. Sign in to allow it.", client.name, Origin::of(headers).0);
    ask(
        app,
        headers,
        status,
        &Question {
            title: "Sign in",
            text,
            wrong,
            action: PATH,
            hidden,
            fields: format!("{NAME_AND_PASSWORD}{}{}", buttons(&client.name), elsewhere(providers)),
        },
    )
}

/// Yes and no.
pub fn buttons(client: &str) -> String {
    let client = escaped(client);
    format!(
        "<button name=\"decision\" value=\"allow\">Sign in and allow {client}</button>\
         <button name=\"decision\" value=\"refuse\" formnovalidate>Refuse</button>"
    )
}

fn elsewhere(providers: &[String]) -> String {
    let button = |name: &String| {
        let name = escaped(name);
        format!(
            "<button name=\"decision\" value=\"{ELSEWHERE}{name}\" formnovalidate>Sign in with {name} and allow</button>"
        )
    };
    providers.iter().map(button).collect()
}

fn authorization(form: &Form) -> Authorization {
    let text = |name: &str| form.get(name).map(str::to_owned);
    Authorization {
        response_type: text("response_type").unwrap_or_default(),
        client_id: text("client_id").unwrap_or_default(),
        redirect_uri: text("redirect_uri"),
        state: text("state"),
        code_challenge: text("code_challenge"),
        code_challenge_method: text("code_challenge_method"),
    }
}

fn with_state<'a>(pairs: &[(&'a str, &'a str)], state: &'a str) -> Vec<(&'a str, &'a str)> {
    pairs.iter().copied().chain((!state.is_empty()).then_some(("state", state))).collect()
}

/// Tells the client where that is safe, else the person.
fn told(headers: &HeaderMap, asked: &Authorization, error: AuthorizeError) -> Response {
    match error {
        AuthorizeError::Stay(text) => stay(&text),
        AuthorizeError::Tell { redirect_uri, error, description } => {
            let issuer = Origin::of(headers).0;
            let pairs = [("error", error), ("error_description", description), ("iss", issuer.as_str())];
            redirect(&redirect_uri, &with_state(&pairs, asked.state.as_deref().unwrap_or_default()))
        }
        AuthorizeError::Service(error) => {
            let refusal: Refusal = error.into();
            message(StatusCode::INTERNAL_SERVER_ERROR, "The server failed", &refusal.to_string()).into_response()
        }
    }
}

fn stay(text: &str) -> Response {
    message(StatusCode::BAD_REQUEST, "This sign-in cannot go on", text)
}
