//! The stream that wakes devices and pages; what it says is `fieldline_sync::live`'s business, to whom is `live.rs`'s.
//!
//! A stream carries no data: whoever is woken asks as always, and is told what they may know. It ends when the server stops,
//! when its token stops working or changes its powers, and when its listener opens too many.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldline_service::Caller;
use fieldline_sync::live::{self, KEEP_ALIVE, KEEP_ALIVE_MILLISECONDS, MEDIA_TYPE, Mark};
use fieldline_sync::wire;
use futures_util::stream;
use tokio::time::{Instant, Interval, interval_at};

use crate::App;
use crate::caller::{authenticate, blocking, token};
use crate::credentials::Credentials;
use crate::edge::Visitor;
use crate::endpoint::{Access, Content, Endpoint};
use crate::live::{Listening, listen, newest};
use crate::refusal::{Problem, Refusal};

/// Keep-alives between two looks at whether the listener may still listen: a locked device hears nothing after 45 s.
const BEATS_PER_LOOK: u32 = 3;
/// What a browser sends when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks proxies (nginx and those like it) to pass on each event at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        method: "get",
        path: "/api/v1/sync/events".to_owned(),
        summary: "A stream of server-sent events without data, one whenever something new concerns the caller",
        access: Access::Signed,
        request: Content::Empty,
        status: 200,
        answer: Content::Events,
        handler: get(events),
    }]
}

async fn events(State(app): State<App>, visitor: Visitor, headers: HeaderMap) -> Result<Response, Problem> {
    let token = token(&app, Credentials::of(&headers)?, visitor).await?;
    let caller = authenticate(&app, token.clone()).await?;
    let asking = caller.clone();
    let newest = blocking(&app, move |server, _, _| newest(server, &asking)).await?;
    let epoch = app.server.identity().server_epoch;
    let last: Option<Mark> = headers.get(LAST_EVENT_ID).and_then(|last| last.to_str().ok()?.parse().ok());
    // Whoever comes back after the server was restored from a backup knows nothing of this feed.
    let known = last.map_or(newest, |last| if last.server_epoch == epoch { last.position.0 } else { 0 });
    let listening = listen(&app, &caller, known, newest)?;
    let beat = Duration::from_millis(KEEP_ALIVE_MILLISECONDS);
    let beats = interval_at(Instant::now() + beat, beat);
    let stream = Stream { app, token, caller, epoch, known, listening, beats, beats_heard: 0, greeted: false };
    let body = Body::from_stream(stream::unfold(stream, Stream::next));
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE), (BUFFERING, "no")], body).into_response())
}

struct Stream {
    app: App,
    token: String,
    caller: Caller,
    epoch: u64,
    known: u64,
    listening: Listening,
    beats: Interval,
    beats_heard: u32,
    greeted: bool,
}

impl Stream {
    async fn next(mut self) -> Option<(Result<String, Infallible>, Self)> {
        let line = match std::mem::replace(&mut self.greeted, true) {
            false => live::hello(self.mark(self.known)),
            true => self.news_or_beat().await?,
        };
        Some((Ok(line), self))
    }

    async fn news_or_beat(&mut self) -> Option<String> {
        tokio::select! {
            news = self.listening.news() => Some(live::news(self.mark(news?))),
            _ = self.beats.tick() => self.is_welcome().await.then(|| KEEP_ALIVE.to_owned()),
        }
    }

    fn mark(&self, position: u64) -> Mark {
        Mark { server_epoch: self.epoch, position: wire::Position(position) }
    }

    /// Whether the listener may go on, looked at every so often.
    async fn is_welcome(&mut self) -> bool {
        self.beats_heard += 1;
        if !self.beats_heard.is_multiple_of(BEATS_PER_LOOK) {
            return true;
        }
        match authenticate(&self.app, self.token.clone()).await {
            Ok(caller) => caller == self.caller,
            // The database failed and the log says how; whether the listener may go on is looked at again.
            Err(Refusal::Broken) => true,
            Err(_) => false,
        }
    }
}
