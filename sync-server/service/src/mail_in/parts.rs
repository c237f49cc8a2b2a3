//! The parts of a mail (RFC 2045 to 2049): what somebody wrote, and the files with it.
//!
//! Mail comes from anybody. `mail-parser` reads headers, words and letters; the walk through the parts is this one, because it is
//! bounded in depth and number, while a mail of many mails in each other makes the library's call itself as often when it is dropped.
//! Nothing is decoded that would be larger than what is kept anyway.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders};

use crate::reading;

/// Multiparts in each other; mail programs nest three or four.
const DEEPEST: usize = 12;
/// Parts that are looked at; what comes after them is not taken.
const MOST_PARTS: usize = 200;
/// Bytes of headers that are read.
const HEAD_BYTES: usize = 64 << 10;
/// Bytes of a text that are decoded.
const TEXT_BYTES: usize = 1 << 20;
/// Characters of a file's name and of a media type.
const NAME_CHARACTERS: usize = 200;
const MEDIA_CHARACTERS: usize = 100;

/// The headers of a mail or of a part.
pub(super) struct Head<'m>(Message<'m>);

impl<'m> Head<'m> {
    /// Reads headers, as many as are looked at.
    pub fn read(bytes: &'m [u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(HEAD_BYTES)];
        Self(MessageParser::default().parse_headers(bytes).unwrap_or_default())
    }

    /// What the library makes of them, if there is any.
    pub fn parsed(&self) -> Option<&Message<'m>> {
        (!self.0.parts.is_empty()).then_some(&self.0)
    }

    /// A header as it was written, in one line; empty when there is none.
    pub fn raw(&self, name: &'static str) -> String {
        self.parsed().and_then(|message| message.header_raw(name)).map(one_line).unwrap_or_default()
    }

    /// How often a header is there.
    pub fn count(&self, name: &HeaderName<'_>) -> usize {
        self.parsed().map_or(0, |message| message.headers().iter().filter(|header| header.name == *name).count())
    }

    /// The media type, in lower case; text where none is named.
    pub fn media(&self) -> String {
        let given = self.parsed().and_then(MimeHeaders::content_type);
        let named = given.map(|given| format!("{}/{}", given.ctype(), given.subtype().unwrap_or("plain")));
        let named = named.map(|named| one_line(&named).to_lowercase()).filter(|named| named.is_ascii());
        named.unwrap_or_else(|| "text/plain".to_owned()).chars().take(MEDIA_CHARACTERS).collect()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.parsed()?.content_type()?.attribute(name).filter(|value| !value.is_empty())
    }

    fn is_file(&self) -> bool {
        let disposition = self.parsed().and_then(MimeHeaders::content_disposition);
        disposition.is_some_and(mail_parser::ContentType::is_attachment) || self.name().is_some()
    }

    fn name(&self) -> Option<String> {
        let name = self.parsed()?.attachment_name()?;
        // What looks like a way through folders is only its end.
        let name = one_line(name.rsplit(['/', '\\']).next().unwrap_or_default());
        let name: String = name.chars().take(NAME_CHARACTERS).collect();
        Some(name).filter(|name| !name.is_empty())
    }

    fn encoding(&self) -> Encoding {
        match self.parsed().and_then(MimeHeaders::content_transfer_encoding) {
            Some(name) if name.eq_ignore_ascii_case("base64") => Encoding::Base64,
            Some(name) if name.eq_ignore_ascii_case("quoted-printable") => Encoding::QuotedPrintable,
            _ => Encoding::Plain,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Base64,
    QuotedPrintable,
}

impl Encoding {
    /// How many bytes these become, at the most.
    fn decoded_bytes(self, bytes: &[u8]) -> usize {
        match self {
            Self::Base64 => bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count() / 4 * 3,
            Self::Plain | Self::QuotedPrintable => bytes.len(),
        }
    }

    /// The bytes that were encoded; as they stand where they are not.
    fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let decoded = match self {
            Self::Plain => None,
            Self::Base64 => base64_decode(bytes),
            Self::QuotedPrintable => quoted_printable_decode(bytes),
        };
        decoded.map_or(Cow::Borrowed(bytes), Cow::Owned)
    }
}

/// A file that came with a mail.
pub struct Enclosure<'m> {
    /// What it is called.
    pub name: String,
    /// Its media type, as the sender says.
    pub content_type: String,
    /// How many bytes it has, at the most.
    pub size_bytes: usize,
    encoding: Encoding,
    encoded: &'m [u8],
}

impl Enclosure<'_> {
    /// Its bytes.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        self.encoding.decode(self.encoded)
    }
}

/// What is in a mail.
#[derive(Default)]
pub(super) struct Content<'m> {
    /// What somebody wrote, as plain text.
    pub text: String,
    /// Whether that was written as plain text, too.
    is_plain: bool,
    /// The files with it.
    pub files: Vec<Enclosure<'m>>,
    parts: usize,
}

impl<'m> Content<'m> {
    /// Reads what comes after the headers of a mail.
    pub fn read(head: &Head<'m>, body: &'m [u8]) -> Self {
        let mut content = Self::default();
        content.part(head, body, 0);
        content
    }

    fn part(&mut self, head: &Head<'m>, body: &'m [u8], depth: usize) {
        self.parts += 1;
        let media = head.media();
        let boundary = head.attribute("boundary").filter(|_| media.starts_with("multipart/"));
        match (media.as_str(), boundary) {
            ("multipart/alternative", Some(boundary)) if depth < DEEPEST => self.alternatives(body, boundary, depth),
            (_, Some(boundary)) if depth < DEEPEST => {
                for (head, body) in self.each(body, boundary) {
                    self.part(&head, body, depth + 1);
                }
            }
            ("text/plain" | "text/html", _) if !head.is_file() => self.said(head, body, media == "text/html"),
            ("text/plain", _) if depth == 0 => self.said(head, body, false),
            _ => self.enclosed(head, body, media),
        }
    }

    fn each(&self, body: &'m [u8], boundary: &str) -> Vec<(Head<'m>, &'m [u8])> {
        let parts = between(body, boundary).take(MOST_PARTS.saturating_sub(self.parts));
        parts.map(split).map(|(head, body)| (Head::read(head), body)).collect()
    }

    /// The same said in several ways: plain text before HTML, and files of all of them.
    fn alternatives(&mut self, body: &'m [u8], boundary: &str, depth: usize) {
        let mut best: Option<Self> = None;
        for (head, body) in self.each(body, boundary) {
            let mut one = Self { parts: self.parts, ..Self::default() };
            one.part(&head, body, depth + 1);
            self.parts = one.parts;
            self.files.append(&mut one.files);
            let is_better =
                best.as_ref().is_none_or(|best| best.text.trim().is_empty() || one.is_plain && !best.is_plain);
            if is_better && !one.text.trim().is_empty() {
                best = Some(one);
            }
        }
        if let Some(best) = best {
            self.add(&best.text, best.is_plain);
        }
    }

    fn said(&mut self, head: &Head<'m>, body: &'m [u8], is_html: bool) {
        let encoded = &body[..body.len().min(TEXT_BYTES)];
        let bytes = head.encoding().decode(encoded);
        let charset = head.attribute("charset").and_then(|name| charset_decoder(name.as_bytes()));
        let text = charset.map_or_else(|| reading::decoded(&bytes), |decode| Cow::Owned(decode(&bytes)));
        match is_html {
            true => self.add(&html_to_text(&text), false),
            false => self.add(&text, true),
        }
    }

    fn add(&mut self, text: &str, is_plain: bool) {
        let text = cleaned(text);
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&text);
        self.is_plain |= is_plain && !text.trim().is_empty();
    }

    fn enclosed(&mut self, head: &Head<'m>, body: &'m [u8], media: String) {
        let encoding = head.encoding();
        let size_bytes = encoding.decoded_bytes(body);
        if size_bytes == 0 {
            return;
        }
        let unnamed = || if media == "message/rfc822" { "mail.eml".to_owned() } else { "file".to_owned() };
        let name = head.name().unwrap_or_else(unnamed);
        self.files.push(Enclosure { name, content_type: media, size_bytes, encoding, encoded: body });
    }
}

/// The headers of a mail or a part, and what comes after them.
pub(super) fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        let line = bytes[at..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        let next = (at + line.len() + 1).min(bytes.len());
        if line.is_empty() || line == b"\r" {
            return (&bytes[..at], &bytes[next..]);
        }
        at = next;
    }
    (bytes, &[])
}

/// What is between the lines of a boundary.
fn between<'m>(body: &'m [u8], boundary: &str) -> impl Iterator<Item = &'m [u8]> {
    let delimiter = format!("--{boundary}").into_bytes();
    let (mut places, mut at) = (Vec::new(), 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let is_one = line.starts_with(&delimiter);
        let rest = if is_one { line[delimiter.len()..].trim_ascii() } else { &[] };
        if is_one && (rest.is_empty() || rest == b"--") {
            places.push((at, at + line.len()));
            if rest == b"--" || places.len() > MOST_PARTS {
                break;
            }
        }
        at += line.len();
    }
    let ends: Vec<usize> = places.iter().skip(1).map(|(begins, _)| *begins).chain([body.len()]).collect();
    let is_closed = places.len() > 1 && !ends.is_empty();
    let parts = if is_closed { places.len() - 1 } else { places.len() };
    let parts: Vec<&[u8]> =
        places.iter().zip(ends).take(parts).map(|((_, from), to)| &body[*from..to.max(*from)]).collect();
    parts.into_iter()
}

/// A text without what no screen shows and no database likes.
pub(super) fn cleaned(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|letter| *letter == '\n' || *letter == '\t' || !letter.is_control()).collect()
}

/// A text as one line.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
