//! The server's face: parse, call the service, answer.
//!
//! Handlers hold no rule of the trade and touch no table. They read a request under its caps, take the time and chance of
//! this moment, hand everything to `fieldline-service` on a thread that may block, and turn what it says into HTTP. The
//! record API has the shape of the ServiceNow Table API; sync, sessions and devices live under `/api/v1/`.
//!
//! `serving.rs` takes connections, `tls.rs` encrypts them, `edge.rs` makes true what a request says about its way here.
//!
//! What it leaves out: pages for browsers.

mod about;
mod admission;
mod attachment;
pub mod authority;
mod batch;
mod body;
mod caller;
mod compression;
mod credentials;
mod devices;
mod dispatch;
mod edge;
mod endpoint;
mod events;
mod guards;
mod layers;
mod links;
mod live;
mod metrics;
mod openapi;
mod refusal;
mod relay;
mod search;
mod serving;
mod session;
mod sync;
mod table;
mod tiny;
pub mod tls;
mod world;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use fieldline_service::Server;
use fieldline_sync::caps::MAX_BLOB_BYTES;
use serde_json::Value;

pub use admission::Admission;
pub use devices::device_json;
pub use edge::{ClientAddress, Network, Peer, Proxies};
pub use endpoint::{Access, Content, Endpoint};
pub use layers::REQUEST_SECONDS;
pub use serving::{CONNECTIONS, Limits};
pub use world::{Clock, Entropy, SystemClock};

/// What every handler may use.
#[derive(Clone)]
pub struct App {
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    metrics: Arc<metrics::Metrics>,
    passwords: Arc<caller::Passwords>,
    admission: Arc<Admission>,
    description: Arc<Value>,
    live: Arc<live::Live>,
    attachment_bytes: u64,
}

/// Everything this server answers.
pub fn endpoints() -> Vec<Endpoint> {
    let phones = [sync::endpoints(), relay::endpoints(), events::endpoints()];
    let native =
        [about::endpoints(), session::endpoints(), devices::endpoints(), dispatch::endpoints(), search::endpoints()];
    let records = [table::endpoints(), attachment::endpoints(), batch::endpoints(), tiny::endpoints()];
    native.into_iter().chain(phones).chain(records).flatten().collect()
}

/// How requests reach the server.
#[derive(Clone)]
pub struct Edge {
    /// What is shown to those who connect over HTTPS; plain HTTP without it.
    pub tls: Option<Arc<tls::Tls>>,
    /// Proxies in front whose word about the client is believed.
    pub proxies: Proxies,
    /// What one client may take from the others.
    pub limits: Limits,
    /// The largest file that is taken over the Attachment API.
    pub attachment_bytes: u64,
}

impl Default for Edge {
    fn default() -> Self {
        Self { tls: None, proxies: Proxies::from([]), limits: Limits::default(), attachment_bytes: MAX_BLOB_BYTES }
    }
}

/// The router over a server; `clock` tells the time of every request.
pub fn router(server: Arc<Server>, clock: Arc<dyn Clock>) -> Router {
    router_at(server, clock, &Edge::default())
}

/// The router over a server that requests reach in this way.
pub fn router_at(server: Arc<Server>, clock: Arc<dyn Clock>, edge: &Edge) -> Router {
    assembled(server, clock, edge).0
}

/// The router, and what must be told when it is about to stop.
fn assembled(server: Arc<Server>, clock: Arc<dyn Clock>, edge: &Edge) -> (Router, Arc<live::Live>) {
    let endpoints = endpoints();
    let description = Arc::new(openapi::document(&endpoints, &server.dictionary()));
    let mut entropy = Entropy::open();
    let passwords = Arc::new(caller::Passwords::new(&mut entropy));
    let admission = Arc::new(Admission::start(server.clone(), clock.clone(), entropy.clone()));
    let live: Arc<live::Live> = Arc::default();
    let metrics = Arc::default();
    let (attachment_bytes, alive) = (edge.attachment_bytes.min(MAX_BLOB_BYTES), live.clone());
    let app = App { server, clock, entropy, metrics, passwords, admission, description, live: alive, attachment_bytes };
    let routes = endpoint::route(endpoints)
        .fallback(layers::no_such_path)
        .method_not_allowed_fallback(layers::no_such_method)
        .layer(from_fn_with_state(app.clone(), tiny::resolve))
        .layer(from_fn_with_state(app.clone(), layers::observe))
        .with_state(app);
    let routes = routes.clone().layer(Extension(batch::Routes(Arc::new(routes))));
    // Around the routes, because the method that is meant decides which of them answers.
    let router = Router::new()
        .fallback_service(routes)
        .layer(from_fn(compression::mark))
        .layer(compression::layer())
        .layer(from_fn_with_state(edge.proxies.clone(), edge::settle));
    (router, live)
}

/// Answers plain requests until `stop` resolves, then ends the streams of listeners and lets other requests under way finish.
pub async fn serve(
    listener: tokio::net::TcpListener,
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    serve_at(listener, server, clock, Edge::default(), stop).await;
}

/// Answers requests as [`serve`] does, over connections of this kind.
pub async fn serve_at(
    listener: tokio::net::TcpListener,
    server: Arc<Server>,
    clock: Arc<dyn Clock>,
    edge: Edge,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (router, live) = assembled(server, clock, &edge);
    let stop = async move {
        stop.await;
        live.close();
    };
    serving::serve(listener, router, edge.tls, edge.limits, stop).await;
}
