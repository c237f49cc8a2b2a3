//! Captured files, piece by piece.

use fieldline_model::BlobHash;
use fieldline_storage::{BlobState, Blobs, Result};
use rusqlite::params;

use crate::row::{integer, natural};
use crate::transaction::Transaction;

impl Blobs for Transaction<'_> {
    fn blob(&self, blob: BlobHash) -> Result<Option<BlobState>> {
        let sql = "SELECT size_bytes, chunks_held, complete FROM blob WHERE hash = ?1";
        self.first(format_args!("reading the state of file {blob}"), sql, [blob.0], |row| {
            Ok(BlobState { blob, size_bytes: natural(row, 0)?, chunks_held: row.get(1)?, complete: row.get(2)? })
        })
    }

    fn put_chunk(&mut self, state: &BlobState, index: u32, bytes: &[u8]) -> Result<()> {
        let doing = format_args!("writing piece {index} of file {}", state.blob);
        let sql = "INSERT INTO blob (hash, size_bytes, chunks_held, complete) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET size_bytes = excluded.size_bytes,
                       chunks_held = excluded.chunks_held, complete = excluded.complete";
        let size_bytes = integer(state.size_bytes);
        self.run(doing, sql, params![state.blob.0, size_bytes, state.chunks_held, state.complete])?;
        let sql = "INSERT INTO blob_chunk (hash, piece, bytes) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET bytes = excluded.bytes";
        self.run(doing, sql, params![state.blob.0, index, bytes]).map(drop)
    }

    fn chunk(&self, blob: BlobHash, index: u32) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes FROM blob_chunk WHERE hash = ?1 AND piece = ?2";
        let doing = format_args!("reading piece {index} of file {blob}");
        self.first(doing, sql, params![blob.0, index], |row| row.get(0))
    }

    fn finish_blob(&mut self, blob: BlobHash, right: bool) -> Result<()> {
        let sql =
            if right { "UPDATE blob SET complete = TRUE WHERE hash = ?1" } else { "DELETE FROM blob WHERE hash = ?1" };
        self.run(format_args!("finishing file {blob}"), sql, [blob.0]).map(drop)
    }

    fn want_file_words(&mut self, blob: BlobHash) -> Result<()> {
        let sql = "INSERT INTO blob_words (hash) SELECT hash FROM blob WHERE hash = ?1 ON CONFLICT DO NOTHING";
        self.run(format_args!("noting that file {blob} is unread"), sql, [blob.0]).map(drop)
    }

    fn unread_files(&self, limit: u32) -> Result<Vec<BlobHash>> {
        let sql = "SELECT hash FROM blob_words WHERE words IS NULL LIMIT ?1";
        self.all("looking for files to read", sql, [limit], |row| row.get(0).map(BlobHash))
    }

    fn put_file_words(&mut self, blob: BlobHash, words: &str) -> Result<()> {
        let sql = "UPDATE blob_words SET words = ?2 WHERE hash = ?1";
        self.run(format_args!("keeping what file {blob} says"), sql, params![blob.0, words]).map(drop)
    }

    fn file_words(&self, blob: BlobHash) -> Result<Option<String>> {
        let sql = "SELECT words FROM blob_words WHERE hash = ?1";
        Ok(self.first(format_args!("looking for what file {blob} says"), sql, [blob.0], |row| row.get(0))?.flatten())
    }
}
