//! What a file says, for whoever looks for it by words: texts, CSV, JSON, XML, HTML and PDF.
//!
//! Files come from anybody. What is read of one is bounded (bytes, pages, characters), and reading is a function of the bytes
//! alone, so that it can be fed anything. A file of another kind, or one that cannot be read, says nothing. Left out: text in
//! pictures, office documents, what an encrypted PDF says.

pub mod pdf;

use std::borrow::Cow;

use serde_json::Value;

/// The most bytes that are looked at: of a text its beginning, while a longer PDF is not read at all.
pub const FILE_BYTES: usize = 16 << 20;
/// The most characters kept of what a file says.
pub const FILE_CHARACTERS: usize = 200_000;
/// The most bytes of a text that are looked at.
const TEXT_BYTES: usize = 2 << 20;
/// What in a page of HTML is not for people.
const UNREAD_ELEMENTS: [&str; 2] = ["script", "style"];

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it stands: plain text, CSV.
    Text,
    /// Names and texts of JSON.
    Json,
    /// What is between the tags: XML, HTML.
    Markup,
    /// Page by page.
    Pdf,
}

impl Kind {
    /// The kind a media type names, else the end of a file's name; `None` when nothing is read of such a file.
    pub fn of(content_type: &str, name: &str) -> Option<Self> {
        let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/pdf" | "application/x-pdf" => Some(Self::Pdf),
            "text/html" | "text/xml" | "application/xml" | "application/xhtml+xml" => Some(Self::Markup),
            "application/json" | "text/json" => Some(Self::Json),
            media if media.ends_with("+xml") => Some(Self::Markup),
            media if media.ends_with("+json") => Some(Self::Json),
            media if media.starts_with("text/") => Some(Self::Text),
            "" | "application/octet-stream" | "application/x-csv" | "application/csv" => Self::of_name(name),
            _ => None,
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "pdf" => Some(Self::Pdf),
            "txt" | "csv" | "tsv" | "md" | "log" => Some(Self::Text),
            "json" => Some(Self::Json),
            "xml" | "html" | "htm" | "xhtml" => Some(Self::Markup),
            _ => None,
        }
    }
}

/// What a file that is no PDF says; of a PDF, [`pdf::text_of`] tells it.
pub fn text_of(kind: Kind, bytes: &[u8]) -> String {
    let text = decoded(&bytes[..bytes.len().min(TEXT_BYTES)]);
    shortened(match kind {
        Kind::Text | Kind::Pdf => text.into_owned(),
        Kind::Json => serde_json::from_str(&text).map_or_else(|_| text.into_owned(), |value| said_in(&value)),
        Kind::Markup => between_tags(&text),
    })
}

/// The beginning of a text, as far as it is kept.
pub(crate) fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(FILE_CHARACTERS) {
        text.truncate(end);
    }
    text
}

/// UTF-8, UTF-16 where it says so, else each byte as Latin-1 has it; the last character of what was cut may be lost.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(wide(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(wide(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(problem) if problem.error_len().is_none() => String::from_utf8_lossy(bytes),
            Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
        },
    }
}

/// The names and texts of JSON, whose nesting its reader bounds.
fn said_in(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(said_in).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name} {}", said_in(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// What stands between the tags of a page, without comments, scripts and styles, and with its entities as letters.
fn between_tags(text: &str) -> String {
    let (mut said, mut rest) = (String::new(), text);
    while let Some((before, tag)) = rest.split_once('<') {
        said += before;
        said.push(' ');
        rest = match tag.strip_prefix("!--") {
            Some(comment) => comment.split_once("-->").map_or("", |(_, after)| after),
            None => after_tag(tag),
        };
    }
    html_escape::decode_html_entities(&(said + rest)).into_owned()
}

/// What follows a tag, and all of its element where that is not for people.
fn after_tag(tag: &str) -> &str {
    let after = tag.split_once('>').map_or("", |(_, after)| after);
    let begins = |text: &str, name: &str| {
        text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && text[name.len()..].starts_with(|next: char| !next.is_alphanumeric())
    };
    let Some(name) = UNREAD_ELEMENTS.into_iter().find(|name| begins(tag, name)) else { return after };
    let mut ends = after.match_indices("</");
    let end = ends.find(|(at, _)| begins(&after[at + 2..], name));
    end.map_or("", |(at, _)| &after[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_by_the_media_type_and_else_by_the_name() {
        for (content_type, name, kind) in [
            ("text/plain; charset=utf-8", "x", Some(Kind::Text)),
            ("text/csv", "x", Some(Kind::Text)),
            ("Application/PDF", "x", Some(Kind::Pdf)),
            ("application/octet-stream", "manual.PDF", Some(Kind::Pdf)),
            ("image/svg+xml", "x", Some(Kind::Markup)),
            ("application/problem+json", "x", Some(Kind::Json)),
            ("", "page.htm", Some(Kind::Markup)),
            ("image/jpeg", "page.txt", None),
            ("application/octet-stream", "tool.exe", None),
        ] {
            assert_eq!(Kind::of(content_type, name), kind, "{content_type} {name}");
        }
    }

    #[test]
    fn what_people_read_is_kept_and_the_rest_is_not() {
        let page = "<!-- hidden --><html><STYLE>p { color: red }</style><p>K&uuml;hl&#45;kreis</p><script>secret()</script>\
                    <b>pump</b>ed<scripted>seen</scripted>";
        let said = text_of(Kind::Markup, page.as_bytes());
        for word in ["Kühl-kreis", "pump", "seen"] {
            assert!(said.contains(word), "{word}: {said}");
        }
        for word in ["hidden", "color", "secret", "<"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
        assert_eq!(text_of(Kind::Json, br#"[{"part":"k\u00e4se"},{"n":[1,"b"]}]"#), "part käse n 1 b");
        assert_eq!(text_of(Kind::Json, b"{not json"), "{not json");
    }

    #[test]
    fn letters_are_read_as_they_were_written() {
        assert_eq!(text_of(Kind::Text, "Ölpumpe".as_bytes()), "Ölpumpe");
        assert_eq!(text_of(Kind::Text, b"\xd6lpumpe"), "Ölpumpe", "Latin-1");
        assert_eq!(text_of(Kind::Text, b"\xff\xfeO\0k\0"), "Ok", "UTF-16");
        assert_eq!(text_of(Kind::Text, b"\xef\xbb\xbfOk"), "Ok");
        let long = "ä".repeat(FILE_CHARACTERS + 5);
        assert_eq!(text_of(Kind::Text, long.as_bytes()).chars().count(), FILE_CHARACTERS);
    }

    #[test]
    fn a_page_that_ends_anywhere_is_read_to_there() {
        let page = "<p a=\"1\">x</p><script>y</script><!-- z --> & &am";
        for end in 0..page.len() {
            let _ = text_of(Kind::Markup, &page.as_bytes()[..end]);
        }
    }
}
