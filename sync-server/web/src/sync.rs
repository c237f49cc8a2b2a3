//! The one path devices talk to. The body is a frame; whatever is not a frame of a known version from an enrolled device is
//! refused before anything is recorded, with a problem document no device takes for an acknowledgement.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use fieldline_service::{Checked, SyncRefusal};
use fieldline_sync::caps::MAX_REQUEST_BYTES;
use fieldline_sync::frame::{self, FrameError, MEDIA_TYPE};
use fieldline_sync::wire;

use crate::App;
use crate::body::read_as;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Access, Content, Endpoint};
use crate::refusal::{Problem, Refusal};

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        method: "post",
        path: "/api/v1/sync".to_owned(),
        summary: "Takes a device's edits and answers receipts and what is new in its scope",
        access: Access::Device,
        request: Content::Frame,
        status: 200,
        answer: Content::Frame,
        handler: post(sync),
    }]
}

async fn sync(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = read_as(MEDIA_TYPE, &headers, body, MAX_REQUEST_BYTES).await?;
    let bytes_in = bytes.len();
    let checked = blocking(&app, move |server, _, _| server.check(&caller, &bytes)).await?;
    let answer = frame::encode_response(&answer(&app, checked).await?);
    app.metrics.synced(bytes_in, answer.len());
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], answer).into_response())
}

/// Who only asks is answered at once; who writes waits for a turn.
pub async fn answer(app: &App, checked: Checked) -> Result<wire::Response, Refusal> {
    if checked.writes() {
        return app.admission.answer(checked).await;
    }
    blocking(app, move |server, now, rng| server.answer_checked(&checked, now, rng)).await
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::NotOurs => Self::Malformed("the body is not a sync frame".into()),
            FrameError::Damaged { what } => Self::Malformed(format!("the frame was damaged on the way: {what}")),
            FrameError::OtherVersion { version, newest } => Self::WireVersion { given: version, newest },
            FrameError::TooLarge { most, .. } => Self::TooLarge(most),
        }
    }
}

impl From<SyncRefusal> for Refusal {
    fn from(error: SyncRefusal) -> Self {
        match error {
            SyncRefusal::Frame(error) => error.into(),
            SyncRefusal::NotThisDevice | SyncRefusal::Revoked | SyncRefusal::Signature => {
                Self::Forbidden(error.to_string())
            }
            SyncRefusal::Sealed | SyncRefusal::Malformed(_) | SyncRefusal::TooMuch { .. } => {
                Self::Malformed(error.to_string())
            }
            SyncRefusal::Service(error) => error.into(),
        }
    }
}
