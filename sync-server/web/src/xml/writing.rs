//! Writing a document that every parser takes, whatever the texts hold.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

const IN_MEMORY: &str = "writing to memory cannot fail";

/// A document that is being written.
pub struct Writing(Writer<Vec<u8>>);

impl Writing {
    /// Begins one.
    pub fn new() -> Self {
        let mut writing = Self(Writer::new(Vec::new()));
        writing.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        writing
    }

    /// An element with attributes, and what `inside` writes in it.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        let legal: Vec<_> = attributes.iter().map(|(name, value)| (*name, legal(value))).collect();
        let start = BytesStart::new(name);
        let start = start.with_attributes(legal.iter().map(|(name, value)| (*name, value.as_ref())));
        self.put(Event::Start(start));
        inside(self);
        self.put(Event::End(BytesEnd::new(name)));
    }

    /// An element without attributes.
    pub fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.element(name, &[], inside);
    }

    /// An element without anything in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.put(Event::Empty(BytesStart::new(name).with_attributes(attributes.iter().copied())));
    }

    /// An element with a text in it.
    pub fn leaf(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            return self.empty(name, &[]);
        }
        self.within(name, |writing| writing.put(Event::Text(BytesText::new(&legal(text)))));
    }

    /// What has been written.
    pub fn done(self) -> Vec<u8> {
        self.0.into_inner()
    }

    fn put(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect(IN_MEMORY);
    }
}

/// A text without the characters that XML 1.0 (2.2) has no way to write.
fn legal(text: &str) -> Cow<'_, str> {
    let is_legal = |letter: char| match letter {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        letter => letter >= ' ',
    };
    if text.chars().all(is_legal) {
        return text.into();
    }
    text.chars().map(|letter| if is_legal(letter) { letter } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// A name as XML writes it: what no name may hold is written by its number (ISO 9075-14, 9.1).
pub fn named(name: &str) -> Cow<'_, str> {
    let starts = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let follows = |letter: char| starts(letter) || letter.is_ascii_digit() || "-.".contains(letter);
    if name.starts_with(starts) && name.chars().all(follows) {
        return name.into();
    }
    let first = if name.is_empty() { "_" } else { "" };
    let written = |(at, letter): (usize, char)| {
        let is_plain = if at == 0 { starts(letter) } else { follows(letter) };
        if is_plain { letter.into() } else { format!("_x{:04X}_", u32::from(letter)) }
    };
    name.char_indices().map(written).fold(first.to_owned(), |name, part| name + &part).into()
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn every_text_comes_back_but_for_what_xml_cannot_write() {
        for (text, back) in
            [("<a> & \"b\"", "<a> & \"b\""), ("x\r\ny", "x\r\ny"), ("\u{0}é\u{1f}", "\u{fffd}é\u{fffd}")]
        {
            let mut writing = Writing::new();
            writing.element("a", &[("b", text)], |writing| writing.leaf("c", text));
            let read = read(&writing.done()).expect("what was written");
            assert_eq!((read.children[0].text.as_str(), read.attribute("b").is_some()), (back, true));
        }
    }

    #[test]
    fn names_that_are_none_are_written_by_number() {
        assert_eq!(named("caller_id.email"), "caller_id.email");
        assert_eq!((named("-5"), named("a b"), named("")), ("_x002D_5".into(), "a_x0020_b".into(), "_".into()));
    }
}
