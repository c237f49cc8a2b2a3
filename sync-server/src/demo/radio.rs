//! A phone's radio: a relay on loopback that can be switched off and counts every byte that passes, HTTP's own included.
//!
//! Switched off, it cuts what is open in the middle of whatever it was and refuses what is new, as a cellar does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const BUFFER_BYTES: usize = 16 * 1024;

/// One phone's way to the server.
#[derive(Debug)]
pub struct Radio {
    address: SocketAddr,
    air: Arc<Air>,
}

#[derive(Debug)]
struct Air {
    is_on: watch::Sender<bool>,
    up: AtomicU64,
    down: AtomicU64,
}

impl Radio {
    /// A radio, switched on, that reaches `server`.
    ///
    /// # Errors
    /// When no address on loopback is free.
    pub async fn reaching(server: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((server.ip(), 0)).await?;
        let address = listener.local_addr()?;
        let air = Arc::new(Air { is_on: watch::Sender::new(true), up: AtomicU64::new(0), down: AtomicU64::new(0) });
        tokio::spawn(relay(listener, server, air.clone()));
        Ok(Self { address, air })
    }

    /// Where the phone finds the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Switches it on or off.
    pub fn switch(&self, on: bool) {
        self.air.is_on.send_replace(on);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        *self.air.is_on.borrow()
    }

    /// Bytes sent up and down so far.
    pub fn bytes(&self) -> (u64, u64) {
        (self.air.up.load(Ordering::Relaxed), self.air.down.load(Ordering::Relaxed))
    }
}

async fn relay(listener: TcpListener, server: SocketAddr, air: Arc<Air>) {
    while let Ok((phone, _)) = listener.accept().await {
        if *air.is_on.borrow() {
            tokio::spawn(carry(phone, server, air.clone()));
        }
    }
}

/// Carries one connection until an end closes or the radio is switched off.
async fn carry(phone: TcpStream, server: SocketAddr, air: Arc<Air>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_phone, to_phone) = phone.into_split();
    let (from_server, to_server) = server.into_split();
    let mut is_on = air.is_on.subscribe();
    tokio::select! {
        () = copy(from_phone, to_server, &air.up) => {}
        () = copy(from_server, to_phone, &air.down) => {}
        _ = is_on.wait_for(|on| !on) => {}
    }
}

/// Copies and counts until either end is gone; a lost connection is the phone's to notice.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: &AtomicU64) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        count.fetch_add(length as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(radio: &Radio) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(radio.address).await?;
        stream.write_all(b"ping").await?;
        let mut answer = vec![0; 4];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_radio_counts_what_passes_and_nothing_passes_when_it_is_off() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let radio = Radio::reaching(server.local_addr().expect("bound")).await.expect("a free port");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                let mut asked = [0; 4];
                stream.read_exact(&mut asked).await.expect("asked");
                stream.write_all(b"pong").await.expect("answered");
            }
        });
        assert_eq!(ask(&radio).await.expect("carried"), b"pong");
        assert_eq!(radio.bytes(), (4, 4));
        radio.switch(false);
        assert!(ask(&radio).await.is_err());
        radio.switch(true);
        assert_eq!(ask(&radio).await.expect("carried again"), b"pong");
    }
}
