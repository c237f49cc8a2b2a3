//! What was recorded: every change of a watched folder, in order, with the moments at which something was said to be saved.

use std::path::PathBuf;

/// A file, whatever name it has at the moment; numbered as they are met.
pub type FileId = u32;

/// One thing that happened. Paths begin at the watched folder.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A file got its first name.
    Create {
        /// Its name.
        path: PathBuf,
        /// The file.
        file: FileId,
    },
    /// Bytes were written.
    Write {
        /// The file.
        file: FileId,
        /// From which byte on.
        at: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A file was cut or grown.
    SetLength {
        /// The file.
        file: FileId,
        /// How long it is now.
        length: u64,
    },
    /// A file was synced.
    Sync {
        /// The file.
        file: FileId,
    },
    /// A folder was synced.
    SyncDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// A folder was made.
    MakeDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// A file got another name; what had that name is gone.
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
    },
    /// A name is gone.
    Unlink {
        /// The name.
        path: PathBuf,
    },
    /// So many acts were said to be saved by now.
    Said {
        /// How many.
        acts: usize,
    },
}

/// Everything that happened.
pub type Tape = Vec<Happening>;

/// The tape as it would be under `synchronous=NORMAL`: without the syncs of a write-ahead log that end a commit. Those that
/// begin a checkpoint stay; they are the ones after which the database itself is written, or the log begins anew.
pub fn without_commit_syncs(tape: &Tape) -> Tape {
    let mut logs = std::collections::BTreeSet::new();
    let mut kept = Vec::new();
    for (index, happening) in tape.iter().enumerate() {
        if let Happening::Create { path, file } = happening
            && path.to_string_lossy().ends_with("-wal")
        {
            logs.insert(*file);
        }
        let ends_a_commit = matches!(happening, Happening::Sync { file } if logs.contains(file))
            && !begins_a_checkpoint(&tape[index + 1..], &logs);
        if !ends_a_commit {
            kept.push(happening.clone());
        }
    }
    kept
}

/// Whether the next thing written is the database and not its log.
fn begins_a_checkpoint(rest: &[Happening], logs: &std::collections::BTreeSet<FileId>) -> bool {
    let next = rest.iter().find_map(|happening| match happening {
        Happening::Write { file, .. } | Happening::SetLength { file, .. } => Some(file),
        _ => None,
    });
    next.is_some_and(|file| !logs.contains(file))
}
