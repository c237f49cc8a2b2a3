//! XML at this border: read under limits, written so that every parser takes it, and in the place of JSON for whoever asks.
//!
//! `element.rs` reads a document, `content.rs` makes the value of it that a body is parsed into, `writing.rs` writes, `answer.rs`
//! renders what the APIs answer. What it leaves out: document types and entities of one's own, which are refused, because
//! they let a short document grow without bound and name files; and encodings other than UTF-8.
//!
//! Source: Extensible Markup Language (XML) 1.0, Namespaces in XML 1.0.

mod answer;
mod content;
mod element;
mod writing;

pub(crate) use answer::{in_xml, speaks_both};
pub(crate) use content::parsed;
pub use element::{Element, read};
pub(crate) use writing::{Writing, named};
