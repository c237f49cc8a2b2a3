//! Signing in through an outside provider: the browser goes there and comes back, this server asks for the rest itself.
//!
//! A sign-in belongs to the browser that began it: a cookie that outlives nothing, whose hash is kept beside the state. What
//! comes back is taken once, from that browser, from that provider.

mod provider;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_service::identity::AuthorizeError;
use fieldline_service::identity::oidc::{IdTokenError, OidcError, Returned, Then};
use fieldline_storage::{Account, Provider};

use crate::App;
use crate::caller::{blocking, blocking_as};
use crate::edge::Visitor;
use crate::endpoint::{Access, Content, Endpoint};
use crate::links::Origin;
use crate::oauth::{Form, cookie, fresh, is_encrypted, message, went_through};
use crate::refusal::Refusal;
use crate::session::session_json;
use provider::Metadata;
pub use provider::Providers;

const CALLBACK: &str = "/oidc/callback";
const COOKIE: &str = "fieldline_sign_in";
/// The prefix makes browsers refuse it from anybody but this host over HTTPS.
const COOKIE_ENCRYPTED: &str = "__Host-fieldline_sign_in";
/// How long the browser keeps it: a little longer than a sign-in may take.
const COOKIE_SECONDS: u32 = 900;
/// Sign-ins one address may begin in a minute.
const BEGINNINGS_PER_MINUTE: u32 = 60;

pub fn endpoints() -> Vec<Endpoint> {
    let page = |path: &str, summary, status, answer, handler| Endpoint {
        method: "get",
        path: path.to_owned(),
        summary,
        access: Access::Open,
        request: Content::Empty,
        status,
        answer,
        handler,
    };
    let session = Content::Json("Session");
    vec![
        page("/oidc/start", "Sends the browser to the provider named in the query", 303, Content::Empty, get(start)),
        page(CALLBACK, "Takes the browser back from its provider and answers a session", 200, session, get(callback)),
    ]
}

/// Why somebody was not signed in.
#[derive(Debug)]
pub enum Refused {
    /// The provider cannot be used.
    Provider(&'static str),
    /// What came back is not believed.
    Answer(&'static str),
    /// The service says why.
    Service(OidcError),
    /// One address begins too often.
    TooMany,
}

impl From<OidcError> for Refused {
    fn from(error: OidcError) -> Self {
        Self::Service(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Provider(why) => (StatusCode::BAD_GATEWAY, format!("The provider cannot be used: {why}.")),
            Self::Answer(why) => (StatusCode::UNAUTHORIZED, format!("The provider's answer is refused: {why}.")),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many sign-ins from here; wait a minute.".into()),
            Self::Service(OidcError::Service(error)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Refusal::from(error).to_string())
            }
            Self::Service(error @ OidcError::Provider) => (StatusCode::NOT_FOUND, error.to_string()),
            Self::Service(error) => (StatusCode::UNAUTHORIZED, error.to_string()),
        };
        tracing::info!(status = status.as_u16(), reason = text, "a sign-in through a provider was refused");
        message(status, "You are not signed in", &text)
    }
}

async fn start(State(app): State<App>, visitor: Visitor, headers: HeaderMap, uri: Uri) -> Result<Response, Refused> {
    let form = query(&uri)?;
    let name = form.get("provider").unwrap_or_default().to_owned();
    begin(&app, visitor, &headers, name, Then::Session).await
}

/// Sends a browser to a provider.
///
/// # Errors
/// When there is no such provider, or it cannot be used.
pub async fn begin(
    app: &App,
    visitor: Visitor,
    headers: &HeaderMap,
    name: String,
    then: Then,
) -> Result<Response, Refused> {
    if !app.beginnings.lets(visitor, BEGINNINGS_PER_MINUTE, app.clock.now()) {
        return Err(Refused::TooMany);
    }
    let provider = blocking_as(app, move |server, _, _| server.provider(&name)).await?;
    let metadata = app.providers.metadata(&provider, app.clock.now()).await?;
    let name = cookie_name(headers);
    let browser = cookie(headers, name).filter(|value| value.len() == 32).unwrap_or_else(|| fresh(app.entropy.clone()));
    let (secret, asked) = (browser.clone(), provider.clone());
    let begun = blocking_as(app, move |server, now, rng| server.begin_sign_in(&asked, &secret, then, now, rng)).await?;
    let digest = ring::digest::digest(&ring::digest::SHA256, begun.verifier.as_bytes());
    let mut address = metadata.authorization_endpoint.clone();
    address.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("scope", "openid email profile"),
        ("client_id", &provider.client_id),
        ("redirect_uri", &Origin::of(headers).at(CALLBACK)),
        ("state", &begun.state),
        ("nonce", &begun.nonce),
        ("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(digest)),
        ("code_challenge_method", "S256"),
    ]);
    let secure = if name == COOKIE_ENCRYPTED { "; Secure" } else { "" };
    // Lax: the browser comes back from another site.
    let kept = format!("{name}={browser}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    let (location, kept) = (HeaderValue::try_from(address.as_str()), HeaderValue::try_from(kept));
    let (Ok(location), Ok(kept)) = (location, kept) else {
        return Err(Refused::Provider("its address cannot be a header"));
    };
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::SET_COOKIE, kept)]).into_response())
}

async fn callback(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Result<Response, Refused> {
    let form = query(&uri)?;
    let state = form.get("state").ok_or(Refused::Answer("it carries no state"))?.to_owned();
    let browser = cookie(&headers, cookie_name(&headers)).unwrap_or_default();
    let returned = blocking_as(&app, move |server, now, rng| server.returned(&state, &browser, now, rng)).await?;
    let metadata = app.providers.metadata(&returned.provider, app.clock.now()).await?;
    let code = code_of(&form, &returned.provider, &metadata)?;
    let redirect_uri = Origin::of(&headers).at(CALLBACK);
    let exchanged = app.providers.exchange(&returned.provider, &metadata, code, &returned.verifier, &redirect_uri);
    let tokens = exchanged.await?;
    let account = match person(&app, &returned, &metadata, &tokens, false).await {
        Err(Refused::Service(OidcError::Token(IdTokenError::UnknownKey))) => {
            person(&app, &returned, &metadata, &tokens, true).await?
        }
        done => done?,
    };
    go_on(&app, &headers, returned.then, account).await
}

/// The code of an answer that is this provider's (RFC 9207 guards against another's).
fn code_of<'a>(form: &'a Form, provider: &Provider, metadata: &Metadata) -> Result<&'a str, Refused> {
    match form.get("iss") {
        Some(issuer) if issuer != provider.issuer => return Err(Refused::Answer("another provider sent it")),
        None if metadata.names_itself => return Err(Refused::Answer("it does not say which provider sent it")),
        _ => {}
    }
    if form.get("error").is_some() {
        return Err(Refused::Answer("the provider did not sign you in"));
    }
    form.get("code").ok_or(Refused::Answer("it carries no code"))
}

async fn person(
    app: &App,
    returned: &Returned,
    metadata: &Metadata,
    tokens: &provider::Tokens,
    looked: bool,
) -> Result<Account, Refused> {
    let keys = app.providers.keys(&returned.provider, metadata, looked, app.clock.now()).await?;
    let (returned, id_token, access_token) = (returned.clone(), tokens.id_token.clone(), tokens.access_token.clone());
    let judged = blocking_as(app, move |server, now, rng| {
        server.person_of(&returned, &id_token, access_token.as_deref(), &keys, now, rng)
    });
    Ok(judged.await?)
}

async fn go_on(app: &App, headers: &HeaderMap, then: Then, account: Account) -> Result<Response, Refused> {
    match then {
        Then::Session => {
            let opened = blocking(app, move |server, now, rng| server.session_of(&account, now, rng)).await;
            let session = opened.map_err(|_| Refused::Provider("this server could not open a session"))?;
            Ok(Json(session_json(&session)).into_response())
        }
        Then::Authorize(asked) => {
            let request = asked.clone();
            let coded = blocking_as(app, move |server, now, rng| server.authorize(&request, account.user, now, rng));
            coded.await.map(|(address, code)| went_through(headers, &asked, &address, &code)).map_err(|error| {
                match error {
                    AuthorizeError::Service(error) => Refused::Service(error.into()),
                    AuthorizeError::Stay(_) | AuthorizeError::Tell { .. } => {
                        Refused::Answer("the program you came from is no longer known here")
                    }
                }
            })
        }
    }
}

fn query(uri: &Uri) -> Result<Form, Refused> {
    Form::parse(uri.query().unwrap_or_default().as_bytes()).map_err(|_| Refused::Answer("it says something twice"))
}

fn cookie_name(headers: &HeaderMap) -> &'static str {
    if is_encrypted(headers) { COOKIE_ENCRYPTED } else { COOKIE }
}
