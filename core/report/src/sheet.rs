//! What a sheet says.

use fieldline_model::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

/// What a sheet says, top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// What it is, such as "Service report WOT0001001".
    pub title: String,
    /// What it is about, in a line.
    pub subtitle: String,
    /// Whose it is; the PDF names it as its author.
    pub author: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// The rest.
    pub sections: Vec<Section>,
}

/// A part of a sheet under a heading of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What follows it; a section without blocks is left out.
    pub blocks: Vec<Block>,
}

/// Something on a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Names and what they are.
    Facts(Vec<(String, String)>),
    /// Rows under column titles; the first column is the widest.
    Table {
        /// The titles.
        columns: Vec<String>,
        /// One text for each column.
        rows: Vec<Vec<String>>,
    },
    /// Running text.
    Text(String),
    /// Pictures beside each other.
    Pictures(Vec<Picture>),
}

/// A picture and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// What it shows.
    pub caption: String,
    /// JPEG, PNG, WebP or GIF.
    #[serde(serialize_with = "as_digest")]
    pub bytes: Vec<u8>,
}

impl Sheet {
    /// SHA-256 of everything it says, pictures by their content.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&serde_json::to_vec(self).expect("a sheet has only named fields and plain values"))
    }

    /// Every picture, from top to bottom.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.sections.iter().flat_map(|section| &section.blocks).flat_map(|block| match block {
            Block::Pictures(pictures) => pictures.as_slice(),
            _ => &[],
        })
    }
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn as_digest<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&fieldline_model::hex::encode(&sha256(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sheet;

    #[test]
    fn the_digest_follows_every_word_and_every_picture() {
        let plain = sheet();
        let mut other_word = sheet();
        other_word.sections[0].blocks[0] = Block::Facts(vec![("Number".into(), "WOT2".into())]);
        let mut other_picture = sheet();
        let pictures = other_picture.sections.iter_mut().flat_map(|section| &mut section.blocks);
        for block in pictures {
            if let Block::Pictures(pictures) = block {
                pictures[0].bytes.push(0);
            }
        }
        assert_eq!(plain.digest(), sheet().digest());
        assert_ne!(plain.digest(), other_word.digest());
        assert_ne!(plain.digest(), other_picture.digest());
    }
}
