//! How far each captured file has come, to the server or from it.

use fieldline_documents::AttachmentRole;
use fieldline_model::BlobHash;
use rusqlite::{OptionalExtension, Params, Row, named_params};

use crate::blob_files::pieces;
use crate::error::Doing;
use crate::{Result, Store, Tx, View};

/// A file this device has, sends or fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobProgress {
    /// The file.
    pub blob: BlobHash,
    /// Its length.
    pub size_bytes: u64,
    /// What it is for; decides what travels first.
    pub role: AttachmentRole,
    /// Pieces on this device, counted from the first.
    pub chunks_held: u32,
    /// Whether it is whole on this device and its hash right.
    pub held: bool,
    /// Pieces the server said it holds.
    pub chunks_sent: u32,
    /// Whether the server has it whole.
    pub on_server: bool,
}

impl BlobProgress {
    /// A file captured here: whole on this device, unknown to the server.
    pub fn captured(blob: BlobHash, size_bytes: u64, role: AttachmentRole) -> Self {
        Self { blob, size_bytes, role, chunks_held: pieces(size_bytes), held: true, chunks_sent: 0, on_server: false }
    }

    /// A file of somebody else's that this device wants to show.
    pub fn wanted(blob: BlobHash, size_bytes: u64, role: AttachmentRole) -> Self {
        let chunks_sent = pieces(size_bytes);
        Self { blob, size_bytes, role, chunks_held: 0, held: false, chunks_sent, on_server: true }
    }
}

const ROLES: [AttachmentRole; 4] =
    [AttachmentRole::Signature, AttachmentRole::Thumbnail, AttachmentRole::Photo, AttachmentRole::Document];

fn progress(row: &Row<'_>) -> rusqlite::Result<BlobProgress> {
    let role: usize = row.get::<_, u32>("role")? as usize;
    Ok(BlobProgress {
        blob: BlobHash(row.get("hash")?),
        size_bytes: row.get::<_, i64>("size_bytes")?.cast_unsigned(),
        role: ROLES.get(role).copied().unwrap_or(AttachmentRole::Document),
        chunks_held: row.get("chunks_held")?,
        held: row.get("held")?,
        chunks_sent: row.get("chunks_sent")?,
        on_server: row.get("on_server")?,
    })
}

impl View<'_> {
    fn blobs(&self, rest: &str, params: impl Params) -> Result<Vec<BlobProgress>> {
        self.connection
            .prepare_cached(&format!("SELECT * FROM blob {rest}"))
            .and_then(|mut sql| sql.query_map(params, progress)?.collect())
            .doing("reading how far files have come")
    }

    /// How far a file has come, `None` when this device has nothing to do with it.
    pub fn blob(&self, blob: BlobHash) -> Result<Option<BlobProgress>> {
        Ok(self.blobs("WHERE hash = ?1", [blob.0])?.pop())
    }

    /// Files to send: signatures, thumbnails, photos, the rest, each in the order of capture.
    pub fn blobs_to_send(&self, limit: u32) -> Result<Vec<BlobProgress>> {
        self.blobs("WHERE on_server = 0 AND held = 1 ORDER BY role, id LIMIT ?1", [limit])
    }

    /// Files to fetch, in the same order; those that only by luck are on the server come last.
    pub fn blobs_to_fetch(&self, limit: u32) -> Result<Vec<BlobProgress>> {
        self.blobs("WHERE held = 0 ORDER BY on_server DESC, role, id LIMIT ?1", [limit])
    }

    /// How many captured files were damaged on this disk before the server said that it has them.
    pub fn damaged_blobs(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM blob WHERE held = 0 AND on_server = 0";
        let count: i64 = self.connection.query_row(sql, [], |row| row.get(0)).doing("counting damaged files")?;
        Ok(count.cast_unsigned())
    }
}

impl Store {
    /// Removes files no row knows: captured just before the app died, or removed from the rows just before.
    pub(crate) fn remove_orphans(&self) -> Result<()> {
        for blob in self.blob_files.list()? {
            if self.read(|view| view.blob(blob))?.is_none() {
                self.blob_files.remove(blob)?;
            }
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Notes that a captured file turned out to be damaged. It is asked of the server, which may have it although its word
    /// never came.
    pub fn blob_is_damaged(&self, blob: BlobHash) -> Result<()> {
        let Some(progress) = self.blob(blob)? else { return Ok(()) };
        self.put_blob(&BlobProgress { held: false, chunks_held: 0, ..progress })?;
        self.unneeded.borrow_mut().push(blob);
        Ok(())
    }

    /// Notes how far a file has come. One that the server has and nothing here needs is removed.
    pub fn put_blob(&self, progress: &BlobProgress) -> Result<()> {
        let doing = format_args!("noting how far file {} has come", progress.blob);
        self.connection
            .prepare_cached(include_str!("sql/put_blob.sql"))
            .and_then(|mut sql| {
                sql.execute(named_params! {
                    ":hash": progress.blob.0,
                    ":size_bytes": progress.size_bytes.cast_signed(),
                    ":role": progress.role as u32,
                    ":chunks_held": progress.chunks_held,
                    ":held": progress.held,
                    ":chunks_sent": progress.chunks_sent,
                    ":on_server": progress.on_server,
                })
            })
            .doing(doing)?;
        self.remove_blob_if_unneeded(progress.blob)
    }

    /// Sends every file that is whole here once more, because the server forgot some.
    pub fn offer_files_again(&self) -> Result<usize> {
        self.connection
            .execute("UPDATE blob SET on_server = 0, chunks_sent = 0 WHERE held = 1", [])
            .doing("offering files again")
    }

    /// Removes the files that were only kept for edits, now that some of these are forgotten.
    pub(crate) fn remove_files_of_forgotten_edits(&self) -> Result<()> {
        let unshown: Vec<[u8; 32]> = self
            .connection
            .prepare_cached("SELECT hash FROM blob WHERE on_server = 1 AND hash NOT IN (SELECT blob FROM attachment)")
            .and_then(|mut sql| sql.query_map([], |row| row.get(0))?.collect())
            .doing("listing files no record shows")?;
        unshown.into_iter().try_for_each(|blob| self.remove_blob_if_unneeded(BlobHash(blob)))
    }

    /// Removes a file that no record shows, unless it is still to be sent or an edit that is kept came with it: a server that
    /// is restored needs the one as well as the other. The file itself goes after the commit.
    pub(crate) fn remove_blob_if_unneeded(&self, blob: BlobHash) -> Result<()> {
        let doing = format_args!("looking whether file {blob} is needed");
        let removed: Option<i64> = self
            .connection
            .prepare_cached(include_str!("sql/remove_blob_if_unneeded.sql"))
            .and_then(|mut sql| sql.query_row([blob.0], |row| row.get(0)).optional())
            .doing(doing)?;
        if removed.is_some() {
            self.unneeded.borrow_mut().push(blob);
        }
        Ok(())
    }
}
