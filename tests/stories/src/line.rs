//! A line between a phone and the server that can be cut at a byte, or taken over by somebody who answers for the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::{Office, WORLD, wait};

/// Bytes carried at once.
const PIECE_BYTES: usize = 4_096;

/// A TCP proxy in front of an office.
pub struct Line {
    address: SocketAddr,
    state: watch::Sender<State>,
    counted: Arc<Counted>,
}

#[derive(Debug, Clone)]
enum State {
    Open,
    /// Somebody else answers everything with these bytes.
    Captured(Arc<Vec<u8>>),
}

#[derive(Default)]
struct Counted {
    sent_bytes: AtomicU64,
    /// The line is cut when so many bytes were sent on it altogether.
    cut_at: AtomicU64,
}

impl Line {
    /// A line to an office, open.
    pub fn to(office: &Office) -> Self {
        let listener = wait(TcpListener::bind("127.0.0.1:0")).expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (state, states) = watch::channel(State::Open);
        let counted = Arc::new(Counted { cut_at: u64::MAX.into(), ..Counted::default() });
        WORLD.spawn(carry_all(listener, office.address(), states, counted.clone()));
        Self { address, state, counted }
    }

    /// Where phones reach the line.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes that phones sent so far and that got through.
    pub fn sent_bytes(&self) -> u64 {
        self.counted.sent_bytes.load(Ordering::SeqCst)
    }

    /// Breaks the line when so many more bytes were sent; it stays broken until it is repaired.
    pub fn breaks_after(&self, bytes: u64) {
        self.counted.cut_at.store(self.sent_bytes() + bytes, Ordering::SeqCst);
    }

    /// Whether it broke.
    pub fn is_broken(&self) -> bool {
        self.sent_bytes() >= self.counted.cut_at.load(Ordering::SeqCst)
    }

    /// Makes it whole.
    pub fn is_repaired(&self) {
        self.counted.cut_at.store(u64::MAX, Ordering::SeqCst);
    }

    /// Lets somebody answer for the server, with the same bytes to everything.
    pub fn is_captured(&self, answer: &[u8]) {
        self.state.send_replace(State::Captured(Arc::new(answer.to_vec())));
    }

    /// Leads to the server again.
    pub fn is_freed(&self) {
        self.state.send_replace(State::Open);
    }
}

async fn carry_all(listener: TcpListener, server: SocketAddr, states: watch::Receiver<State>, counted: Arc<Counted>) {
    while let Ok((phone, _)) = listener.accept().await {
        let (mut states, counted) = (states.clone(), counted.clone());
        tokio::spawn(async move {
            let state = states.borrow_and_update().clone();
            // A connection ends when the line changes hands, or a kept one would still lead where it led.
            tokio::select! {
                _ = states.changed() => {}
                _ = serve(phone, server, state, &counted) => {}
            }
        });
    }
}

async fn serve(mut phone: TcpStream, server: SocketAddr, state: State, counted: &Counted) -> std::io::Result<()> {
    match state {
        State::Open => {
            let mut server = TcpStream::connect(server).await?;
            let (mut from_phone, mut to_phone) = phone.split();
            let (mut from_server, mut to_server) = server.split();
            tokio::select! {
                done = send(&mut from_phone, &mut to_server, counted) => done,
                done = tokio::io::copy(&mut from_server, &mut to_phone) => done.map(drop),
            }
        }
        State::Captured(answer) => {
            read_request(&mut phone).await?;
            phone.write_all(&answer).await?;
            phone.shutdown().await
        }
    }
}

/// Carries bytes until the one at which the line breaks.
async fn send(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    counted: &Counted,
) -> std::io::Result<()> {
    let mut piece = [0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece).await?;
        let left = counted.cut_at.load(Ordering::SeqCst).saturating_sub(counted.sent_bytes.load(Ordering::SeqCst));
        let through = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if through == 0 {
            return Ok(());
        }
        counted.sent_bytes.fetch_add(through as u64, Ordering::SeqCst);
        to.write_all(&piece[..through]).await?;
        if through < read {
            return Ok(());
        }
    }
}

/// Reads a whole request, so that its sender is ready to listen.
async fn read_request(phone: &mut TcpStream) -> std::io::Result<()> {
    let (mut request, mut piece) = (Vec::new(), [0; PIECE_BYTES]);
    loop {
        if let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if request.len() >= head + 4 + length.unwrap_or(0_usize) {
                return Ok(());
            }
        }
        match phone.read(&mut piece).await? {
            0 => return Ok(()),
            read => request.extend_from_slice(&piece[..read]),
        }
    }
}
