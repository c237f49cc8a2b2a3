//! The line every side talks through: a TCP proxy that counts bytes each way, turns and connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::sync::Result;

/// Bytes carried at once.
const PIECE_BYTES: usize = 64 << 10;

/// What went over the line so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    pub up_bytes: u64,
    pub down_bytes: u64,
    /// How often the client began to speak after the server had: each costs a round trip of the line.
    pub turns: u64,
    pub connections: u64,
}

impl Traffic {
    /// What went over the line since then.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            up_bytes: self.up_bytes - earlier.up_bytes,
            down_bytes: self.down_bytes - earlier.down_bytes,
            turns: self.turns - earlier.turns,
            connections: self.connections - earlier.connections,
        }
    }
}

/// A line to a server on this machine.
pub struct Proxy {
    address: SocketAddr,
    counted: Arc<Mutex<Counted>>,
}

#[derive(Default)]
struct Counted {
    traffic: Traffic,
    client_speaks: bool,
}

impl Proxy {
    /// A line to a server; it is carried until the process ends.
    pub fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self { address: listener.local_addr()?, counted: Arc::default() };
        let counted = proxy.counted.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(server) {
                    lock(&counted).traffic.connections += 1;
                    carry(&client, &server, &counted);
                }
            }
        });
        Ok(proxy)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn traffic(&self) -> Traffic {
        lock(&self.counted).traffic
    }

    /// Waits until nothing has gone over the line for a while: some peers go on talking after they say they are done.
    #[expect(clippy::disallowed_methods, reason = "whether a line is quiet shows only in real time")]
    pub fn rests(&self) {
        const QUIET: std::time::Duration = std::time::Duration::from_millis(300);
        let sum = || self.traffic().up_bytes + self.traffic().down_bytes;
        loop {
            let before = sum();
            std::thread::sleep(QUIET);
            if sum() == before {
                return;
            }
        }
    }
}

fn carry(client: &TcpStream, server: &TcpStream, counted: &Arc<Mutex<Counted>>) {
    for (from, to, up) in [(client, server, true), (server, client, false)] {
        let (Ok(from), Ok(to), counted) = (from.try_clone(), to.try_clone(), counted.clone()) else { return };
        // Small messages must not wait for each other: the line is not what is measured.
        drop(to.set_nodelay(true));
        std::thread::spawn(move || copy(from, to, up, &counted));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, up: bool, counted: &Mutex<Counted>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(read) = from.read(&mut piece) {
        if read == 0 {
            break;
        }
        lock(counted).count(read as u64, up);
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}

impl Counted {
    fn count(&mut self, bytes: u64, up: bool) {
        self.traffic.turns += u64::from(up && !self.client_speaks);
        self.client_speaks = up;
        *(if up { &mut self.traffic.up_bytes } else { &mut self.traffic.down_bytes }) += bytes;
    }
}

fn lock(counted: &Mutex<Counted>) -> std::sync::MutexGuard<'_, Counted> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}
