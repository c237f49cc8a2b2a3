//! A mail as it was read: who wrote what to whom, in answer to what, and whether a person did.

use mail_parser::{Address, HeaderName, HeaderValue, Message};

use super::bounce::Bounce;
use super::parts::{Content, Enclosure, Head, one_line, split};

/// Mails named as answered that are looked at: a long conversation names all of them.
const MOST_REFERENCES: usize = 50;
const SUBJECT_CHARACTERS: usize = 255;
const NAME_CHARACTERS: usize = 100;
const ADDRESS_BYTES: usize = 254;
/// As many characters as `sys_email` keeps of an identity.
const IDENTITY_CHARACTERS: usize = 255;
/// Bytes of a text that are kept: a journal takes 64 KiB, and more is said with it.
const TEXT_BYTES: usize = 40_000;

/// A mail.
pub struct Letter<'m> {
    /// What it is known by, in angle brackets.
    pub message_id: Option<String>,
    /// The mails it answers, the nearest first.
    pub references: Vec<String>,
    /// The address it says it comes from, in lower case.
    pub from: Option<String>,
    /// What whoever wrote it is called.
    pub name: String,
    /// Its subject, in one line.
    pub subject: String,
    /// What it says, with what it quotes.
    pub text: String,
    /// The files with it.
    pub files: Vec<Enclosure<'m>>,
    /// Why it is not a person's, if it is not.
    pub automatic: Option<&'static str>,
    /// What it reports of another mail that could not be delivered.
    pub bounce: Option<Bounce>,
}

impl<'m> Letter<'m> {
    /// Reads a mail, whatever it is.
    pub fn read(raw: &'m [u8]) -> Self {
        let (head, body) = split(raw);
        let head = Head::read(head);
        let content = Content::read(&head, body);
        let (from, name) = author(&head);
        let bounce = Bounce::read(&head, body);
        Self {
            message_id: head.parsed().and_then(Message::message_id).and_then(identity),
            references: references(&head),
            automatic: automatic(&head),
            subject: subject(&head),
            text: shortened(content.text),
            files: content.files,
            bounce,
            from,
            name,
        }
    }
}

/// Who wrote it; nobody where it says so more than once, because then one reader sees one and another the other.
fn author(head: &Head<'_>) -> (Option<String>, String) {
    let first = || head.parsed()?.from().filter(|_| head.count(&HeaderName::From) == 1).and_then(Address::first);
    let Some(first) = first() else { return (None, String::new()) };
    let name: String = one_line(first.name().unwrap_or_default()).chars().take(NAME_CHARACTERS).collect();
    (first.address().and_then(address), name)
}

/// An address as it is compared.
pub(crate) fn address(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let splits = |letter: char| letter.is_whitespace() || letter.is_control() || "<>,;\"@".contains(letter);
    let fits = |part: &str| !part.is_empty() && !part.contains(splits);
    (fits(local) && fits(domain) && text.len() <= ADDRESS_BYTES).then_some(text)
}

fn subject(head: &Head<'_>) -> String {
    let subject = head.parsed().and_then(Message::subject).map(one_line).unwrap_or_default();
    subject.chars().take(SUBJECT_CHARACTERS).collect()
}

/// An identity in angle brackets, as rows keep it.
pub(super) fn identity(text: &str) -> Option<String> {
    let text = one_line(text);
    let bare = text.trim_start_matches('<').trim_end_matches('>');
    let fits = !bare.is_empty() && bare.chars().count() + 2 <= IDENTITY_CHARACTERS;
    fits.then(|| format!("<{bare}>"))
}

fn references(head: &Head<'_>) -> Vec<String> {
    let Some(message) = head.parsed() else { return Vec::new() };
    let listed = |value: &HeaderValue<'_>| match value {
        HeaderValue::Text(text) => vec![text.to_string()],
        HeaderValue::TextList(texts) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let nearest = listed(message.in_reply_to());
    let all = nearest.into_iter().chain(listed(message.references()).into_iter().rev());
    let mut found = Vec::new();
    for one in all.filter_map(|one| identity(&one)).take(MOST_REFERENCES) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// Why a mail is not a person's: what programs say of their mail (RFC 3834, and what was usual before it).
fn automatic(head: &Head<'_>) -> Option<&'static str> {
    let says = |name: &'static str| head.raw(name).to_ascii_lowercase();
    let submitted = says("Auto-Submitted");
    let precedence = says("Precedence");
    let suppressed = says("X-Auto-Response-Suppress");
    match () {
        () if says("Return-Path") == "<>" => Some("its return path is empty"),
        () if !submitted.is_empty() && submitted.split(';').next().map(str::trim) != Some("no") => {
            Some("Auto-Submitted says that a program wrote it")
        }
        () if ["bulk", "junk", "list", "auto_reply"].contains(&precedence.as_str()) => {
            Some("Precedence says that it is no person's mail")
        }
        () if ["all", "oof", "autoreply"]
            .iter()
            .any(|word| suppressed.split(',').any(|given| given.trim() == *word)) =>
        {
            Some("X-Auto-Response-Suppress asks for no answer")
        }
        () if ["X-Autoreply", "X-Autorespond"].iter().any(|name| !says(name).is_empty()) => {
            Some("it says that it is an automatic reply")
        }
        () => None,
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > TEXT_BYTES {
        let end = (0..=TEXT_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
    }
    text
}
