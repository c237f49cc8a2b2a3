//! What phones in the depot's own network ask a kiosk: to carry an envelope, and whether there is one for them. Nobody has to
//! say who they are, because nothing here can be read or believed without the key it was sealed with.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fieldline_depot::{DepotError, HandedIn, Kiosk};
use fieldline_model::DeviceId;
use fieldline_sync::caps::MAX_ENVELOPE_BYTES;
use fieldline_sync::relay::{Envelope, MEDIA_TYPE};
use serde_json::json;

/// What phones in the depot's network ask a kiosk.
pub fn router(kiosk: Arc<Kiosk>) -> Router {
    Router::new()
        .route("/api/v1/relay", post(hand_in))
        .route("/api/v1/relay/{device}", get(collect))
        .layer(DefaultBodyLimit::max(MAX_ENVELOPE_BYTES))
        .with_state(kiosk)
}

async fn hand_in(State(kiosk): State<Arc<Kiosk>>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.get(header::CONTENT_TYPE).is_none_or(|given| given != MEDIA_TYPE) {
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, &format!("send the body as Content-Type: {MEDIA_TYPE}"));
    }
    let request = match Envelope::decode(&body) {
        Ok(request) => request,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match kiosk.hand_in(request).await {
        Ok(HandedIn::Answered(answer)) => sealed(StatusCode::OK, answer.encode()),
        Ok(HandedIn::Dropped) => problem(
            StatusCode::BAD_REQUEST,
            "the server takes nothing from this device through a kiosk; enrol the device again, then come back",
        ),
        Ok(HandedIn::Held) => sealed(StatusCode::ACCEPTED, Vec::new()),
        Err(error) => failed(&error),
    }
}

async fn collect(State(kiosk): State<Arc<Kiosk>>, Path(device): Path<String>) -> Response {
    let Ok(device) = device.parse::<DeviceId>() else {
        return problem(StatusCode::NOT_FOUND, "ask for a device by its id, 32 hexadecimal digits");
    };
    match kiosk.answer(device).await {
        Ok(Some(answer)) => sealed(StatusCode::OK, answer.encode()),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed(&error),
    }
}

fn sealed(status: StatusCode, envelope: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], envelope).into_response()
}

fn failed(error: &DepotError) -> Response {
    if let DepotError::Disk(cause) = error {
        tracing::error!(%cause, "the kiosk's disk failed");
    }
    problem(StatusCode::INSUFFICIENT_STORAGE, &error.to_string())
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({ "type": "urn:fieldline:problem:kiosk", "status": status.as_u16(), "detail": detail });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}
