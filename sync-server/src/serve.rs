//! `serve`: opens the data, listens, and stops without cutting anybody off.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use fieldline_due::Surroundings;
use fieldline_roads::{Profile, Roads};
use fieldline_web::{Clock, Edge, Entropy, SystemClock};
use tokio::net::TcpListener;

use crate::data::{Data, Opened};
use crate::edge::EdgeArgs;
use crate::failed::Failed;
use crate::mail::MailArgs;
use crate::outside::OutsideArgs;
use crate::{mail, read_pdf};

/// The environment variable with the first administrator's password.
const ADMIN_PASSWORD: &str = "FIELDLINE_ADMIN_PASSWORD";

/// What `serve` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: Data,
    /// Where to listen; port 0 takes a free one. Any address but loopback needs HTTPS, here or in a proxy in front.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A network of roads, made by `sync-server roads build`, for planning tours.
    #[arg(long, value_name = "BUNDLE")]
    roads: Option<PathBuf>,
    #[command(flatten)]
    edge: EdgeArgs,
    #[command(flatten)]
    mail: MailArgs,
    #[command(flatten)]
    outside: OutsideArgs,
    /// How many requests an account may send in an hour; 0 sets no limit.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    requests_per_hour: u32,
}

/// Serves until told to stop.
pub fn run(args: &Args) -> Result<(), Failed> {
    let mut opened = args.data.open_or_create()?;
    first_administrator(&mut opened)?;
    opened.server.publish_definitions(opened.now, &mut opened.rng)?;
    opened.server.publish_flows(opened.now, &mut opened.rng)?;
    opened.server.keep_tidy(opened.now, &mut opened.rng)?;
    if let Some(bundle) = &args.roads {
        opened.server.use_roads(Arc::new(Roads::open(bundle, Profile::Car)?));
    }
    opened.server.limit_requests(args.requests_per_hour);
    opened.server.read_pdfs_by(Arc::new(read_pdf::elsewhere));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Failed::Io { doing: "starting the runtime".into(), source })?;
    runtime.block_on(listen(args, opened))
}

/// Lets the first administrator in; a generated password is printed this once.
fn first_administrator(opened: &mut Opened) -> Result<(), Failed> {
    let given = std::env::var(ADMIN_PASSWORD).ok();
    let generated = opened.server.bootstrap_admin(given.as_deref(), opened.now, &mut opened.rng)?;
    if let Some(password) = generated {
        println!("first start: sign in as admin with the password {password} (it is not shown again)");
    }
    Ok(())
}

async fn listen(args: &Args, opened: Opened) -> Result<(), Failed> {
    let address = args.listen;
    let failed = |doing: String| move |source| Failed::Io { doing, source };
    let listener = TcpListener::bind(address).await.map_err(failed(format!("listening on {address}")))?;
    let bound = listener.local_addr().map_err(failed(format!("listening on {address}")))?;
    let edge: Edge = args.edge.open(&args.data, bound.ip(), opened.now)?;
    let (mailer, mailbox, sender) = (args.mail.open()?, args.mail.open_mailbox()?, args.outside.open()?);
    opened.server.know_mail_addresses(mail::own_addresses(mailer.as_ref(), mailbox.as_ref()));
    let around = Surroundings { clock: Arc::new(|| SystemClock.now()), chance: Arc::new(|| Box::new(Entropy::open())) };
    let scheme = if edge.tls.is_some() { "https" } else { "http" };
    println!("listening on {scheme}://{bound}");
    tracing::info!(address = %bound, scheme, "listening");
    let server = opened.server;
    let serving = fieldline_web::serve_at(listener, server.clone(), Arc::new(SystemClock), edge, told_to_stop());
    tokio::select! {
        () = serving => {}
        never = mail::keep_sending(server.clone(), mailer, around.clone()) => match never {},
        never = mail::keep_fetching(server.clone(), mailbox, around.clone()) => match never {},
        never = fieldline_http::keep_sending(server, sender, around) => match never {},
    }
    tracing::info!("stopped");
    Ok(())
}

/// Resolves at Ctrl-C, and at SIGTERM where there is one.
pub async fn told_to_stop() {
    let interrupt = async { drop(tokio::signal::ctrl_c().await) };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
    tracing::info!("stopping: requests under way are finished first");
}
