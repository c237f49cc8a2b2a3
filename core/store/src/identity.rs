//! Who this device is, kept a second time in a sealed file, so that a damaged database does not cost an enrolment.

use std::fs;
use std::io;
use std::path::PathBuf;

use fieldline_sync::seal::Seal;

use crate::blob_files::write_durably;
use crate::error::DoingFile;
use crate::{DatabaseKey, Result};

const PLACE: &[u8] = b"identity";

/// The sealed copy of the device's identity.
pub(crate) struct IdentityFile {
    path: PathBuf,
    seal: Seal,
}

impl IdentityFile {
    pub(crate) fn new(path: PathBuf, key: &DatabaseKey) -> Self {
        Self { path, seal: key.seal("identity") }
    }

    pub(crate) fn write(&self, identity: &[u8]) -> Result<()> {
        write_durably(&self.path, &[&self.seal.seal(PLACE, identity)])
    }

    /// `None` when there is no copy or it was damaged.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            sealed => Ok(self.seal.open(PLACE, sealed.doing_file("reading", &self.path)?)),
        }
    }
}
