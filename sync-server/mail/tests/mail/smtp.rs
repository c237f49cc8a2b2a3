//! An SMTP server on a real socket that speaks as much as it must, and keeps what it is given.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it was given, and how it is scripted.
#[derive(Default)]
struct Kept {
    letters: Vec<Letter>,
    refuses: Option<&'static str>,
    asked: usize,
}

/// A letter as it came.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    text: String,
}

impl Letter {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").expect("a head and a body");
        let unfolded = head.replace("\r\n ", " ");
        let begin = format!("{name}: ");
        unfolded.lines().find_map(|line| line.strip_prefix(&begin).map(str::to_owned))
    }

    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").expect("a head and a body").1.trim_end()
    }
}

/// A server that listens.
#[derive(Clone)]
pub struct Smtp {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Smtp {
    pub async fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://127.0.0.1:{}", listener.local_addr().expect("bound").port());
        let smtp = Self { url, kept: Arc::default() };
        let serving = smtp.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let smtp = serving.clone();
                tokio::spawn(async move { smtp.converse(stream).await });
            }
        });
        smtp
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers everybody who wants to send something so.
    pub fn refuse(&self, refuses: Option<&'static str>) {
        self.kept().refuses = refuses;
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.kept().letters.clone()
    }

    /// How often somebody wanted to send something.
    pub fn asked(&self) -> usize {
        self.kept().asked
    }

    async fn converse(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 test\r\n").await.ok()?;
        let mut to = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let answer = match line.trim_end() {
                line if line.starts_with("MAIL FROM:") => {
                    let mut kept = self.kept();
                    kept.asked += 1;
                    kept.refuses.unwrap_or("250 ok\r\n")
                }
                line if line.starts_with("RCPT TO:") => {
                    to = line.trim_start_matches("RCPT TO:<").trim_end_matches('>').to_owned();
                    "250 ok\r\n"
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let text = received(&mut stream).await?;
                    self.kept().letters.push(Letter { to: to.clone(), text });
                    "250 taken\r\n"
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}

async fn received(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.as_str() {
            ".\r\n" => return Some(text),
            line => text.push_str(line.strip_prefix('.').unwrap_or(line)),
        }
    }
}
