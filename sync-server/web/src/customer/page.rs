//! A customer's visit as a page: readable without script, on any screen, and aloud.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use fieldline_model::Timestamp;
use fieldline_service::appointments::{Answer, Offered};
use fieldline_service::customer_links::sign;
use fieldline_service::customer_links::visit::{self, Standing, Visit};
use fieldline_service::customer_links::{Opened, Purpose};
use fieldline_service::{Call, TableError};

use super::DAYS_SHOWN;
use super::json::{does, looks, word};
use crate::App;
use crate::edge::Visitor;
use crate::given;
use crate::oauth::form::Form;
use crate::oauth::page::{escaped, message, page};
use crate::refusal::Refusal;

/// Nothing is loaded, and forms go to this server only.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The most windows on a page.
const MOST_WINDOWS: usize = 40;

pub async fn show(State(app): State<App>, visitor: Visitor, Path(token): Path<String>) -> Response {
    shown(&app, visitor, token, None).await
}

pub async fn book(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    posted(app, visitor, token, read(&headers, body), |form| {
        let start = given::moment("start", form.get("start").unwrap_or_default())?;
        Ok(move |call: &mut Call<'_>, opened: &Opened| Ok(said(opened.book(call, start)?)))
    })
    .await
}

pub async fn cancel(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    posted(app, visitor, token, read(&headers, body), |form| {
        let reason = form.get("reason").unwrap_or_default().to_owned();
        Ok(move |call: &mut Call<'_>, opened: &Opened| Ok(said(opened.cancel(call, &reason)?)))
    })
    .await
}

pub async fn sign(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    posted(app, visitor, token, read(&headers, body), |form| {
        let name = form.get("name").unwrap_or_default().to_owned();
        let word = word(form.get("decision").unwrap_or_default(), form.get("reason").unwrap_or_default().to_owned())?;
        Ok(move |call: &mut Call<'_>, opened: &Opened| sign::sign(call, opened, &name, &word).map(|_| None))
    })
    .await
}

/// Does what a form asks, and shows the visit as it is then, or why nothing was changed.
async fn posted<W>(
    app: App,
    visitor: Visitor,
    token: String,
    form: impl Future<Output = Result<Form, Refusal>>,
    asks: impl FnOnce(&Form) -> Result<W, Refusal>,
) -> Response
where
    W: FnOnce(&mut Call<'_>, &Opened) -> Result<Option<String>, TableError> + Send + 'static,
{
    let work = async { does(&app, visitor, token.clone(), asks(&form.await?)?).await };
    let told = work.await;
    answered(&app, visitor, token, told).await
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Form, Refusal> {
    Form::read(headers, body).await.map_err(|problem| Refusal::Malformed(problem.to_string()))
}

/// Why nothing was changed, if nothing was.
fn said(answer: Answer) -> Option<String> {
    match answer {
        Answer::Done(_) => None,
        Answer::TooLate(way_out) => Some(way_out),
    }
}

async fn answered(app: &App, visitor: Visitor, token: String, told: Result<Option<String>, Refusal>) -> Response {
    match told {
        Ok(told) => shown(app, visitor, token, told).await,
        Err(Refusal::NotFound(_)) => gone(),
        Err(refusal @ (Refusal::TooMany(_) | Refusal::Broken)) => {
            strict(message(refusal.status(), "Please wait", &refusal.to_string()))
        }
        Err(refusal) => shown(app, visitor, token, Some(refusal.to_string())).await,
    }
}

fn gone() -> Response {
    let text = "It has expired, or was taken back. Ask us for another one.";
    strict(message(StatusCode::NOT_FOUND, "This link does not work", text))
}

/// The page of a visit; `wrong` is what the customer reads first.
async fn shown(app: &App, visitor: Visitor, token: String, wrong: Option<String>) -> Response {
    let base = format!("/c/{token}");
    let found = looks(app, visitor, token, |call, opened| {
        let visit = visit::visit(call, opened)?;
        let is_open = !matches!(visit.standing, Standing::Done | Standing::ComesAgain | Standing::Cancelled);
        let windows = match opened.purpose() == Purpose::Book && is_open {
            true => Some(opened.windows(call, call.now, DAYS_SHOWN).map_err(|problem| problem.to_string())),
            false => None,
        };
        Ok((visit, windows))
    });
    match found.await {
        Ok((visit, windows)) => {
            let status = if wrong.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
            strict(page(status, &format!("Your visit {}", visit.number), &body(&visit, windows, wrong, &base)))
        }
        Err(Refusal::NotFound(_)) => gone(),
        Err(refusal) => strict(message(refusal.status(), "Please try again", &refusal.to_string())),
    }
}

fn strict(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn body(visit: &Visit, windows: Option<Result<Offered, String>>, wrong: Option<String>, base: &str) -> String {
    let mut html = String::new();
    if let Some(wrong) = wrong {
        html.push_str(&format!("<p class=\"wrong\" role=\"alert\">{}</p>", escaped(&wrong)));
    }
    html.push_str(&format!("<p role=\"status\"><strong>{}</strong></p><dl>", visit.standing.words()));
    let mut line = |name: &str, text: &str| {
        html.push_str(&format!("<dt>{name}</dt><dd>{}</dd>", escaped(text)));
    };
    line("What", &visit.what);
    let clock = |at: Timestamp| visit.zone.shown(at)[..16].to_owned();
    if let Some(window) = visit.window {
        line("When", &format!("{} to {} ({})", clock(window.start), &clock(window.end)[11..], visit.time_zone));
    }
    if let Some(name) = &visit.technician {
        line("Who", name);
    }
    if let Some((at, said)) = visit.arrives {
        line("Arrives at about", &format!("{} ({}), as of {}", clock(at), visit.time_zone, clock(said)));
    }
    if let Some((name, at)) = &visit.signed {
        line("Signed by", &format!("{name}, {}", clock(*at)));
    }
    if let Some(reason) = &visit.refused {
        line("Not signed", reason);
    }
    html.push_str("</dl>");
    match (visit.purpose, windows) {
        (Purpose::Book, Some(windows)) => html.push_str(&booking(visit, windows, base)),
        (Purpose::Sign, _) if visit.signed.is_none() => html.push_str(&signing(base)),
        _ => {}
    }
    html
}

fn booking(visit: &Visit, windows: Result<Offered, String>, base: &str) -> String {
    let offered = match windows {
        Ok(offered) => offered,
        Err(problem) => return format!("<p>{}</p>", escaped(&problem)),
    };
    let clock = |at: Timestamp| visit.zone.shown(at)[..16].to_owned();
    let choice = |(number, window): (usize, &fieldline_service::appointments::Window)| {
        format!(
            "<label><input type=\"radio\" name=\"start\" value=\"{}\"{}>{} to {}</label>",
            window.start.to_rfc3339(),
            if number == 0 { " required" } else { "" },
            clock(window.start),
            &clock(window.end)[11..]
        )
    };
    let mut html = String::from("<h2>Choose a time</h2>");
    if offered.windows.is_empty() {
        let hours = offered.hours.map(|hours| format!(" We come within {hours}.")).unwrap_or_default();
        html.push_str(&format!("<p>There is no free window in the next days.{}</p>", escaped(&hours)));
    } else {
        let choices: String = offered.windows.iter().take(MOST_WINDOWS).enumerate().map(choice).collect();
        let word = if visit.window.is_some() { "Move the visit" } else { "Book" };
        html.push_str(&format!(
            "<form method=\"post\" action=\"{base}/book\"><fieldset><legend>Free windows ({})</legend>{choices}</fieldset>\
             <button>{word}</button></form>",
            escaped(&visit.time_zone)
        ));
    }
    if visit.window.is_some() {
        html.push_str(&format!(
            "<h2>Cancel</h2><form method=\"post\" action=\"{base}/cancel\">\
             <label>Reason<input name=\"reason\" maxlength=\"1000\"></label><button>Cancel the visit</button></form>"
        ));
    }
    html
}

fn signing(base: &str) -> String {
    format!(
        "<h2>Sign</h2><form method=\"post\" action=\"{base}/sign\">\
         <label>Your name<input name=\"name\" required maxlength=\"100\" autocomplete=\"name\"></label>\
         <label><input type=\"radio\" name=\"decision\" value=\"accept\" required>The work was done as it should be</label>\
         <label><input type=\"radio\" name=\"decision\" value=\"refuse\">I do not sign</label>\
         <label>Why not<input name=\"reason\" maxlength=\"1000\"></label><button>Send</button></form>"
    )
}
