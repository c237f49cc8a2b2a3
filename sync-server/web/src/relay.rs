//! Where a depot's kiosk hands in what phones without a line gave it. Who carries an envelope counts for nothing; it must be a
//! device of this organisation, so that strangers cannot keep the server busy.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use fieldline_service::Unsealed;
use fieldline_sync::caps::MAX_ENVELOPE_BYTES;
use fieldline_sync::relay::{Envelope, EnvelopeError, MEDIA_TYPE};

use crate::App;
use crate::body::read_as;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Access, Content, Endpoint};
use crate::refusal::{Problem, Refusal};
use crate::sync::answer;

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        method: "post",
        path: "/api/v1/relay".to_owned(),
        summary: "Takes a device's sealed request from a depot's kiosk and answers the sealed word on it",
        access: Access::Device,
        request: Content::Envelope,
        status: 200,
        answer: Content::Envelope,
        handler: post(relay),
    }]
}

async fn relay(
    State(app): State<App>,
    Signed(kiosk): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if kiosk.device.is_none() {
        return Err(Problem(Refusal::Forbidden("only an enrolled device relays; enrol the kiosk as one".into())));
    }
    let bytes = read_as(MEDIA_TYPE, &headers, body, MAX_ENVELOPE_BYTES).await?;
    let envelope = Envelope::decode(&bytes).map_err(Refusal::from)?;
    let answer = answered(&app, envelope).await?.encode();
    app.metrics.synced(bytes.len(), answer.len());
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], answer).into_response())
}

async fn answered(app: &App, envelope: Envelope) -> Result<Envelope, Refusal> {
    let sealed = envelope.clone();
    match blocking(app, move |server, now, _| server.unseal(&sealed, now)).await? {
        Unsealed::Asks(checked) => Ok(app.server.seal(&envelope, &answer(app, *checked).await?)),
        Unsealed::Refused(answer) => Ok(answer),
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::TooLarge { .. } => Self::TooLarge(MAX_ENVELOPE_BYTES),
            EnvelopeError::NotAnEnvelope => Self::Malformed(error.to_string()),
        }
    }
}
