//! `relay`: a depot's kiosk. Phones without a line hand it sealed requests; it carries them to the server when it has one.

mod enrolment;
mod http;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use fieldline_depot::{Depot, Kiosk};
use tokio::net::TcpListener;

use crate::failed::{Failed, io};
use crate::serve::told_to_stop;

/// What `relay` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the kiosk keeps what it carries, and what it is let in by.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The server's address, such as `https://field.example.org`; needed at the first start.
    #[arg(long, value_name = "URL", requires = "invitation")]
    server: Option<String>,
    /// What `device enrol` printed for this kiosk; needed at the first start, works once.
    #[arg(long, value_name = "TOKEN", requires = "server")]
    invitation: Option<String>,
    /// Where phones reach it on the depot's own network. What they bring is sealed, so it needs no TLS.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8090")]
    listen: SocketAddr,
}

/// Carries until told to stop.
pub fn run(args: &Args) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Failed::Io { doing: "starting the runtime".into(), source })?;
    runtime.block_on(carry(args))
}

async fn carry(args: &Args) -> Result<(), Failed> {
    fs::create_dir_all(&args.data).map_err(io("creating", &args.data))?;
    let file = args.data.join("kiosk.json");
    let enrolled = match (args.server.as_ref().zip(args.invitation.as_ref()), enrolment::read(&file)?) {
        (Some((server, invitation)), _) => enrolment::accept(server, invitation, &file).await?,
        (None, Some(enrolled)) => enrolled,
        (None, None) => {
            let problem = "this kiosk is not enrolled: give --server and the --invitation that `device enrol` prints";
            return Err(Failed::Usage(problem.into()));
        }
    };
    let kiosk = Kiosk::new(Depot::open(&args.data.join("depot.db"))?, &enrolled.server, &enrolled.token);
    let kiosk = kiosk.map_err(enrolment::unreachable(&enrolled.server))?;
    let failed = |doing: String| move |source| Failed::Io { doing, source };
    let listening = format!("listening on {}", args.listen);
    let listener = TcpListener::bind(args.listen).await.map_err(failed(listening.clone()))?;
    let bound = listener.local_addr().map_err(failed(listening))?;
    println!("listening on http://{bound}");
    tracing::info!(address = %bound, server = %enrolled.server, "carrying");
    let serving = axum::serve(listener, http::router(kiosk.clone())).with_graceful_shutdown(told_to_stop());
    tokio::select! {
        done = serving.into_future() => done.map_err(failed(format!("serving on {bound}"))),
        done = kiosk.carry() => done.map(|never| match never {}).map_err(Failed::from),
    }
}
