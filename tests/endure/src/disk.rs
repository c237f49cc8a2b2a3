//! What stands between a thread and one folder: a recorder of everything done to it, and a source of faults.
//!
//! Each thread watches at most one folder, so that many can be at it at once. A [`Fault`] is planned before; calls are
//! counted from the moment the watch begins, and the same work makes the same calls. A database's shared memory (`-shm`) is
//! not recorded, because it does not survive the process, but it can fail like everything else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_int;
use std::path::{Path, PathBuf};

use crate::image::Image;
use crate::tape::{FileId, Happening, Tape};

/// A call that is about to reach the disk.
#[derive(Debug, Clone, Copy)]
pub enum Call<'a> {
    /// Opens a file.
    Open {
        /// Its name.
        path: &'a Path,
        /// Whether it is made when it is not there.
        creates: bool,
    },
    /// Reads.
    Read {
        /// From where.
        fd: c_int,
    },
    /// Writes.
    Write {
        /// To where.
        fd: c_int,
        /// From which byte on.
        at: u64,
        /// How many bytes.
        length: usize,
    },
    /// Cuts or grows a file.
    SetLength {
        /// Which.
        fd: c_int,
        /// To how many bytes.
        length: u64,
    },
    /// Syncs a file or a folder.
    Sync {
        /// Which.
        fd: c_int,
    },
    /// Renames a file.
    Rename {
        /// The old name.
        from: &'a Path,
        /// The new name.
        to: &'a Path,
    },
    /// Removes a file.
    Unlink {
        /// Its name.
        path: &'a Path,
    },
    /// Makes a folder.
    MakeDirectory {
        /// Its name.
        path: &'a Path,
    },
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It happens.
    Happen,
    /// Only so many bytes of it are written.
    Only(usize),
    /// It fails with this `errno` and does nothing.
    Fail(c_int),
    /// The process dies before it.
    Die,
}

/// A fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The n-th call fails with an I/O error, reading calls included.
    BrokenOnce(u64),
    /// The n-th call and all after it fail with an I/O error.
    BrokenFrom(u64),
    /// From the n-th call on, nothing that needs room gets any.
    FullFrom(u64),
    /// Files may grow by so many bytes altogether; the write that does not fit is cut short and the next one fails.
    RoomFor(u64),
    /// The process dies before the n-th call.
    DieAt(u64),
}

enum Opened {
    File(FileId),
    /// Shared memory of a database.
    Passing,
    Directory(PathBuf),
}

/// What was seen of a folder.
#[derive(Default)]
struct Watch {
    root: PathBuf,
    open: BTreeMap<c_int, Opened>,
    names: BTreeMap<PathBuf, FileId>,
    lengths: Vec<u64>,
    tape: Tape,
    calls: u64,
    fault: Option<Fault>,
    grown: u64,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// What a watch saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Every change.
    pub tape: Tape,
    /// How many calls there were, reading ones included.
    pub calls: u64,
    /// Bytes the files grew by.
    pub grown_bytes: u64,
}

/// Begins to watch a folder in which an image lies, durable, for this thread alone.
pub fn watch(root: &Path, image: &Image, fault: Option<Fault>) {
    let mut watch = Watch { root: root.to_owned(), fault, ..Watch::default() };
    image.iter().for_each(|(path, content)| watch.begin_with(path, content.as_deref()));
    WATCH.with_borrow_mut(|current| *current = Some(watch));
}

/// Ends the watch.
pub fn end() -> Seen {
    let watch = WATCH.with_borrow_mut(Option::take).unwrap_or_default();
    Seen { tape: watch.tape, calls: watch.calls, grown_bytes: watch.grown }
}

/// How many things have happened to the watched folder.
pub fn happened() -> usize {
    with(|watch| watch.tape.len()).unwrap_or(0)
}

/// Does something that is not part of what is watched.
pub fn unwatched<T>(work: impl FnOnce() -> T) -> T {
    let watch = WATCH.with_borrow_mut(Option::take);
    let answer = work();
    WATCH.with_borrow_mut(|current| *current = watch);
    answer
}

/// Lets calls succeed from here on: somebody freed some space, or changed the disk.
pub fn repair() {
    with(|watch| watch.fault = None);
}

/// Notes what the owner of a folder has said to be saved so far; nothing when it is not the watched one.
pub fn said(root: &Path, acts: usize) {
    with(|watch| {
        if watch.root == root {
            watch.tape.push(Happening::Said { acts });
        }
    });
}

fn with<T>(work: impl FnOnce(&mut Watch) -> T) -> Option<T> {
    // A thread that is ending, or a call made from in here, is nobody's business.
    WATCH.try_with(|watch| watch.try_borrow_mut().ok().and_then(|mut watch| watch.as_mut().map(work))).ok().flatten()
}

/// Whether a file belongs to the watched folder.
pub fn watches(fd: c_int) -> bool {
    with(|watch| watch.open.contains_key(&fd)).unwrap_or(false)
}

/// Says what is to become of a call.
pub fn ask(call: &Call<'_>) -> Verdict {
    with(|watch| watch.judge(call)).unwrap_or(Verdict::Happen)
}

/// Notes that a file was opened; a file elsewhere that got a number used before is forgotten.
pub fn opened(fd: c_int, path: &Path, creates: bool, empties: bool) {
    with(|watch| watch.opened(fd, path, creates, empties));
}

/// Notes that a file was closed.
pub fn closed(fd: c_int) {
    with(|watch| watch.open.remove(&fd));
}

/// Notes what was written.
pub fn wrote(fd: c_int, at: u64, bytes: &[u8]) {
    with(|watch| {
        if let Some(Opened::File(file)) = watch.open.get(&fd) {
            let length = &mut watch.lengths[*file as usize];
            let end = at + bytes.len() as u64;
            watch.grown += end.saturating_sub(*length);
            *length = end.max(*length);
            watch.tape.push(Happening::Write { file: *file, at, bytes: bytes.to_vec() });
        }
    });
}

/// Notes that a file was cut or grown.
pub fn cut(fd: c_int, length: u64) {
    with(|watch| {
        if let Some(Opened::File(file)) = watch.open.get(&fd) {
            watch.lengths[*file as usize] = length;
            watch.tape.push(Happening::SetLength { file: *file, length });
        }
    });
}

/// Notes that a file or a folder was synced.
pub fn synced(fd: c_int) {
    with(|watch| match watch.open.get(&fd) {
        Some(Opened::File(file)) => watch.tape.push(Happening::Sync { file: *file }),
        Some(Opened::Directory(path)) => watch.tape.push(Happening::SyncDirectory { path: path.clone() }),
        Some(Opened::Passing) | None => {}
    });
}

/// Notes a new name.
pub fn renamed(from: &Path, to: &Path) {
    with(|watch| {
        let (Some(from), Some(to)) = (watch.inside(from), watch.inside(to)) else { return };
        if let Some(file) = watch.names.remove(&from) {
            watch.names.insert(to.clone(), file);
        }
        watch.tape.push(Happening::Rename { from, to });
    });
}

/// Notes that a name is gone.
pub fn unlinked(path: &Path) {
    with(|watch| {
        let Some(path) = watch.inside(path).filter(|path| !is_passing(path)) else { return };
        watch.names.remove(&path);
        watch.tape.push(Happening::Unlink { path });
    });
}

/// Notes that a folder was made.
pub fn made_directory(path: &Path) {
    with(|watch| {
        if let Some(path) = watch.inside(path) {
            watch.tape.push(Happening::MakeDirectory { path });
        }
    });
}

fn is_passing(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-shm")
}

impl Watch {
    fn begin_with(&mut self, path: &Path, content: Option<&[u8]>) {
        match content {
            None => self.tape.push(Happening::MakeDirectory { path: path.to_owned() }),
            Some(content) => {
                let file = self.create(path);
                self.lengths[file as usize] = content.len() as u64;
                self.tape.push(Happening::Write { file, at: 0, bytes: content.to_vec() });
                self.tape.push(Happening::Sync { file });
            }
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        self.tape.push(Happening::SyncDirectory { path: folder });
    }

    /// The path as it is called in the watched folder, `None` when it is not in it.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.root).ok().map(Path::to_owned)
    }

    fn opened(&mut self, fd: c_int, path: &Path, creates: bool, empties: bool) {
        self.open.remove(&fd);
        let Some(path) = self.inside(path) else { return };
        if is_passing(&path) {
            self.open.insert(fd, Opened::Passing);
            return;
        }
        let known = self.names.get(&path).copied();
        let Some(file) = known.or_else(|| creates.then(|| self.create(&path))) else {
            self.open.insert(fd, Opened::Directory(path));
            return;
        };
        if empties && self.lengths[file as usize] > 0 {
            self.lengths[file as usize] = 0;
            self.tape.push(Happening::SetLength { file, length: 0 });
        }
        self.open.insert(fd, Opened::File(file));
    }

    fn create(&mut self, path: &Path) -> FileId {
        let file = self.lengths.len() as FileId;
        self.lengths.push(0);
        self.names.insert(path.to_owned(), file);
        self.tape.push(Happening::Create { path: path.to_owned(), file });
        file
    }

    fn judge(&mut self, call: &Call<'_>) -> Verdict {
        let concerned = match call {
            // That the folder itself is there is the harness's business.
            Call::Open { path, .. } | Call::Unlink { path } | Call::MakeDirectory { path } => {
                self.inside(path).is_some_and(|path| !path.as_os_str().is_empty())
            }
            Call::Rename { from, to } => self.inside(from).is_some() && self.inside(to).is_some(),
            Call::Read { fd } | Call::Write { fd, .. } | Call::SetLength { fd, .. } | Call::Sync { fd } => {
                self.open.contains_key(fd)
            }
        };
        if !concerned {
            return Verdict::Happen;
        }
        self.calls += 1;
        let broken = |yes: bool| if yes { Verdict::Fail(libc::EIO) } else { Verdict::Happen };
        match self.fault {
            None => Verdict::Happen,
            Some(Fault::BrokenOnce(call)) => broken(self.calls == call),
            Some(Fault::BrokenFrom(call)) => broken(self.calls >= call),
            Some(Fault::DieAt(call)) if self.calls == call => Verdict::Die,
            Some(Fault::DieAt(_)) => Verdict::Happen,
            Some(Fault::FullFrom(first)) => self.room(call, if self.calls >= first { 0 } else { u64::MAX }),
            Some(Fault::RoomFor(bytes)) => self.room(call, bytes.saturating_sub(self.grown)),
        }
    }

    /// What becomes of a call when so many bytes are left on the disk.
    fn room(&self, call: &Call<'_>, left: u64) -> Verdict {
        let full = Verdict::Fail(libc::ENOSPC);
        match call {
            Call::Write { fd, at, length } => {
                let needed = (at + *length as u64).saturating_sub(self.length(*fd));
                let fits = (*length as u64).saturating_sub(needed.saturating_sub(left));
                match fits {
                    _ if needed <= left => Verdict::Happen,
                    0 => full,
                    fits => Verdict::Only(fits as usize),
                }
            }
            Call::SetLength { fd, length } if length.saturating_sub(self.length(*fd)) > left => full,
            Call::Open { path, creates: true } if left == 0 => {
                let known = self.inside(path).is_some_and(|path| self.names.contains_key(&path) || is_passing(&path));
                if known { Verdict::Happen } else { full }
            }
            Call::MakeDirectory { .. } if left == 0 => full,
            _ => Verdict::Happen,
        }
    }

    fn length(&self, fd: c_int) -> u64 {
        match self.open.get(&fd) {
            Some(Opened::File(file)) => self.lengths[*file as usize],
            _ => u64::MAX,
        }
    }
}
