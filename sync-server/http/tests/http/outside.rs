//! An outside system that answers as it is told, badly if need be, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with the next request.
#[derive(Debug, Clone)]
pub enum Does {
    /// Answers.
    Says(u16, Vec<(&'static str, String)>, String),
    /// Says nothing for so long, then answers 200.
    Dawdles(Duration),
    /// Takes the request and hangs up.
    HangsUp,
}

pub fn says(status: u16, body: &str) -> Does {
    Does::Says(status, Vec::new(), body.into())
}

/// A request it was sent.
#[derive(Debug, Clone)]
pub struct Heard {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Default)]
struct State {
    script: VecDeque<Does>,
    heard: Vec<Heard>,
}

/// The system; what is not in its script is answered with 200.
pub struct Outside {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Outside {
    pub async fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move { answer(stream, &state).await });
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), state }
    }

    pub fn will(&self, does: impl IntoIterator<Item = Does>) {
        self.state.lock().unwrap().script.extend(does);
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.state.lock().unwrap().heard.clone()
    }
}

/// Answers one request; the connection ends with it.
async fn answer(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes[head_end + 4..].to_vec();
    while body.len() < length {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&piece[..count]);
    }
    let does = {
        let mut state = state.lock().unwrap();
        state.heard.push(Heard { method, path, headers, body: String::from_utf8(body).ok()? });
        state.script.pop_front().unwrap_or_else(|| says(200, ""))
    };
    let (status, headers, body) = match does {
        Does::Says(status, headers, body) => (status, headers, body),
        Does::Dawdles(pause) => {
            tokio::time::sleep(pause).await;
            (200, Vec::new(), String::new())
        }
        Does::HangsUp => return None,
    };
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.ok()
}
