//! A sheet of paper for whoever was not there: what was done, as a PDF made on the phone with the radio off, and a seal that
//! tells later whether it is still what was signed.
//!
//! * [`sheet`] is what the sheet says: headings, facts, tables, pictures. It knows nothing of paper.
//! * `page.rs` puts it on pages, `font.rs` knows how wide text is, `paint.rs` writes the PDF.
//! * [`seal`] binds the bytes of the file to the record's history and to the device that made it; [`stamp`] does the same for
//!   what a printed sheet says, as a square code beside it.
//!
//! The same sheet makes the same bytes everywhere. Words are searchable, in Latin, Greek, Cyrillic, Arabic and Hebrew; letters
//! the font does not have (DejaVu Sans, cut to these) show as boxes. It leaves out what a sheet says about which record: that
//! is the device's, and who made it: that is the server's to know.

mod font;
mod page;
mod paint;
pub mod seal;
pub mod sheet;
pub mod stamp;

use fieldline_model::{DeviceId, DocumentId};

pub use seal::{Seal, SealError};
pub use sheet::{Block, Picture, Section, Sheet};
pub use stamp::Stamp;

/// A change of a document by its whole hash.
pub type Head = [u8; 32];

/// Which record a sheet is about, as it stood where, and which device says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The record.
    pub record: DocumentId,
    /// The device that makes the sheet.
    pub device: DeviceId,
    /// The newest changes of the record, each of which names those before it by hash.
    pub heads: Vec<Head>,
}

/// Signs a message with the device's key (Ed25519, RFC 8032).
pub type Sign<'a> = &'a dyn Fn(&[u8]) -> [u8; 64];

/// Writes a sheet as a sealed PDF. A picture that cannot be read is named in its place.
pub fn write(sheet: &Sheet, origin: &Origin, sign: Sign<'_>) -> Vec<u8> {
    let digest = sheet.digest();
    let stamp = Stamp::new(origin, digest, sign);
    let pictures = paint::pictures(sheet);
    let pages = page::pages(sheet, &stamp, &pictures.iter().map(paint::size).collect::<Vec<_>>());
    seal::seal(paint::pdf(sheet, &pages, &pictures), origin, digest, sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldline_model::{SysId, Timestamp};
    use ring::signature::{Ed25519KeyPair, KeyPair};

    /// The secret half of the key the tests sign with.
    pub(crate) const KEY: [u8; 32] = [7; 32];

    fn pair(key: &[u8; 32]) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(key).expect("a seed has 32 bytes")
    }

    pub(crate) fn sign(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
        pair(key).sign(message).as_ref().try_into().expect("a signature has 64 bytes")
    }

    pub(crate) fn public_key(key: &[u8; 32]) -> [u8; 32] {
        pair(key).public_key().as_ref().try_into().expect("a key has 32 bytes")
    }

    pub(crate) fn origin() -> Origin {
        let record = DocumentId::new("wm_task", SysId([1; 16]));
        Origin { record, device: DeviceId([2; 16]), heads: vec![[5; 32], [6; 32]] }
    }

    /// A red pixel as PNG.
    const PIXEL: &str = "89504e470d0a1a0a0000000d49484452000000010000000108020000009077\
        53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082";

    pub(crate) fn sheet() -> Sheet {
        let digits = PIXEL.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("digits"));
        let pixel: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect();
        let photo = Picture { caption: "Before".into(), bytes: pixel };
        Sheet {
            title: "Service report WOT0001001".into(),
            subtitle: "Boiler does not heat".into(),
            author: "Mia Wagner".into(),
            made_at: Timestamp::parse("2026-06-01 10:00:00").expect("a moment"),
            sections: vec![
                Section {
                    heading: "Work".into(),
                    blocks: vec![
                        Block::Facts(vec![("Number".into(), "WOT0001001".into())]),
                        Block::Text("Valve replaced; it holds. Ключ повернён, äöü ß, مرحبا".into()),
                    ],
                },
                Section { heading: "Photos".into(), blocks: vec![Block::Pictures(vec![photo; 4])] },
            ],
        }
    }

    fn written() -> Vec<u8> {
        write(&sheet(), &origin(), &|message| sign(&KEY, message))
    }

    #[test]
    fn the_same_sheet_makes_the_same_bytes_and_their_seal_holds() {
        let pdf = written();
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(pdf, written());
        let seal = Seal::read(&pdf).expect("is sealed");
        assert!(seal.is_by(&public_key(&KEY)));
        assert_eq!((seal.origin, seal.digest), (origin(), sheet().digest()));
    }

    #[test]
    fn a_broken_picture_does_not_keep_the_rest_from_being_written() {
        let mut broken = sheet();
        if let Block::Pictures(pictures) = &mut broken.sections[1].blocks[0] {
            pictures[0].bytes.truncate(50);
            pictures[1].bytes = b"not a picture".to_vec();
            pictures[2].bytes = Vec::new();
        }
        let pdf = write(&broken, &origin(), &|message| sign(&KEY, message));
        assert!(Seal::read(&pdf).expect("is sealed").is_by(&public_key(&KEY)));
    }
}
