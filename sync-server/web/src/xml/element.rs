//! A document as a tree of elements, read under limits.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use crate::refusal::Refusal;

/// Elements inside one another: what the APIs read has ten.
const DEEPEST: usize = 32;
/// Elements of a document: 200 records with 200 fields each.
const MOST: usize = 50_000;
/// Attributes of an element.
const ATTRIBUTES: usize = 32;
/// The name of a namespace: each element has it.
const NAMESPACE_BYTES: usize = 256;

/// An element and all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Its name without the prefix.
    pub name: String,
    /// The namespace it is in, `""` for none.
    pub namespace: String,
    /// Its attributes by name without the prefix, but declarations of namespaces.
    pub attributes: Vec<(String, String)>,
    /// What is in it, in order.
    pub children: Vec<Element>,
    /// The text in it; between children it is layout and says nothing.
    pub text: String,
}

impl Element {
    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name, `""` without one.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document.
///
/// # Errors
/// [`Refusal::Malformed`] says where it stops being XML, or which limit it is over.
pub fn read(bytes: &[u8]) -> Result<Element, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| refused("it must be UTF-8"))?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let (mut open, mut root, mut count) = (Vec::<Element>::new(), None, 0);
    loop {
        let at = reader.buffer_position();
        let malformed = |problem: quick_xml::Error| refused(&format!("at byte {at}: {problem}"));
        let (namespace, event) = reader.read_resolved_event().map_err(malformed)?;
        match event {
            Event::Start(start) => {
                count += 1;
                if root.is_some() || open.len() == DEEPEST || count > MOST {
                    let most = format!("it may have one root, {DEEPEST} levels and {MOST} elements; send it in parts");
                    return Err(refused(&most));
                }
                open.push(opened(&start, &namespace)?);
            }
            Event::End(_) => {
                let done = open.pop();
                match (open.last_mut(), done) {
                    (Some(parent), Some(done)) => parent.children.push(done),
                    (_, done) => root = done,
                }
            }
            Event::Text(text) => add(&mut open, &text.xml10_content())?,
            Event::CData(text) => add(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => add(&mut open, &meant(&reference)?)?,
            Event::DocType(_) => return Err(refused("document types and entities are not read; leave <!DOCTYPE out")),
            Event::Eof => break,
            _ => {}
        }
    }
    let root = root.filter(|_| open.is_empty());
    root.ok_or_else(|| refused("it ends before its elements do"))
}

fn opened(start: &BytesStart<'_>, namespace: &ResolveResult<'_>) -> Result<Element, Refusal> {
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.0,
        ResolveResult::Unbound => "",
        ResolveResult::Unknown(_) => {
            return Err(refused(&format!("the prefix of {} is not declared; add its xmlns", shown(start.name().0))));
        }
    };
    if namespace.len() > NAMESPACE_BYTES {
        return Err(refused(&format!("a namespace may have {NAMESPACE_BYTES} bytes")));
    }
    let mut attributes = Vec::new();
    // Comparing each with each is the square of their number, which is bounded below only when they have been read.
    for attribute in start.attributes().with_checks(false).take(ATTRIBUTES + 1) {
        let attribute = attribute.map_err(|problem| refused(&problem.to_string()))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|problem| refused(&problem.to_string()))?;
        attributes.push((attribute.key.local_name().into_inner().to_owned(), value.into_owned()));
    }
    if attributes.len() > ATTRIBUTES {
        return Err(refused(&format!("an element may have {ATTRIBUTES} attributes")));
    }
    let name = start.local_name().into_inner().to_owned();
    Ok(Element { name, namespace: namespace.to_owned(), attributes, ..Element::default() })
}

/// Adds to the text of the element that is open.
fn add(open: &mut [Element], text: &str) -> Result<(), Refusal> {
    match open.last_mut() {
        Some(element) => element.text += text,
        None if text.trim().is_empty() => {}
        None => return Err(refused("there is text outside of its root")),
    }
    Ok(())
}

fn meant(reference: &BytesRef<'_>) -> Result<String, Refusal> {
    let unknown = || refused(&format!("&{}; is not declared; write the character itself", shown(reference)));
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten().map(String::from).ok_or_else(unknown);
    }
    resolve_predefined_entity(reference).map(str::to_owned).ok_or_else(unknown)
}

fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}

fn refused(problem: &str) -> Refusal {
    Refusal::Malformed(format!("the XML body: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        read(text.as_bytes()).expect_err("not to be taken").to_string()
    }

    #[test]
    fn names_lose_their_prefix_and_texts_their_escapes() {
        let text = "\u{feff}<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- x --><a:b xmlns:a=\"urn:a\" a:c=\"1&gt;0\">\
                    <d>x &amp; <![CDATA[<y>]]>&#233;\r\n</d><e/></a:b>";
        let root = read(text.as_bytes()).expect("a document");
        assert_eq!((root.name.as_str(), root.namespace.as_str(), root.attribute("c")), ("b", "urn:a", Some("1>0")));
        assert_eq!(root.children[0].text, "x & <y>é\n");
        assert_eq!((root.children[0].namespace.as_str(), root.text_of("e"), root.text_of("f")), ("", "", ""));
    }

    #[test]
    fn entities_and_what_grows_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        assert!(problem(bomb).contains("leave <!DOCTYPE out"));
        assert!(problem("<a>&c;</a>").contains("&c; is not declared"));
        assert!(problem("<a>&#0;</a>").contains("is not declared"));
        assert!(problem(&"<a>".repeat(40)).contains("32 levels"));
        assert!(problem(&format!("<a>{}</a>", "<b/>".repeat(MOST))).contains("50000 elements"));
        let attributes: String = (0..40).map(|at| format!(" a{at}=\"\"")).collect();
        assert!(problem(&format!("<a{attributes}/>")).contains("32 attributes"));
        assert!(problem(&format!("<a xmlns=\"{}\"/>", "n".repeat(300))).contains("256 bytes"));
    }

    #[test]
    fn what_is_no_document_is_refused_with_a_place() {
        for (text, why) in [
            ("", "ends before"),
            ("<a>", "ends before"),
            ("<a></b>", "at byte 3"),
            ("<a/><b/>", "one root"),
            ("x<a/>", "outside of its root"),
            ("<p:a/>", "not declared"),
            ("{\"a\": 1}", "outside of its root"),
        ] {
            assert!(problem(text).contains(why), "{text}: {}", problem(text));
        }
    }
}
