//! The page a person opens for a device without a keyboard (RFC 8628, section 3.3): the code, what it is for, a sign-in.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use fieldline_model::Timestamp;
use fieldline_service::identity::OauthError;
use fieldline_service::{AccountError, Server, SignIn};

use super::authorize::buttons;
use super::form::Form;
use super::page::{NAME_AND_PASSWORD, Question, ask, escaped, is_asked, message, not_asked};
use crate::caller::{blocking_as, password_slot};
use crate::edge::Visitor;
use crate::refusal::Refusal;
use crate::{App, Entropy};

/// Where the page is.
pub const PATH: &str = "/oauth2/device";

/// Asks for the code.
pub async fn show(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let form = Form::parse(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    ask_code(&app, &headers, StatusCode::OK, form.get("user_code").unwrap_or_default(), None)
}

/// How far a person has come.
enum Step {
    /// The code is known: which client it is for, and what was wrong with the sign-in.
    Confirm { client: String, wrong: Option<(StatusCode, String)> },
    /// It is done.
    Decided { allowed: bool },
}

/// Reads the page's form: first the code alone, then the decision.
pub async fn decide(State(app): State<App>, visitor: Visitor, headers: HeaderMap, body: Body) -> Response {
    let Ok(form) = Form::read(&headers, body).await else { return not_asked() };
    if !is_asked(&headers, &form) {
        return not_asked();
    }
    let user_code = form.get("user_code").unwrap_or_default().to_owned();
    let _slot = password_slot(&app).await;
    let step = blocking_as(&app, move |server, now, rng| step(server, &form, visitor, now, rng)).await;
    match step {
        Ok(Step::Confirm { client, wrong }) => confirm(&app, &headers, &user_code, &client, wrong),
        Ok(Step::Decided { allowed: true }) => {
            message(StatusCode::OK, "Done", "The device may act as you. You can close this page and go on there.")
        }
        Ok(Step::Decided { allowed: false }) => message(StatusCode::OK, "Refused", "The device was given nothing."),
        Err(OauthError::Service(error)) => {
            let refusal: Refusal = error.into();
            message(StatusCode::INTERNAL_SERVER_ERROR, "The server failed", &refusal.to_string())
        }
        Err(error @ OauthError::Locked { .. }) => {
            ask_code(&app, &headers, StatusCode::TOO_MANY_REQUESTS, &user_code, Some(error.to_string()))
        }
        Err(_) => {
            let wrong = "No device shows this code, or no longer. Look again, or let the device show a new one.";
            ask_code(&app, &headers, StatusCode::BAD_REQUEST, &user_code, Some(wrong.to_owned()))
        }
    }
}

fn step(server: &Server, form: &Form, visitor: Visitor, now: Timestamp, rng: &mut Entropy) -> Result<Step, OauthError> {
    let user_code = form.get("user_code").unwrap_or_default();
    let client = server.client_of_code(user_code, visitor.0, now, rng)?;
    match form.get("decision") {
        Some("allow") => {}
        Some(_) => {
            server.decide_device(user_code, None, now, rng)?;
            return Ok(Step::Decided { allowed: false });
        }
        None => return Ok(Step::Confirm { client, wrong: None }),
    }
    let (user_name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    match server.check_password(SignIn { user_name, password, address: visitor.0 }, now, rng) {
        Ok(account) => {
            server.decide_device(user_code, Some(account.user), now, rng)?;
            Ok(Step::Decided { allowed: true })
        }
        Err(AccountError::Service(error)) => Err(error.into()),
        Err(error) => {
            let locked = matches!(error, AccountError::Locked { .. });
            let status = if locked { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
            Ok(Step::Confirm { client, wrong: Some((status, error.to_string())) })
        }
    }
}

fn ask_code(app: &App, headers: &HeaderMap, status: StatusCode, user_code: &str, wrong: Option<String>) -> Response {
    let fields = format!(
        "<label>Code<input name=\"user_code\" value=\"{}\" autocomplete=\"off\" autocapitalize=\"characters\"></label>\
         <button>Go on</button>",
        escaped(user_code)
    );
    let text = "Type the code your device shows.".to_owned();
    ask(app, headers, status, &Question { title: "A device", text, wrong, action: PATH, hidden: Vec::new(), fields })
}

fn confirm(
    app: &App,
    headers: &HeaderMap,
    user_code: &str,
    client: &str,
    wrong: Option<(StatusCode, String)>,
) -> Response {
    let (status, wrong) = wrong.map_or((StatusCode::OK, None), |(status, wrong)| (status, Some(wrong)));
    let text = format!(
        "{client} on another device asks to act as you. Allow it only if the device in front of you shows the code {user_code}."
    );
    ask(
        app,
        headers,
        status,
        &Question {
            title: "A device asks",
            text,
            wrong,
            action: PATH,
            hidden: vec![("user_code", user_code.to_owned())],
            fields: format!("{NAME_AND_PASSWORD}{}", buttons(client)),
        },
    )
}
