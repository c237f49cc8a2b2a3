//! Somebody between a phone and the server who answers in the server's place.
//!
//! A portal may ask the server and tell something else, or answer out of its head, at whatever moment, in whatever way a
//! connection can end. It says nothing about what the phone should make of that: stories do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes read at once.
const PIECE_BYTES: usize = 4_096;
/// A pause between two bytes of an answer that drips: each of them comes long before any timeout of a connection.
const DRIP: Duration = Duration::from_millis(500);

/// What a portal does with every connection.
#[derive(Clone)]
pub struct Portal {
    listens: Listens,
    answer: Answer,
    ends: Ends,
}

/// How much of a request a portal reads before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listens {
    /// Nothing.
    NotAtAll,
    /// Up to the end of its head.
    ToTheHead,
    /// All of it.
    ToTheEnd,
}

#[derive(Clone)]
enum Answer {
    Invented(Arc<Vec<u8>>),
    MadeOf(Arc<Twist>),
}

/// What a portal makes of the server's answer.
type Twist = dyn Fn(&Real) -> Vec<u8> + Send + Sync;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The connection is closed in order.
    InOrder,
    /// The connection is reset.
    InAReset,
    /// Nothing more comes, and the connection stays.
    InSilence,
    /// It does not: zeros come as fast as they are taken.
    Never,
    /// Its bytes come one by one.
    InDrips,
}

/// A request and what the server really answers to it.
pub struct Real {
    /// The request's body.
    pub asked: Vec<u8>,
    /// The answer's head with the empty line at its end.
    pub head: Vec<u8>,
    /// The answer's body.
    pub body: Vec<u8>,
}

impl Portal {
    /// Answers everything with the same bytes.
    pub fn says(bytes: impl Into<Vec<u8>>) -> Self {
        Self { listens: Listens::ToTheEnd, answer: Answer::Invented(Arc::new(bytes.into())), ends: Ends::InOrder }
    }

    /// Asks the server, and answers what it makes of the server's answer.
    pub fn twists(twist: impl Fn(&Real) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { answer: Answer::MadeOf(Arc::new(twist)), ..Self::says([]) }
    }

    /// Answers after so much of the request.
    pub fn after(self, listens: Listens) -> Self {
        Self { listens, ..self }
    }

    /// Ends its answer so.
    pub fn ending(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// Serves one connection of a phone.
    pub(crate) async fn serves(&self, mut phone: TcpStream, server: SocketAddr) -> std::io::Result<()> {
        let request = read_message(&mut phone, self.listens).await?;
        let answer = match &self.answer {
            Answer::Invented(bytes) => bytes.to_vec(),
            Answer::MadeOf(twist) => twist(&really(server, &request).await?),
        };
        match self.ends {
            Ends::InDrips => drip(&mut phone, &answer).await?,
            _ => phone.write_all(&answer).await?,
        }
        match self.ends {
            Ends::InAReset => phone.set_zero_linger()?,
            Ends::InSilence => std::future::pending().await,
            Ends::Never => loop {
                phone.write_all(&[0; PIECE_BYTES]).await?;
            },
            Ends::InOrder | Ends::InDrips => phone.shutdown().await?,
        }
        Ok(())
    }
}

async fn drip(phone: &mut TcpStream, answer: &[u8]) -> std::io::Result<()> {
    for byte in answer {
        phone.write_all(std::slice::from_ref(byte)).await?;
        tokio::time::sleep(DRIP).await;
    }
    Ok(())
}

async fn really(server: SocketAddr, request: &[u8]) -> std::io::Result<Real> {
    let mut server = TcpStream::connect(server).await?;
    server.write_all(request).await?;
    let answer = read_message(&mut server, Listens::ToTheEnd).await?;
    let head = head_of(&answer).unwrap_or(answer.len());
    let asked = head_of(request).map_or(&[][..], |head| &request[head..]).to_vec();
    Ok(Real { asked, head: answer[..head].to_vec(), body: answer[head..].to_vec() })
}

/// Where the body of a message begins.
fn head_of(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// Reads a message with a declared length, as far as is wanted.
async fn read_message(from: &mut TcpStream, wanted: Listens) -> std::io::Result<Vec<u8>> {
    let (mut message, mut piece) = (Vec::new(), [0; PIECE_BYTES]);
    if wanted == Listens::NotAtAll {
        return Ok(message);
    }
    loop {
        if let Some(head) = head_of(&message) {
            let text = String::from_utf8_lossy(&message[..head]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if wanted == Listens::ToTheHead || message.len() >= head + length.unwrap_or(0_usize) {
                return Ok(message);
            }
        }
        match from.read(&mut piece).await? {
            0 => return Ok(message),
            read => message.extend_from_slice(&piece[..read]),
        }
    }
}
