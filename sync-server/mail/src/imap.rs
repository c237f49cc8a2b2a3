//! As much of IMAP (RFC 9051, RFC 3501) as it takes to fetch what nobody has seen: sign in, look, fetch, mark.
//!
//! The server is believed in nothing: lines and literals are bounded, and what does not fit ends the connection.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// The longest line of an answer, without what it brings as a literal.
const LINE_BYTES: usize = 64 << 10;
/// Lines of one answer: a mailbox of many mails is searched in one.
const LINES: usize = 100_000;

/// Why the server could not be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The connection ended, or never came about.
    #[error("the connection to the mail server failed: {0}")]
    Connection(#[from] std::io::Error),
    /// The server refused what was asked.
    #[error("the mail server refused to {doing}: {answer}")]
    Refused {
        /// What it was asked.
        doing: &'static str,
        /// What it said.
        answer: String,
    },
    /// The server said something that is no answer.
    #[error("the mail server answered what is none: {0}")]
    Nonsense(&'static str),
}

/// Anything a server is spoken with over.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection.
pub struct Imap {
    stream: BufReader<Box<dyn Stream>>,
    tag: u32,
    /// The largest literal that is taken.
    largest: usize,
}

/// One line of an answer, with what it brought as a literal.
struct Line {
    text: String,
    literal: Option<Vec<u8>>,
}

impl Imap {
    /// Begins to speak over a connection.
    pub async fn greet(stream: Box<dyn Stream>, largest: usize) -> Result<Self, ImapError> {
        let mut imap = Self { stream: BufReader::new(stream), tag: 0, largest };
        let greeting = imap.line().await?;
        if greeting.text.starts_with("* OK") {
            return Ok(imap);
        }
        Err(ImapError::Refused { doing: "talk", answer: shown(&greeting.text) })
    }

    /// Signs in.
    pub async fn sign_in(&mut self, user: &str, password: &str) -> Result<(), ImapError> {
        let (Some(user), Some(password)) = (quoted(user), quoted(password)) else {
            return Err(ImapError::Nonsense("the name or password has letters that cannot be sent"));
        };
        // What the server says of it could repeat the password.
        match self.ask("sign in", &format!("LOGIN {user} {password}")).await {
            Err(ImapError::Refused { doing, .. }) => {
                Err(ImapError::Refused { doing, answer: "wrong name or password".into() })
            }
            other => other.map(drop),
        }
    }

    /// Opens the mailbox where mail comes in.
    pub async fn open_inbox(&mut self) -> Result<(), ImapError> {
        self.ask("open the mailbox", "SELECT INBOX").await.map(drop)
    }

    /// The mails nobody has seen, by the numbers they keep.
    pub async fn unseen(&mut self) -> Result<Vec<u32>, ImapError> {
        let lines = self.ask("search", "UID SEARCH UNSEEN").await?;
        let found = lines.iter().filter_map(|line| line.text.strip_prefix("* SEARCH"));
        Ok(found.flat_map(|numbers| numbers.split_whitespace().filter_map(|number| number.parse().ok())).collect())
    }

    /// How many bytes a mail has.
    pub async fn size(&mut self, uid: u32) -> Result<usize, ImapError> {
        let lines = self.ask("tell a size", &format!("UID FETCH {uid} (RFC822.SIZE)")).await?;
        let size = lines.iter().find_map(|line| {
            let (_, rest) = line.text.split_once("RFC822.SIZE ")?;
            rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        });
        size.ok_or(ImapError::Nonsense("it told no size of a mail it has"))
    }

    /// A mail, or only its headers; nobody has seen it after that either.
    pub async fn fetch(&mut self, uid: u32, is_whole: bool) -> Result<Vec<u8>, ImapError> {
        let what = if is_whole { "BODY.PEEK[]" } else { "BODY.PEEK[HEADER]" };
        let lines = self.ask("hand out a mail", &format!("UID FETCH {uid} ({what})")).await?;
        let found = lines.into_iter().find_map(|line| line.literal);
        found.ok_or(ImapError::Nonsense("it handed out nothing of a mail it has"))
    }

    /// Marks a mail as seen, and for somebody to look at where it could not be taken whole.
    pub async fn mark(&mut self, uid: u32, is_whole: bool) -> Result<(), ImapError> {
        let flags = if is_whole { "\\Seen" } else { "\\Seen \\Flagged" };
        self.ask("mark a mail", &format!("UID STORE {uid} +FLAGS.SILENT ({flags})")).await.map(drop)
    }

    /// Says good-bye; it does not matter whether the server hears it.
    pub async fn leave(mut self) {
        drop(self.ask("let go", "LOGOUT").await);
    }

    async fn ask(&mut self, doing: &'static str, command: &str) -> Result<Vec<Line>, ImapError> {
        self.tag += 1;
        let tag = format!("f{}", self.tag);
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes()).await?;
        self.stream.get_mut().flush().await?;
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            match line.text.strip_prefix(&format!("{tag} ")) {
                Some(answer) if answer.starts_with("OK") => return Ok(lines),
                Some(answer) => return Err(ImapError::Refused { doing, answer: shown(answer) }),
                None if lines.len() < LINES => lines.push(line),
                None => return Err(ImapError::Nonsense("an answer without an end")),
            }
        }
    }

    /// The next line; a literal in it is read apart, and the line goes on after it.
    async fn line(&mut self) -> Result<Line, ImapError> {
        let mut line = Line { text: String::new(), literal: None };
        loop {
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\n") {
                if bytes.len() + line.text.len() >= LINE_BYTES {
                    return Err(ImapError::Nonsense("a line without an end"));
                }
                bytes.push(self.stream.read_u8().await?);
            }
            line.text += String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']);
            let announced = line.text.strip_suffix('}').and_then(|rest| rest.rsplit_once('{'));
            let Some(size) = announced.and_then(|(_, size)| size.parse::<usize>().ok()) else { return Ok(line) };
            if size > self.largest || line.literal.is_some() {
                return Err(ImapError::Nonsense("more than was asked for"));
            }
            let mut literal = vec![0; size];
            self.stream.read_exact(&mut literal).await?;
            line.literal = Some(literal);
            line.text.push(' ');
        }
    }
}

/// A text as IMAP writes it in quotes; `None` for what cannot be.
fn quoted(text: &str) -> Option<String> {
    let fits = text.chars().all(|letter| !letter.is_control());
    fits.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection to a server that says this, whatever it is asked, and what it was asked.
    async fn spoken(said: &'static str) -> (Result<Imap, ImapError>, tokio::io::DuplexStream) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(said.as_bytes()).await.expect("there is room");
        (Imap::greet(Box::new(ours), 100).await, theirs)
    }

    #[tokio::test]
    async fn what_nobody_has_seen_is_found_fetched_and_marked() {
        let said = "* OK ready\r\nf1 OK in\r\n* FLAGS (\\Seen)\r\nf2 OK open\r\n* SEARCH 3 17\r\nf3 OK\r\n\
                    * 1 FETCH (UID 3 RFC822.SIZE 42)\r\nf4 OK\r\n* 1 FETCH (UID 3 BODY[] {8}\r\nFrom: {3 FLAGS ())\r\nf5 OK\r\nf6 OK\r\n";
        let (imap, mut theirs) = spoken(said).await;
        let mut imap = imap.expect("it is ready");
        imap.sign_in("desk@example.org", "a \"b\" \\c").await.expect("it lets in");
        imap.open_inbox().await.expect("there is one");
        assert_eq!(imap.unseen().await.expect("it searches"), [3, 17]);
        assert_eq!(imap.size(3).await.expect("it knows"), 42);
        assert_eq!(imap.fetch(3, true).await.expect("it is there"), b"From: {3");
        imap.mark(3, true).await.expect("it is marked");
        drop(imap);
        let mut asked = String::new();
        theirs.read_to_string(&mut asked).await.expect("text");
        assert!(
            asked.starts_with("f1 LOGIN \"desk@example.org\" \"a \\\"b\\\" \\\\c\"\r\nf2 SELECT INBOX\r\n"),
            "{asked}"
        );
        assert!(asked.ends_with("f6 UID STORE 3 +FLAGS.SILENT (\\Seen)\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn a_server_that_refuses_or_says_what_is_no_answer_is_left() {
        assert!(matches!(spoken("* BYE busy\r\n").await.0, Err(ImapError::Refused { .. })));
        let (imap, _theirs) = spoken("* OK ready\r\nf1 NO wrong password \"secret\"\r\n").await;
        let refused = imap.expect("it is ready").sign_in("desk", "secret").await.expect_err("wrong");
        assert!(!refused.to_string().contains("secret"), "{refused}");
        let (imap, _theirs) = spoken("* OK ready\r\n* 1 FETCH (BODY[] {101}\r\n").await;
        assert!(matches!(imap.expect("it is ready").fetch(1, true).await, Err(ImapError::Nonsense(_))));
        let (imap, theirs) = spoken("* OK ready\r\n* SEARCH 1\r\n").await;
        drop(theirs);
        assert!(matches!(imap.expect("it is ready").unseen().await, Err(ImapError::Connection(_))));
        assert!(imap_of_long_line().await);
    }

    async fn imap_of_long_line() -> bool {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(&vec![b'x'; LINE_BYTES + 1]).await.expect("there is room");
        matches!(Imap::greet(Box::new(ours), 100).await, Err(ImapError::Nonsense(_)))
    }

    #[tokio::test]
    async fn no_name_or_password_brings_a_command_with_it() {
        let (imap, _theirs) = spoken("* OK ready\r\n").await;
        let refused = imap.expect("it is ready").sign_in("desk\r\nf9 DELETE INBOX", "x").await;
        assert!(matches!(refused, Err(ImapError::Nonsense(_))));
    }
}
