//! A connection that stays open: one request, one answer, over and over. It does next to nothing, so that the processors are
//! the servers'.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::Result;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub target: String,
    pub body: String,
}

impl Request {
    /// A question that changes nothing.
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: "GET", target: target.into(), body: String::new() }
    }
}

/// What came back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// `X-Total-Count`.
    pub total: Option<u64>,
    pub body: Vec<u8>,
}

/// The host both servers are told they are, so that the links in their answers are the same.
const HOST: &str = "measured";

/// A connection to one of the servers, and whose it is.
pub struct Connection {
    stream: BufReader<TcpStream>,
    headers: String,
}

impl Connection {
    /// Opens one; `token` is sent with every request.
    pub fn open(to: SocketAddr, token: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let headers = format!("host: {HOST}\r\n{authorization}accept: application/json\r\n");
        Ok(Self { stream: BufReader::with_capacity(64 << 10, stream), headers })
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, request: &Request) -> Result<Answer> {
        let Request { method, target, body } = request;
        let content = match body.len() {
            0 => String::new(),
            length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        let text = format!("{method} {target} HTTP/1.1\r\n{}{content}\r\n{body}", self.headers);
        self.stream.get_mut().write_all(text.as_bytes())?;
        let (mut answer, length) = self.head()?;
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn head(&mut self) -> Result<(Answer, usize)> {
        let (mut answer, mut length, mut line) = (Answer::default(), 0, String::new());
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server closed the connection".into());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse()?,
                Some((name, value)) if name.eq_ignore_ascii_case("x-total-count") => {
                    answer.total = Some(value.parse()?)
                }
                Some(_) => {}
                None if line.trim_end().is_empty() => return Ok((answer, length)),
                None => answer.status = line.split(' ').nth(1).unwrap_or_default().parse()?,
            }
        }
    }
}
