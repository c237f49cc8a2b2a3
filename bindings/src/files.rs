//! Captured files on their way into the encrypted store.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use fieldline_device as device;
use fieldline_model::hex;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::error::FieldlineError;
use crate::platform::{FileSource, PlatformError};

/// Where a captured file's content is.
#[derive(Clone, serde::Deserialize, uniffi::Enum)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Here.
    Bytes {
        /// The content, in JSON as hexadecimal digits.
        #[serde(deserialize_with = "from_hex")]
        bytes: Vec<u8>,
    },
    /// With the platform, such as behind a content address of the camera.
    Source {
        /// Reads it; in JSON the path of a file.
        #[serde(rename = "path", deserialize_with = "from_path")]
        source: Arc<dyn FileSource>,
    },
}

/// A photo, a signature, a document.
#[derive(Clone, serde::Deserialize, uniffi::Record)]
pub struct Captured {
    /// Its content.
    pub content: Content,
    /// What people call it.
    pub file_name: String,
    /// Its media type.
    pub content_type: String,
}

fn from_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<dyn FileSource>, D::Error> {
    Ok(Arc::new(OnDisk(PathBuf::deserialize(deserializer)?)))
}

/// A file where this process finds it itself.
struct OnDisk(PathBuf);

impl FileSource for OnDisk {
    fn read(&self) -> Result<Vec<u8>, PlatformError> {
        fs::read(&self.0).map_err(|problem| PlatformError::Failed { message: problem.to_string() })
    }
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let digits = String::deserialize(deserializer)?;
    let byte = |pair: &[u8]| hex::decode::<1>(str::from_utf8(pair).ok()?).map(|[byte]| byte);
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| D::Error::custom("not hexadecimal digits"))
}

impl TryFrom<Captured> for device::Captured {
    type Error = FieldlineError;

    fn try_from(captured: Captured) -> Result<Self, FieldlineError> {
        let Captured { content, file_name, content_type } = captured;
        let bytes = match content {
            Content::Bytes { bytes } => bytes,
            Content::Source { source } => source.read().map_err(|problem| {
                FieldlineError::invalid(&format!("{file_name} cannot be read ({problem}); capture it again"))
            })?,
        };
        Ok(Self { bytes, file_name, content_type })
    }
}
