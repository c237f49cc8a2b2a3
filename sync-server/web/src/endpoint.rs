//! One list of everything this server answers. The router and `/openapi.json` are both made from it, so a path cannot be
//! served without being described.

use axum::Router;
use axum::routing::MethodRouter;

use crate::App;

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// A person's or integration's token, or a user name and password.
    Person,
    /// A device's token.
    Device,
    /// Any of these but nobody.
    Signed,
}

/// What a body is, as `/openapi.json` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// There is none.
    Empty,
    /// JSON of the named schema.
    Json(&'static str),
    /// A form of the named schema.
    Form(&'static str),
    /// A SCIM message of the named schema.
    Scim(&'static str),
    /// A page for a browser.
    Page,
    /// JSON of the record of the table in the path.
    Record,
    /// A page of records of the table in the path.
    Listed,
    /// The Table API's envelope around one record.
    Result,
    /// The Table API's envelope around many records.
    Results,
    /// The Table API's envelope around figures.
    Stats,
    /// A sync frame.
    Frame,
    /// A mail as it came.
    Mail,
    /// A sealed envelope.
    Envelope,
    /// A file.
    Bytes,
    /// A form with a file.
    Multipart,
    /// A SOAP or JSONv2 message.
    Message,
    /// Records as a file, or what answers a message.
    Processed,
    /// Plain text.
    Text,
    /// A document people read and write on.
    Markdown,
    /// Server-sent events.
    Events,
}

/// One method of one path.
pub struct Endpoint {
    /// In lower case, as OpenAPI writes it.
    pub method: &'static str,
    /// With `{parameters}`.
    pub path: String,
    /// One sentence.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it reads.
    pub request: Content,
    /// The status of success.
    pub status: u16,
    /// What it answers with it.
    pub answer: Content,
    /// What it does.
    pub handler: MethodRouter<App>,
}

/// An endpoint for people and integrations.
pub fn endpoint(
    method: &'static str,
    path: impl Into<String>,
    summary: &'static str,
    request: Content,
    (status, answer): (u16, Content),
    handler: MethodRouter<App>,
) -> Endpoint {
    Endpoint { method, path: path.into(), summary, access: Access::Person, request, status, answer, handler }
}

/// Endpoints whose paths go on from a base.
pub fn under(base: &str, endpoints: &[Endpoint]) -> Vec<Endpoint> {
    let there = |endpoint: &Endpoint| Endpoint {
        path: format!("{base}{}", endpoint.path),
        handler: endpoint.handler.clone(),
        ..*endpoint
    };
    endpoints.iter().map(there).collect()
}

/// Endpoints at a base with and without a version; `{v}` stands where it goes.
pub fn versioned(base: &str, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    ["", "v1/"].into_iter().flat_map(|version| under(&base.replace("{v}", version), &endpoints)).collect()
}

/// The router over a list of endpoints.
pub fn route(endpoints: Vec<Endpoint>) -> Router<App> {
    endpoints.into_iter().fold(Router::new(), |router, endpoint| router.route(&endpoint.path, endpoint.handler))
}
