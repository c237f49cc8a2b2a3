//! Captured files on the phone's disk: one encrypted file each, named by the hash of its plain content.
//!
//! A file is a row of pieces, each sealed on its own and bound to its file and index, so that any piece is read or fetched
//! alone. A file that is not whole yet ends in `.part`; it gets its name only when its hash is right and it is on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldline_model::BlobHash;
use fieldline_sync::seal::{OVERHEAD_BYTES, Seal};
use ring::digest;

use crate::error::DoingFile;
use crate::{DatabaseKey, Result, StoreError};

/// The plain length of every piece but a file's last: the wire's chunk length, so that a piece is sent as it lies.
pub const PIECE_BYTES: usize = fieldline_sync::caps::CHUNK_BYTES;
const SEALED_BYTES: usize = PIECE_BYTES + OVERHEAD_BYTES;

/// How many pieces a file of a length has.
pub fn pieces(size_bytes: u64) -> u32 {
    u32::try_from(size_bytes.div_ceil(PIECE_BYTES as u64)).unwrap_or(u32::MAX)
}

/// The directory of captured files.
pub struct BlobFiles {
    dir: PathBuf,
    seal: Seal,
}

impl BlobFiles {
    pub(crate) fn open(dir: PathBuf, key: &DatabaseKey) -> Result<Self> {
        fs::create_dir_all(&dir).doing_file("making the directory", &dir)?;
        Ok(Self { dir, seal: key.seal("blob") })
    }

    fn path(&self, blob: BlobHash) -> PathBuf {
        self.dir.join(blob.to_string())
    }

    fn part_path(&self, blob: BlobHash) -> PathBuf {
        self.dir.join(format!("{blob}.part"))
    }

    /// Keeps a captured file; when this returns it is on disk. Keeping it twice keeps it once.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is kept.
    pub fn put(&self, content: &[u8]) -> Result<BlobHash> {
        let blob = BlobHash(sha256(content));
        if !self.contains(blob) {
            let sealed: Vec<Vec<u8>> =
                (0..).zip(content.chunks(PIECE_BYTES)).map(|(index, piece)| self.sealed(blob, index, piece)).collect();
            write_durably(&self.path(blob), &sealed.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        }
        Ok(blob)
    }

    /// Whether the whole file is here.
    pub fn contains(&self, blob: BlobHash) -> bool {
        self.path(blob).exists()
    }

    /// A piece of a whole file, `None` when the file is not here or ends before it.
    ///
    /// # Errors
    /// When the piece cannot be read or was damaged on disk.
    pub fn piece(&self, blob: BlobHash, index: u32) -> Result<Option<Vec<u8>>> {
        self.piece_at(&self.path(blob), blob, index)
    }

    fn piece_at(&self, path: &Path, blob: BlobHash, index: u32) -> Result<Option<Vec<u8>>> {
        let sealed = match read_sealed(path, index) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            sealed => sealed.doing_file("reading a piece of", path)?,
        };
        if sealed.is_empty() {
            return Ok(None);
        }
        let damaged = || StoreError::content(format_args!("piece {index} of file {blob}"), "it was damaged on disk");
        self.seal.open(&place(blob, index), sealed).ok_or_else(damaged).map(Some)
    }

    /// A whole file, `None` when it is not here.
    ///
    /// # Errors
    /// When it cannot be read or was damaged on disk.
    pub fn read(&self, blob: BlobHash) -> Result<Option<Vec<u8>>> {
        if !self.contains(blob) {
            return Ok(None);
        }
        let mut content = Vec::new();
        for index in 0.. {
            let Some(piece) = self.piece(blob, index)? else { break };
            content.extend(piece);
        }
        if sha256(&content) != blob.0 {
            return Err(StoreError::content(format_args!("file {blob}"), "it was cut short on disk"));
        }
        Ok(Some(content))
    }

    /// Keeps a fetched piece; when this returns it is on disk. Pieces come in order.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_piece(&self, blob: BlobHash, index: u32, piece: &[u8]) -> Result<()> {
        let path = self.part_path(blob);
        let sealed = self.sealed(blob, index, piece);
        let write = || {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.seek(SeekFrom::Start(u64::from(index) * SEALED_BYTES as u64))?;
            file.write_all(&sealed)?;
            file.sync_all()?;
            sync_directory(&path)
        };
        write().doing_file("writing a piece of", &path)
    }

    /// Makes a fetched file whole: checks its hash and gives it its name. `false`, and nothing of it left, when it is wrong.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn finish(&self, blob: BlobHash) -> Result<bool> {
        if self.contains(blob) {
            return Ok(true);
        }
        let part = self.part_path(blob);
        let mut hash = digest::Context::new(&digest::SHA256);
        for index in 0.. {
            match self.piece_at(&part, blob, index) {
                Ok(Some(piece)) => hash.update(&piece),
                Ok(None) | Err(StoreError::Content { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        let right = hash.finish().as_ref() == blob.0;
        if right {
            fs::rename(&part, self.path(blob)).and_then(|()| sync_directory(&part)).doing_file("keeping", &part)?;
        } else {
            remove_file(&part)?;
        }
        Ok(right)
    }

    /// Removes a file, whole or not; nothing happens when it is not here.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, blob: BlobHash) -> Result<()> {
        remove_file(&self.path(blob))?;
        remove_file(&self.part_path(blob))
    }

    fn sealed(&self, blob: BlobHash, index: u32, piece: &[u8]) -> Vec<u8> {
        assert!(piece.len() <= PIECE_BYTES, "a piece has at most {PIECE_BYTES} bytes");
        self.seal.seal(&place(blob, index), piece)
    }

    /// Every file here, whole or not.
    pub(crate) fn list(&self) -> Result<Vec<BlobHash>> {
        let read = || -> io::Result<Vec<BlobHash>> {
            let names = fs::read_dir(&self.dir)?.collect::<io::Result<Vec<_>>>()?;
            let hash = |name: &str| name.strip_suffix(".part").unwrap_or(name).parse().ok();
            Ok(names.iter().filter_map(|entry| hash(entry.file_name().to_str()?)).collect())
        };
        read().doing_file("listing", &self.dir)
    }
}

fn place(blob: BlobHash, index: u32) -> Vec<u8> {
    [blob.0.as_slice(), &index.to_be_bytes()].concat()
}

fn sha256(content: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, content).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// One sealed piece; empty beyond the end.
fn read_sealed(path: &Path, index: u32) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(u64::from(index) * SEALED_BYTES as u64))?;
    let mut sealed = Vec::new();
    file.take(SEALED_BYTES as u64).read_to_end(&mut sealed)?;
    Ok(sealed)
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.doing_file("removing", path),
    }
}

/// Writes a file so that after a power cut it is there whole or not at all.
pub(crate) fn write_durably(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = File::create(&unfinished)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        sync_directory(path)
    };
    write().doing_file("writing", path)
}

/// Makes a rename in a file's directory survive a power cut.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
