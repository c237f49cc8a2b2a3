//! The server's face: parse, call the service, answer.
//!
//! Handlers hold no rule of the trade and touch no table. They read a request under its caps, take the time and chance of
//! this moment, hand everything to `fieldline-service` on a thread that may block, and turn what it says into HTTP. The
//! record API has the shape of the ServiceNow Table API; sync, sessions and devices live under `/api/v1/`.
//!
//! `serving.rs` takes connections, `tls.rs` encrypts them, `edge.rs` makes true what a request says about its way here.
//!
//! What it leaves out: pages for browsers, but for those a person meets on the way in and a customer by a link.

mod about;
mod admission;
mod appointments;
mod articles;
mod asking;
mod assets;
mod attachment;
pub mod authority;
mod batch;
mod body;
mod both;
mod caller;
mod case;
mod catalog;
mod change;
mod chat;
mod cmdb;
mod compression;
mod credentials;
mod customer;
mod customers;
mod devices;
mod dispatch;
mod edge;
mod endpoint;
mod events;
mod explorer;
mod flows;
mod given;
mod guards;
mod import_sets;
mod interactions;
mod jobs;
mod knowledge;
mod known_elsewhere;
mod layers;
mod links;
mod live;
mod mail;
mod major_incidents;
mod metrics;
mod oauth;
mod oidc;
mod on_call;
mod on_site;
mod openapi;
mod portal;
mod problems;
mod processor;
mod rates;
mod refusal;
mod relay;
mod reports;
mod schema;
mod scim;
mod search;
mod serving;
mod session;
mod stock;
mod sync;
mod table;
mod timeline;
mod tiny;
pub mod tls;
mod under_way;
mod ways_in;
mod work_items;
mod work_orders;
mod world;
pub mod xml;

use std::net::IpAddr;
use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use fieldline_model::SysId;
use fieldline_service::Server;
use fieldline_sync::caps::MAX_BLOB_BYTES;

pub use admission::Admission;
pub use devices::device_json;
pub use edge::{ClientAddress, Network, Peer, Proxies};
pub use endpoint::{Access, Content, Endpoint};
pub use layers::REQUEST_SECONDS;
pub use reports::verdict_json;
pub use serving::{CONNECTIONS, Limits};
pub use ways_in::{client_json, key_json, provider_json};
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
    description: Arc<about::Description>,
    live: Arc<live::Live>,
    rooms: Arc<chat::Rooms>,
    under_way: Arc<under_way::UnderWay>,
    attachment_bytes: u64,
}

/// Everything this server answers.
pub fn endpoints() -> Vec<Endpoint> {
    let phones = [sync::endpoints(), relay::endpoints(), events::endpoints()];
    let native = [
        about::endpoints(),
        appointments::endpoints(),
        customer::endpoints(),
        explorer::endpoints(),
        session::endpoints(),
        oauth::endpoints(),
        oidc::endpoints(),
        scim::endpoints(),
        devices::endpoints(),
        dispatch::endpoints(),
        search::endpoints(),
        jobs::endpoints(),
        problems::endpoints(),
        flows::endpoints(),
        knowledge::endpoints(),
        on_call::endpoints(),
        on_site::endpoints(),
        mail::endpoints(),
        interactions::endpoints(),
        chat::endpoints(),
        work_items::endpoints(),
        stock::endpoints(),
        assets::endpoints(),
        major_incidents::endpoints(),
        reports::endpoints(),
        customers::endpoints(),
        portal::endpoints(),
        timeline::endpoints(),
        ways_in::endpoints(),
        work_orders::endpoints(),
    ];
    let records =
        [table::endpoints(), processor::endpoints(), attachment::endpoints(), batch::endpoints(), tiny::endpoints()];
    native.into_iter().chain(phones).chain(records).flatten().chain(known_elsewhere::endpoints()).collect()
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
    assembled(server, clock, edge).router
}

/// The router with what it works with.
struct Assembled {
    router: Router,
    app: App,
}

fn assembled(server: Arc<Server>, clock: Arc<dyn Clock>, edge: &Edge) -> Assembled {
    let endpoints = endpoints();
    let mut entropy = Entropy::open();
    let passwords = Arc::new(caller::Passwords::new(&mut entropy));
    let admission = Arc::new(Admission::start(server.clone(), clock.clone(), entropy.clone()));
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
        description: Arc::default(),
        live: Arc::default(),
        rooms: Arc::default(),
        under_way: Arc::default(),
        attachment_bytes: edge.attachment_bytes.min(MAX_BLOB_BYTES),
    };
    let routes = endpoint::route(endpoints)
        .fallback(layers::no_such_path)
        .method_not_allowed_fallback(layers::no_such_method)
        .layer(from_fn_with_state(app.clone(), tiny::resolve))
        .layer(from_fn(xml::in_xml))
        .layer(from_fn(rates::tell))
        .layer(from_fn_with_state(app.clone(), layers::observe))
        .with_state(app.clone());
    let routes = routes.clone().layer(Extension(batch::Routes(Arc::new(routes))));
    // Around the routes, because the method that is meant decides which of them answers.
    let router = Router::new()
        .fallback_service(routes)
        .layer(from_fn(compression::mark))
        .layer(compression::layer())
        .layer(from_fn_with_state(edge.proxies.clone(), edge::settle));
    Assembled { router, app }
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
    let Assembled { router, app } = assembled(server, clock, &edge);
    let (live, rooms) = (app.live.clone(), app.rooms.clone());
    let stop = async move {
        stop.await;
        live.close();
        rooms.close();
    };
    tokio::select! {
        () = serving::serve(listener, router, edge.tls, edge.limits, stop) => {}
        never = search::keep_indexing(app.clone()) => match never {},
        never = search::keep_reading(app.clone()) => match never {},
        never = jobs::keep_doing(app) => match never {},
    }
}
