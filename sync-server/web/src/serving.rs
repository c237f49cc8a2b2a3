//! Connections: how many, over what, and how long one may take to say what it wants.
//!
//! A client that sends nothing, or a byte a minute, is let go before it costs more than a socket. Plain connections speak
//! HTTP/1.1; over TLS the client chooses HTTP/2 or HTTP/1.1.

use std::convert::Infallible;
use std::io::Cursor;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tower::Service;

use crate::edge::Peer;
use crate::tls::Tls;

/// How long requests under way may take to finish once the server is told to stop.
const DRAIN_SECONDS: u64 = 30;
/// Connections at the same time: those of all listeners, and as many again.
pub const CONNECTIONS: usize = 20_000;
/// The head of a request, so that an overlong line is answered and not cut off.
const HEAD_BYTES: u32 = 64 << 10;
/// Requests under way at the same time on one connection.
const STREAMS: u32 = 128;
/// How often a quiet HTTP/2 connection is asked whether it lives.
const PING_SECONDS: u64 = 60;
/// What a client of HTTP/2 sends first.
const PREFACE_BYTES: usize = 24;

/// What one client may take from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time; more wait in the system's queue.
    pub connections: usize,
    /// How long a connection may take to be encrypted.
    pub handshake: Duration,
    /// How long the head of a request may take, from the end of the one before.
    pub head: Duration,
}

impl Default for Limits {
    /// Several round trips of the slowest line for the handshake; for a head longer than clients keep a quiet connection
    /// (phones 90 s), or a connection would end just when it is used again.
    fn default() -> Self {
        Self { connections: CONNECTIONS, handshake: Duration::from_secs(20), head: Duration::from_secs(120) }
    }
}

/// Takes connections until `stop` resolves, then finishes the requests under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let (ending, room) = (watch::Sender::new(()), Arc::new(Semaphore::new(limits.connections)));
    let accepting = async {
        while let Ok(place) = room.clone().acquire_owned().await {
            let (stream, address) = accepted(&listener).await;
            let (router, tls, ending) = (router.clone(), tls.clone(), ending.subscribe());
            tokio::spawn(async move {
                if connection(stream, address, router, tls, limits, ending).await.is_none() {
                    tracing::debug!("a connection ended before it asked anything");
                }
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop => {}
    }
    drop(listener);
    ending.send_replace(());
    if timeout(Duration::from_secs(DRAIN_SECONDS), ending.closed()).await.is_err() {
        tracing::warn!("requests under way were cut off after {DRAIN_SECONDS} seconds");
    }
}

/// The next connection; when the system has none to give (out of files, say), a second later.
async fn accepted(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Serves one connection to its end; `None` when it never came to a request.
async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    ending: watch::Receiver<()>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    // An IPv4 client of an IPv6 socket is the same client.
    let peer = |secure| Peer { address: address.ip().to_canonical(), secure };
    let Some(tls) = tls else {
        return over_http1(stream, limits, router, peer(false), ending).await;
    };
    let handshake = tls.acceptor().accept(stream);
    let mut stream = timeout(limits.handshake, handshake).await.ok()?.ok()?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return over_http1(stream, limits, router, peer(true), ending).await;
    }
    let mut preface = [0; PREFACE_BYTES];
    timeout(limits.head, stream.read_exact(&mut preface)).await.ok()?.ok()?;
    let (from, to) = tokio::io::split(stream);
    over_http2(tokio::io::join(Cursor::new(preface).chain(from), to), router, peer(true), ending).await
}

/// HTTP/1.1, which may become a WebSocket.
async fn over_http1<S>(stream: S, limits: Limits, router: Router, peer: Peer, ending: watch::Receiver<()>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| routed(router.clone(), peer, request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    until(ending, connection, http1::UpgradeableConnection::graceful_shutdown).await.ok()
}

async fn over_http2<S>(stream: S, router: Router, peer: Peer, ending: watch::Receiver<()>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| routed(router.clone(), peer, request));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(PING_SECONDS));
    builder.max_concurrent_streams(STREAMS).max_header_list_size(HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    until(ending, connection, http2::Connection::graceful_shutdown).await.ok()
}

async fn routed(mut router: Router, peer: Peer, mut request: Request<Incoming>) -> Result<Response, Infallible> {
    request.extensions_mut().insert(peer);
    router.call(request.map(Body::new)).await
}

/// A connection's end; told the server's, it takes no further requests. `ending` lives as long, for who waits for all.
async fn until<C: Future>(mut ending: watch::Receiver<()>, connection: C, wind_down: fn(Pin<&mut C>)) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = ending.changed() => wind_down(connection.as_mut()),
    }
    connection.await
}
