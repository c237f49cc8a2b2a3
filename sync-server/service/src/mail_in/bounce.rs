//! Reports that a mail could not be delivered (RFC 3464): which mail, to whom, and why.

use mail_parser::{Message, MessageParser, MimeHeaders};

use super::letter::identity;
use super::parts::{Content, Head, one_line, split};

/// The longest explanation that is kept.
const WHY_CHARACTERS: usize = 400;
/// Bytes of a report that are read.
const REPORT_BYTES: usize = 64 << 10;

/// What became of a mail that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The mail it is about.
    pub message_id: Option<String>,
    /// Whether it is given up; otherwise it is late.
    pub is_final: bool,
    /// The status and the words of the server that refused it.
    pub why: String,
}

impl Bounce {
    /// Reads a report; `None` when a mail is none.
    pub(super) fn read(head: &Head<'_>, body: &[u8]) -> Option<Self> {
        let content_type = head.parsed()?.content_type()?;
        let is_report = head.media() == "multipart/report"
            && content_type.attribute("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
        if !is_report {
            return None;
        }
        let content = Content::read(head, body);
        let of_type = |media: &[&str]| content.files.iter().find(|file| media.contains(&file.content_type.as_str()));
        let status = of_type(&["message/delivery-status", "message/global-delivery-status"])?.bytes();
        let status = String::from_utf8_lossy(&status[..status.len().min(REPORT_BYTES)]).into_owned();
        let said = |name: &str| {
            let fields = status.lines().filter_map(|line| line.split_once(':'));
            let mut fields = fields.filter(|(field, _)| field.trim().eq_ignore_ascii_case(name));
            fields.next().map(|(_, value)| one_line(value)).unwrap_or_default()
        };
        let why = [said("Final-Recipient"), said("Status"), said("Diagnostic-Code")];
        let why: Vec<String> = why.into_iter().filter(|part| !part.is_empty()).collect();
        let about = of_type(&["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]);
        Some(Self {
            message_id: about.and_then(|about| message_id(&about.bytes())),
            is_final: said("Action").eq_ignore_ascii_case("failed"),
            why: why.join("; ").chars().take(WHY_CHARACTERS).collect(),
        })
    }
}

fn message_id(mail: &[u8]) -> Option<String> {
    let (head, _) = split(mail);
    let head = MessageParser::default().parse_headers(&head[..head.len().min(REPORT_BYTES)])?;
    Message::message_id(&head).and_then(identity)
}
