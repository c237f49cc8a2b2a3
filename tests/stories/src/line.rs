//! A line between a phone and the server that counts what it carries, can be cut at a byte, slowed down, or taken over by
//! somebody who answers for the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::pace::{Lane, Pace};
use crate::portal::Portal;
use crate::{Office, WORLD, wait};

/// Bytes carried at once: a segment of a mobile network.
const PIECE_BYTES: usize = 1_400;

/// A TCP proxy in front of an office.
pub struct Line {
    address: SocketAddr,
    state: watch::Sender<State>,
    sent: Arc<Counted>,
    received: Arc<Counted>,
}

#[derive(Clone)]
enum State {
    Open,
    /// Open, but slow.
    Slow(Pace),
    /// Somebody else answers.
    Captured(Portal),
}

/// One direction of a line.
struct Counted {
    bytes: AtomicU64,
    /// The line is cut when so many bytes were carried altogether.
    cut_at: AtomicU64,
}

impl Counted {
    fn new() -> Arc<Self> {
        Arc::new(Self { bytes: AtomicU64::new(0), cut_at: AtomicU64::new(u64::MAX) })
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    fn left(&self) -> usize {
        usize::try_from(self.cut_at.load(Ordering::SeqCst).saturating_sub(self.bytes())).unwrap_or(usize::MAX)
    }

    fn cut_after(&self, bytes: u64) {
        self.cut_at.store(self.bytes().saturating_add(bytes), Ordering::SeqCst);
    }
}

impl Line {
    /// A line to an office, open.
    pub fn to(office: &Office) -> Self {
        let listener = wait(TcpListener::bind("127.0.0.1:0")).expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (state, states) = watch::channel(State::Open);
        let (sent, received) = (Counted::new(), Counted::new());
        let directions = (sent.clone(), received.clone());
        WORLD.spawn(carry_all(listener, office.address(), states, directions));
        Self { address, state, sent, received }
    }

    /// Where phones reach the line.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes that phones sent so far and that got through.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.bytes()
    }

    /// Bytes that phones got so far.
    pub fn received_bytes(&self) -> u64 {
        self.received.bytes()
    }

    /// Breaks the line when so many more bytes were sent; it stays broken until it is repaired.
    pub fn breaks_after(&self, bytes: u64) {
        self.sent.cut_after(bytes);
    }

    /// Breaks the line when so many more bytes were answered; it stays broken until it is repaired.
    pub fn breaks_after_answering(&self, bytes: u64) {
        self.received.cut_after(bytes);
    }

    /// Whether it broke.
    pub fn is_broken(&self) -> bool {
        self.sent.left() == 0 || self.received.left() == 0
    }

    /// Makes it whole.
    pub fn is_repaired(&self) {
        self.sent.cut_at.store(u64::MAX, Ordering::SeqCst);
        self.received.cut_at.store(u64::MAX, Ordering::SeqCst);
    }

    /// Makes it as slow as a line can be.
    pub fn is_slow(&self, pace: Pace) {
        self.state.send_replace(State::Slow(pace));
    }

    /// Lets somebody answer for the server.
    pub fn is_captured(&self, portal: Portal) {
        self.state.send_replace(State::Captured(portal));
    }

    /// Leads to the server again.
    pub fn is_freed(&self) {
        self.state.send_replace(State::Open);
    }
}

type Directions = (Arc<Counted>, Arc<Counted>);

async fn carry_all(listener: TcpListener, server: SocketAddr, states: watch::Receiver<State>, counted: Directions) {
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

async fn serve(mut phone: TcpStream, server: SocketAddr, state: State, counted: &Directions) -> std::io::Result<()> {
    let pace = match state {
        State::Captured(portal) => return portal.serves(phone, server).await,
        State::Slow(pace) => Some(pace),
        State::Open => None,
    };
    if let Some(pace) = &pace {
        pace.connects().await;
    }
    let mut server = TcpStream::connect(server).await?;
    phone.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_phone, to_phone) = phone.split();
    let (from_server, to_server) = server.split();
    let (up, down) = (pace.as_ref().map(|pace| &pace.up), pace.as_ref().map(|pace| &pace.down));
    tokio::select! {
        done = carry(from_phone, to_server, &counted.0, up) => done,
        done = carry(from_server, to_phone, &counted.1, down) => done,
    }
}

/// Carries bytes until the one at which the line breaks.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    counted: &Counted,
    lane: Option<&Lane>,
) -> std::io::Result<()> {
    let (departing, mut arriving) = mpsc::unbounded_channel();
    let depart = async move {
        let mut piece = [0; PIECE_BYTES];
        loop {
            let read = from.read(&mut piece).await?;
            let through = read.min(counted.left());
            counted.bytes.fetch_add(through as u64, Ordering::SeqCst);
            let arrives_at = lane.map(|lane| lane.arrival(through));
            if through == 0 || departing.send((arrives_at, piece[..through].to_vec())).is_err() || through < read {
                return std::io::Result::Ok(());
            }
        }
    };
    let arrive = async {
        while let Some((arrives_at, piece)) = arriving.recv().await {
            if let Some(arrives_at) = arrives_at {
                tokio::time::sleep_until(arrives_at).await;
            }
            to.write_all(&piece).await?;
        }
        Ok(())
    };
    tokio::try_join!(depart, arrive).map(drop)
}
