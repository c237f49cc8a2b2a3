//! What a PDF says. Its bytes come from anybody, so each page may unpack to so much only, there are so many pages and so
//! much text, and a panic of the library means that the file says nothing.
//!
//! What no bound inside a process can promise (time, memory, the stack) is bounded where the server runs: it reads each PDF
//! in a process of its own (`sync-server read-pdf`).

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Document, LoadOptions};

use super::{FILE_BYTES, FILE_CHARACTERS, shortened};

/// The most pages that are read.
const PAGES: usize = 300;
/// What one stream, or one page, may unpack to.
const UNPACKED_BYTES: usize = 16 << 20;

/// What a PDF says; nothing when it cannot be read, is encrypted or is longer than files that are read.
pub fn text_of(bytes: &[u8]) -> String {
    if bytes.len() > FILE_BYTES {
        return String::new();
    }
    catch_unwind(AssertUnwindSafe(|| pages(bytes))).unwrap_or_default()
}

fn pages(bytes: &[u8]) -> String {
    let mut text = String::new();
    let Ok(document) = Document::load_mem_with_options(bytes, LoadOptions::with_max_decompressed_size(UNPACKED_BYTES))
    else {
        return text;
    };
    let mut unread_bytes = UNPACKED_BYTES;
    for page in document.get_pages().into_keys().take(PAGES) {
        if text.len() >= FILE_CHARACTERS || unread_bytes == 0 {
            break;
        }
        for said in document.extract_text_chunks_with_limit(&[page], unread_bytes).into_iter().flatten() {
            unread_bytes = unread_bytes.saturating_sub(said.len());
            text += &said;
            text.push(' ');
        }
    }
    shortened(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PDF of one page a text, as small as they come.
    pub(crate) fn pdf(texts: &[&str]) -> Vec<u8> {
        use lopdf::content::{Content, Operation};
        use lopdf::{Object, Stream, dictionary};
        let mut document = Document::with_version("1.5");
        let pages = document.new_object_id();
        let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding" };
        let font = document.add_object(font);
        let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
        let mut kids = Vec::new();
        for text in texts {
            let operations = vec![
                Operation::new("BT", vec![]),
                Operation::new("Tf", vec!["F1".into(), 12.into()]),
                Operation::new("Tj", vec![Object::string_literal(*text)]),
                Operation::new("ET", vec![]),
            ];
            let content = Content { operations }.encode().expect("plain operations");
            let content = document.add_object(Stream::new(dictionary! {}, content));
            let page = dictionary! { "Type" => "Page", "Parent" => pages, "Contents" => content };
            kids.push(Object::Reference(document.add_object(page)));
        }
        let count = kids.len() as i64;
        let media = vec![0.into(), 0.into(), 595.into(), 842.into()];
        let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
        "MediaBox" => media };
        document.objects.insert(pages, Object::Dictionary(tree));
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
        document.trailer.set("Root", catalog);
        document.compress();
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).expect("memory takes it");
        bytes
    }

    #[test]
    fn every_page_is_read() {
        let said = text_of(&pdf(&["Torque the flange", "Replace the gasket"]));
        assert!(said.contains("Torque the flange") && said.contains("Replace the gasket"), "{said}");
    }

    #[test]
    fn what_is_no_pdf_says_nothing_wherever_it_is_cut_or_spoilt() {
        let whole = pdf(&["Torque the flange"]);
        for end in 0..whole.len() {
            let _ = text_of(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0x11;
            let _ = text_of(&spoilt);
        }
        assert_eq!(text_of(b"%PDF-1.7 nothing"), "");
        assert_eq!(text_of(&[]), "");
    }

    #[test]
    fn pages_that_refer_to_themselves_end() {
        let whole = String::from_utf8_lossy(&pdf(&["x"])).into_owned();
        let _ = text_of(whole.replace("/Kids[", "/Kids[2 0 R 1 0 R ").as_bytes());
    }
}
