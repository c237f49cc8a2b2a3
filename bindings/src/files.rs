//! Captured files on their way into the encrypted store.

use std::sync::Arc;

use fieldline_device as device;

use crate::error::FieldlineError;
use crate::platform::FileSource;

/// Where a captured file's content is.
#[derive(Clone, uniffi::Enum)]
pub enum Content {
    /// Here.
    Bytes {
        /// The content.
        bytes: Vec<u8>,
    },
    /// With the platform, such as behind a content address of the camera.
    Source {
        /// Reads it.
        source: Arc<dyn FileSource>,
    },
}

/// A photo, a signature, a document.
#[derive(Clone, uniffi::Record)]
pub struct Captured {
    /// Its content.
    pub content: Content,
    /// What people call it.
    pub file_name: String,
    /// Its media type.
    pub content_type: String,
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
