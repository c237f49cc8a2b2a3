//! What a server says on a line that is kept open: that there is something new, and nothing about what.
//!
//! The form is server-sent events (WHATWG HTML, section 9.2), so that a page listens with what its browser brings. The only
//! thing said is a [`Mark`], as the event's id. The first one comes without data: it moves `Last-Event-ID`, wakes nobody, and
//! tells the listener that this is a server of ours. Each later one has empty data: there is something to fetch.

use std::fmt;
use std::str::FromStr;

use crate::wire::{Entry, Outcome, Position, Response};

/// The media type of a stream in HTTP.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// Sent when there is nothing to say, so that both sides notice a dead line.
pub const KEEP_ALIVE: &str = ":\n";

/// How often [`KEEP_ALIVE`] is sent: the shortest time after which mobile networks forget a quiet connection is 30 s.
pub const KEEP_ALIVE_MILLISECONDS: u64 = 15_000;

/// A stream that says nothing for so long has lost three keep-alives and is dead.
pub const SILENCE_MILLISECONDS: u64 = 3 * KEEP_ALIVE_MILLISECONDS;

/// The longest line anybody has a reason to send.
const LINE_BYTES: usize = 256;

/// A place in the feed of one life of a server. Opaque to pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which life of the server.
    pub server_epoch: u64,
    /// Where in its feed.
    pub position: Position,
}

impl Mark {
    /// The newest place in the feed that an answer names.
    pub fn shown_by(response: &Response) -> Option<Self> {
        let receipts = response.receipts.iter().filter_map(|receipt| match receipt.outcome {
            Outcome::Accepted { position, .. } | Outcome::Differs { position } => Some(position),
            Outcome::Held { .. } | Outcome::NeedsHeads => None,
        });
        let entries = response.entries.iter().filter_map(|entry| match entry {
            Entry::Row { position, .. }
            | Entry::Snapshot { position, .. }
            | Entry::Packed { position, .. }
            | Entry::Edit { position, .. } => Some(*position),
            Entry::Leave { .. } => None,
        });
        let position = receipts.chain(entries).max()?;
        Some(Self { server_epoch: response.server_epoch, position })
    }

    /// Whether whoever has everything up to `other` has everything up to here.
    pub fn is_covered_by(self, other: Self) -> bool {
        self.server_epoch == other.server_epoch && self.position <= other.position
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.server_epoch, self.position.0)
    }
}

/// A text that is no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the id of an event of this server")]
pub struct NotAMark;

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let (epoch, position) = text.split_once('-').ok_or(NotAMark)?;
        let number = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| NotAMark);
        Ok(Self { server_epoch: number(epoch)?, position: Position(number(position)?) })
    }
}

/// The first event of a stream.
pub fn hello(mark: Mark) -> String {
    format!("id:{mark}\n\n")
}

/// An event that wakes its listener.
pub fn news(mark: Mark) -> String {
    format!("id:{mark}\ndata:\n\n")
}

/// What a listener hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The server is there, and its feed is here.
    Hello(Mark),
    /// Something new happened, up to here.
    News(Mark),
}

/// Why a listener should hang up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a stream of ours: a line is longer than any of ours")]
pub struct Overlong;

/// Reads a stream as it comes, in whatever pieces. It keeps one line at the most; events without a [`Mark`] are not ours and
/// are passed over.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    id: Option<Mark>,
    has_data: bool,
}

impl Reader {
    /// Takes the next bytes and says what they brought.
    ///
    /// # Errors
    /// When a line is longer than any a server of ours sends.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Vec<Heard>, Overlong> {
        let mut heard = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    heard.extend(self.take(&line));
                }
                _ if self.line.len() == LINE_BYTES => return Err(Overlong),
                byte => self.line.push(*byte),
            }
        }
        Ok(heard)
    }

    fn take(&mut self, line: &[u8]) -> Option<Heard> {
        let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
        if line.is_empty() {
            let has_data = std::mem::take(&mut self.has_data);
            let mark = self.id.take()?;
            return Some(if has_data { Heard::News(mark) } else { Heard::Hello(mark) });
        }
        match line.split_once(':')? {
            ("id", id) => self.id = id.trim_start().parse().ok(),
            ("data", _) => self.has_data = true,
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(position: u64) -> Mark {
        Mark { server_epoch: u64::MAX, position: Position(position) }
    }

    #[test]
    fn a_stream_is_read_the_same_in_whatever_pieces_it_comes() {
        let stream = [hello(mark(7)), KEEP_ALIVE.into(), news(mark(300)), KEEP_ALIVE.into(), news(mark(301))].concat();
        let expected = vec![Heard::Hello(mark(7)), Heard::News(mark(300)), Heard::News(mark(301))];
        for size in 1..=stream.len() {
            let mut reader = Reader::default();
            let heard: Vec<Heard> =
                stream.as_bytes().chunks(size).flat_map(|piece| reader.read(piece).expect("short lines")).collect();
            assert_eq!(heard, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn events_of_others_wake_nobody_and_an_endless_line_is_hung_up_on() {
        let mut reader = Reader::default();
        for foreign in ["data: buy now\n\n", "id: 42\ndata: x\n\n", "event: ad\n\n", "<html>\n\n", "id:\n\n", "\u{0}\n"]
        {
            assert_eq!(reader.read(foreign.as_bytes()), Ok(Vec::new()), "{foreign}");
        }
        assert_eq!(reader.read(b"id: ffffffffffffffff-7\r\ndata: 1\r\n\r\n"), Ok(vec![Heard::News(mark(7))]));
        assert_eq!(reader.read(&[b'x'; LINE_BYTES + 1]), Err(Overlong));
    }

    #[test]
    fn a_mark_covers_what_came_before_in_the_same_life_of_the_server_only() {
        assert_eq!(mark(7).to_string().parse(), Ok(mark(7)));
        assert!(mark(6).is_covered_by(mark(7)) && mark(7).is_covered_by(mark(7)) && !mark(8).is_covered_by(mark(7)));
        assert!(!mark(6).is_covered_by(Mark { server_epoch: 1, ..mark(7) }));
    }
}
