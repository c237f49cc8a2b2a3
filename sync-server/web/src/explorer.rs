//! A page that shows what this server answers, and the fields of every table: what `/openapi.json` says, for people. Without scripts.

use std::fmt::Write;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldline_model::{Dictionary, Field, Table};
use serde::Deserialize;

use crate::App;
use crate::endpoint::{Access, Content, Endpoint};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}\
code{font-size:.95em}";
/// The page may hold this style and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        method: "get",
        path: "/explorer".to_owned(),
        summary: "Shows what this server answers, and the fields of each table",
        access: Access::Open,
        request: Content::Empty,
        status: 200,
        answer: Content::Page,
        handler: get(page),
    }]
}

#[derive(Deserialize)]
struct Asked {
    /// The table whose fields are shown.
    table: Option<String>,
}

async fn page(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    let dictionary = app.server.dictionary();
    let shown = asked.table.as_deref().and_then(|table| dictionary.table(table));
    let body = shown.map_or_else(|| overview(&dictionary), fields);
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Fieldline</title><style>{STYLE}</style><body>{body}</body></html>"
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, html).into_response()
}

fn overview(dictionary: &Dictionary) -> String {
    let mut html = String::from(
        "<h1>What this server answers</h1><p>For programs: <a href=/openapi.json>/openapi.json</a> (OpenAPI 3.1).</p><table>",
    );
    for endpoint in crate::endpoints() {
        let (method, path) = (endpoint.method.to_uppercase(), escaped(&endpoint.path));
        let summary = escaped(endpoint.summary);
        let _ = write!(html, "<tr><td><code>{method}</code><td><code>{path}</code><td>{summary}");
    }
    html += "</table><h2>Tables</h2><table>";
    for table in dictionary.tables() {
        let (name, label) = (escaped(table.name.as_str()), escaped(&table.label));
        let extends =
            table.extends.as_ref().map_or_else(String::new, |parent| format!("extends {}", escaped(parent.as_str())));
        let _ =
            write!(html, "<tr><td><a href=\"/explorer?table={name}\"><code>{name}</code></a><td>{label}<td>{extends}");
    }
    html + "</table>"
}

fn fields(table: &Table) -> String {
    let (name, label) = (escaped(table.name.as_str()), escaped(&table.label));
    let mut html = format!(
        "<p><a href=/explorer>All tables</a><h1>{label}</h1><p><code>/api/now/table/{name}</code><table>\
         <tr><th>Field<th>Label<th>Holds<th>"
    );
    for field in &table.fields {
        let (name, label) = (escaped(field.name.as_str()), escaped(&field.label));
        let _ = write!(html, "<tr><td><code>{name}</code><td>{label}<td>{}<td>{}", holds(field), notes(field));
    }
    html + "</table>"
}

fn holds(field: &Field) -> String {
    let kind = format!("{:?}", field.field_type);
    match &field.reference {
        Some(table) => {
            format!("{kind} to <a href=\"/explorer?table={0}\"><code>{0}</code></a>", escaped(table.as_str()))
        }
        None => kind,
    }
}

fn notes(field: &Field) -> String {
    let choices = field.choices.iter().map(|choice| format!("{} = {}", escaped(&choice.value), escaped(&choice.label)));
    let mandatory = field.mandatory.then(|| "must not be empty".to_owned());
    mandatory.into_iter().chain(choices).collect::<Vec<_>>().join(", ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
