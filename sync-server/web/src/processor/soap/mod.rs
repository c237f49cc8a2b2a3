//! SOAP: a message names an operation on the table in the address, and is answered with a message or a fault.
//!
//! Document/literal SOAP 1.1. `operations.rs` does what is asked, `wsdl.rs` describes it. A fault comes under status 500, as SOAP
//! 1.1 (6.2) and the WS-I Basic Profile (R1126) want it: generated clients read faults under no other. Whoever asks needs the
//! roles of SOAP beside those of the table. What it leaves out: WS-Security, whose headers are refused if they must be
//! understood, and the aggregate `LAST`.
//!
//! Source: ServiceNow "SOAP web service", "Direct web services"; SOAP 1.1 (W3C Note of 8 May 2000).

mod operations;
mod wsdl;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_service::{Caller, import_sets};

use super::{Errand, with_body};
use crate::App;
use crate::body::{JSON_BODY_BYTES, read};
use crate::caller::blocking;
use crate::refusal::{Failure, Refusal};
use crate::xml::{self, Element, Writing};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// What every table's namespace begins with; older clients use it alone.
const NAMESPACE: &str = "http://www.service-now.com";
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");

/// The namespace of a table's messages.
fn namespace_of(table: &str) -> String {
    format!("{NAMESPACE}/{table}")
}

/// Refuses whoever has no role for a use of SOAP (ServiceNow "SOAP roles").
fn check_role(caller: &Caller, word: &str) -> Result<(), Refusal> {
    let roles = ["soap".to_owned(), format!("soap_{word}")];
    let why = || Refusal::Forbidden(format!("this needs one of the roles {}; ask an administrator", roles.join(", ")));
    if caller.may(&roles) { Ok(()) } else { Err(why()) }
}

/// The description of a table's operations.
///
/// # Errors
/// When there is no such table, or the caller may not use SOAP.
pub async fn describe(app: &App, errand: Errand) -> Result<Response, Refusal> {
    let document = blocking(app, move |server, now, rng| {
        check_role(&errand.caller, "query")?;
        server.read(&errand.caller, now, rng, |call| wsdl::document(&errand, call))
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], document).into_response())
}

/// Why a message is answered with a fault.
enum Fault {
    Refused(Refusal),
    /// The envelope is of another version of SOAP.
    Version,
    /// A header that must be understood is not.
    NotUnderstood(String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Does what a message asks.
pub async fn answer(app: &App, errand: Errand, body: Body) -> Response {
    match done(app, errand, body).await {
        Ok(document) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], document).into_response(),
        Err(fault) => fault.into_response(),
    }
}

async fn done(app: &App, errand: Errand, body: Body) -> Result<Vec<u8>, Fault> {
    let bytes = read(&errand.headers, body, JSON_BODY_BYTES).await?;
    let operation = operation(&bytes)?;
    let answered = blocking(app, move |server, now, rng| {
        let staging = server.read(&errand.caller, now, rng, |call| import_sets::is_staging(call, &errand.table))?;
        if !staging && server.dictionary().table(&errand.table).is_none() {
            return Err(errand.unknown_table());
        }
        operations::answered(&errand, &operation, staging, server, now, rng)
    });
    Ok(answered.await?)
}

/// The operation in an envelope.
fn operation(bytes: &[u8]) -> Result<Element, Fault> {
    let envelope = xml::read(bytes)?;
    if envelope.name != "Envelope" || envelope.namespace != ENVELOPE {
        return Err(Fault::Version);
    }
    let is_must = |block: &&Element| matches!(block.attribute("mustUnderstand"), Some("1" | "true"));
    if let Some(block) = envelope.child("Header").and_then(|header| header.children.iter().find(is_must)) {
        return Err(Fault::NotUnderstood(block.name.clone()));
    }
    let body = envelope.children.into_iter().find(|child| child.name == "Body");
    let operation = body.and_then(|body| body.children.into_iter().next());
    operation.ok_or_else(|| Refusal::Malformed("the envelope has no operation in its Body".into()).into())
}

/// An envelope around what `inside` writes.
fn enveloped<T>(namespace: &str, inside: impl FnOnce(&mut Writing) -> T) -> (Vec<u8>, Option<T>) {
    let (mut writing, mut done) = (Writing::new(), None);
    let namespaces = [("xmlns:soap", ENVELOPE), ("xmlns:tns", namespace)];
    writing.element("soap:Envelope", &namespaces, |writing| {
        writing.within("soap:Body", |writing| done = Some(inside(writing)));
    });
    (writing.done(), done)
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (code, text, response) = match self {
            Self::Refused(refusal) => {
                let is_ours = refusal.status().is_server_error();
                let text = refusal.to_string();
                (if is_ours { "soap:Server" } else { "soap:Client" }, text, Failure(refusal).into_response())
            }
            Self::Version => {
                let text = format!("the root must be an Envelope of {ENVELOPE}: this server speaks SOAP 1.1");
                ("soap:VersionMismatch", text, StatusCode::OK.into_response())
            }
            Self::NotUnderstood(block) => {
                let text = format!("{block}: this server does not understand the header; leave it out");
                ("soap:MustUnderstand", text, StatusCode::OK.into_response())
            }
        };
        let status = response.status();
        let (document, _) = enveloped(NAMESPACE, |writing| {
            writing.within("soap:Fault", |writing| {
                writing.leaf("faultcode", code);
                writing.leaf("faultstring", &text);
                if status.is_client_error() {
                    writing.within("detail", |writing| writing.leaf("tns:status", status.as_str()));
                }
            });
        });
        let mut response = with_body(response, MEDIA_TYPE, document);
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }
}
