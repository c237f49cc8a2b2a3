//! The server's face: parse, call the service, answer.
//!
//! Handlers hold no rule of the trade and touch no table. They read a request under its caps, take the time and chance of
//! this moment, hand everything to `fieldline-service` on a thread that may block, and turn what it says into HTTP. The
//! record API has the shape of the ServiceNow Table API; sync, sessions and devices live under `/api/v1/`.
//!
//! What it leaves out: TLS (a proxy in front, which says so in `X-Forwarded-Proto`) and pages for browsers.

mod about;
mod address;
mod admission;
mod body;
mod caller;
mod credentials;
mod devices;
mod dispatch;
mod endpoint;
mod events;
mod layers;
mod links;
mod live;
mod metrics;
mod oauth;
mod oidc;
mod openapi;
mod rates;
mod refusal;
mod relay;
mod scim;
mod search;
mod session;
mod sync;
mod table;
mod world;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use fieldline_model::SysId;
use fieldline_service::Server;
use serde_json::Value;

pub use address::ClientAddress;
pub use admission::Admission;
pub use devices::device_json;
pub use endpoint::{Access, Content, Endpoint};
pub use layers::REQUEST_SECONDS;
pub use world::{Clock, Entropy, SystemClock};

/// What every handler may use.
#[derive(Clone)]
pub struct App {
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    metrics: Arc<metrics::Metrics>,
    passwords: Arc<caller::Passwords>,
    rates: Arc<rates::Rates<SysId>>,
    beginnings: Arc<rates::Rates<IpAddr>>,
    providers: Arc<oidc::Providers>,
    admission: Arc<Admission>,
    description: Arc<Value>,
    live: Arc<live::Live>,
}

/// Everything this server answers.
pub fn endpoints() -> Vec<Endpoint> {
    let phones = [sync::endpoints(), relay::endpoints(), events::endpoints()];
    let native = [
        about::endpoints(),
        session::endpoints(),
        oauth::endpoints(),
        oidc::endpoints(),
        scim::endpoints(),
        devices::endpoints(),
        dispatch::endpoints(),
        search::endpoints(),
    ];
    native.into_iter().chain(phones).flatten().chain(table::endpoints()).collect()
}

/// The router over a server; `clock` tells the time of every request.
pub fn router(server: Arc<Server>, clock: Arc<dyn Clock>) -> Router {
    assembled(server, clock).0
}

/// The router, and what must be told when it is about to stop.
fn assembled(server: Arc<Server>, clock: Arc<dyn Clock>) -> (Router, Arc<live::Live>) {
    let endpoints = endpoints();
    let description = Arc::new(openapi::document(&endpoints, &server.dictionary()));
    let mut entropy = Entropy::open();
    let passwords = Arc::new(caller::Passwords::new(&mut entropy));
    let admission = Arc::new(Admission::start(server.clone(), clock.clone(), entropy.clone()));
    let live: Arc<live::Live> = Arc::default();
    let (metrics, providers) = (Arc::default(), Arc::default());
    let (rates, beginnings) = (Arc::new(rates::Rates::hourly()), Arc::new(rates::Rates::by_the_minute()));
    let app = App {
        server,
        clock,
        entropy,
        metrics,
        passwords,
        rates,
        beginnings,
        providers,
        admission,
        description,
        live: live.clone(),
    };
    let router = endpoint::route(endpoints)
        .fallback(layers::no_such_path)
        .method_not_allowed_fallback(layers::no_such_method)
        .layer(from_fn(rates::tell))
        .layer(from_fn_with_state(app.clone(), layers::observe))
        .with_state(app);
    (router, live)
}

/// How long requests under way may take to finish once the server is told to stop.
const DRAIN_SECONDS: u64 = 30;

/// Answers requests until `stop` resolves, then ends the streams of listeners and lets other requests under way finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (router, live) = assembled(server, clock);
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let stop = async move {
        stop.await;
        live.close();
        drop(stopping);
    };
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop)
        .into_future();
    let out_of_patience = async {
        drop(stopped.await);
        tokio::time::sleep(Duration::from_secs(DRAIN_SECONDS)).await;
    };
    tokio::select! {
        done = serving => done,
        () = out_of_patience => Ok(()),
    }
}
