//! A full disk, on a file system small enough to fill.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// More than a phone in trouble has; a file system with more room belongs to somebody else.
const MOST_FREE_BYTES: u64 = 256 << 20;
const FILM: &str = "somebodys.film";

/// Fills the file system a phone's files are on.
///
/// # Errors
/// When it has too much room, with a way to get a small one.
pub fn fills(folder: &Path) -> Result<(), String> {
    let told = rustix::fs::statvfs(folder).map_err(|problem| problem.to_string())?;
    let free = told.f_bavail.saturating_mul(told.f_frsize);
    if free > MOST_FREE_BYTES {
        let path = folder.display();
        return Err(format!(
            "{path} has {} MB free, which is not filled; mount a small disk there first (mount -t tmpfs -o size=64m tmpfs {path})",
            free >> 20
        ));
    }
    let film = fs::File::create(folder.join(FILM));
    match film.and_then(|mut film| io::copy(&mut io::repeat(7), &mut film)) {
        Err(error) if error.kind() == ErrorKind::StorageFull => Ok(()),
        written => written.map(drop).map_err(|problem| problem.to_string()),
    }
}

/// Makes room again.
///
/// # Errors
/// When nothing was filled.
pub fn empties(folder: &Path) -> Result<(), String> {
    fs::remove_file(folder.join(FILM)).map_err(|problem| format!("nothing was filled here: {problem}"))
}
