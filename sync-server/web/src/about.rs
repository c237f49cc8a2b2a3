//! What the server says about itself: whether it lives, what it counts, what it answers.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldline_model::Dictionary;
use serde_json::{Value, json};

use crate::App;
use crate::caller::blocking;
use crate::endpoint::{Access, Content, Endpoint};
use crate::openapi;
use crate::refusal::Problem;

pub fn endpoints() -> Vec<Endpoint> {
    let open = |path: &str, summary, answer, handler| Endpoint {
        method: "get",
        path: path.to_owned(),
        summary,
        access: Access::Open,
        request: Content::Empty,
        status: 200,
        answer,
        handler,
    };
    vec![
        open("/healthz", "Whether the server and its database answer", Content::Json("Health"), get(health)),
        open("/metrics", "Counters in the Prometheus text format", Content::Text, get(metrics)),
        open("/openapi.json", "This description", Content::Json("Description"), get(description)),
    ]
}

pub fn schemas() -> Value {
    json!({
        "Health": { "type": "object", "properties": { "status": { "const": "ok" } } },
        "Description": { "type": "object", "description": "An OpenAPI 3.1 document" },
    })
}

/// Healthy means that the database answers a question, not only that a socket is open.
async fn health(State(app): State<App>) -> Result<Json<Value>, Problem> {
    head(&app).await?;
    Ok(Json(json!({ "status": "ok" })))
}

async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let position = head(&app).await?;
    let mut text = app.metrics.to_prometheus(position);
    for (name, count) in app.server.metrics.all() {
        text += &format!("# TYPE fieldline_{name}_total counter\nfieldline_{name}_total {count}\n");
    }
    text += &format!("# TYPE fieldline_listeners gauge\nfieldline_listeners {}\n", app.live.count());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

async fn head(app: &App) -> Result<u64, Problem> {
    Ok(blocking(app, |server, _, _| server.storage().read()?.head()).await?)
}

async fn description(State(app): State<App>) -> Response {
    let text = app.description.of(&app.server.dictionary());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str().to_owned()).into_response()
}

/// The OpenAPI description of the dictionary in force, written out once for each.
#[derive(Default)]
pub struct Description(Mutex<Option<(u64, Arc<String>)>>);

impl Description {
    /// The text for a dictionary.
    fn of(&self, dictionary: &Dictionary) -> Arc<String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.as_ref().filter(|(fingerprint, _)| *fingerprint == dictionary.fingerprint());
        if let Some((_, text)) = known {
            return text.clone();
        }
        let text = Arc::new(openapi::document(&crate::endpoints(), dictionary).to_string());
        *kept = Some((dictionary.fingerprint(), text.clone()));
        text
    }
}
