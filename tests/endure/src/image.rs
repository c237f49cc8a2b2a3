//! What a power cut may leave of a folder: what was synced, and of the rest none, all, or any part.
//!
//! **The model.** A sector of 512 bytes is written whole or not at all. A sector that was written several times since the
//! last sync of its file holds any of its states, because the system writes it back whenever it likes; sectors do not wait
//! for each other. A file is as long as what was kept of it, or longer, with zeros. Names (created, renamed, removed) are
//! durable once their folder is synced and until then kept or not, each for itself, in order. That is stricter than ext4,
//! F2FS and APFS are. It leaves out disks that lie about a sync and bits that rot; see [`crate::damage`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::tape::{FileId, Happening};

const SECTOR_BYTES: u64 = 512;

/// What survives of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing.
    Nothing,
    /// Everything: also what a killed process leaves.
    Everything,
    /// Every sector and every name by chance, kept so many times in a thousand.
    Some(u32),
    /// Everything until a moment, a part of what happened then, nothing after it.
    Torn(usize),
}

/// Something done to a file since its last sync.
#[derive(Clone)]
enum Change {
    Write { at: u64, bytes: Vec<u8>, order: usize },
    SetLength { length: u64, order: usize },
}

impl Change {
    fn order(&self) -> usize {
        match self {
            Self::Write { order, .. } | Self::SetLength { order, .. } => *order,
        }
    }
}

#[derive(Clone, Default)]
struct Contents {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Naming {
    Create { path: PathBuf, file: FileId },
    MakeDirectory { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
    Unlink { path: PathBuf },
}

impl Naming {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Create { path, .. } | Self::MakeDirectory { path } | Self::Unlink { path } => path.parent(),
            Self::Rename { to, .. } => to.parent(),
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Entry {
    File(FileId),
    Directory,
}

type Names = BTreeMap<PathBuf, Entry>;

/// A disk that follows a tape.
#[derive(Default)]
pub struct Disk {
    files: BTreeMap<FileId, Contents>,
    names: Names,
    pending: Vec<(usize, Naming)>,
    happened: usize,
}

/// The files a power cut leaves, by name; `None` is a folder.
pub type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Disk {
    /// Lets the next thing on the tape happen.
    pub fn follow(&mut self, happening: &Happening) {
        let order = self.happened;
        self.happened += 1;
        let naming = match happening.clone() {
            Happening::Create { path, file } => Naming::Create { path, file },
            Happening::MakeDirectory { path } => Naming::MakeDirectory { path },
            Happening::Rename { from, to } => Naming::Rename { from, to },
            Happening::Unlink { path } => Naming::Unlink { path },
            Happening::Write { file, at, bytes } => {
                let change = Change::Write { at, bytes, order };
                return self.files.entry(file).or_default().pending.push(change);
            }
            Happening::SetLength { file, length } => {
                let change = Change::SetLength { length, order };
                return self.files.entry(file).or_default().pending.push(change);
            }
            Happening::Sync { file } => return self.files.entry(file).or_default().settle(),
            Happening::SyncDirectory { path } => return self.sync_directory(&path),
            Happening::Said { .. } => return,
        };
        self.pending.push((order, naming));
    }

    /// How many things have happened.
    pub fn happened(&self) -> usize {
        self.happened
    }

    /// When the first thing happened that is not durable yet.
    pub fn first_unsynced(&self) -> Option<usize> {
        let changes = self.files.values().filter_map(|contents| contents.pending.first().map(Change::order));
        changes.chain(self.pending.first().map(|(order, _)| *order)).min()
    }

    fn sync_directory(&mut self, folder: &Path) {
        let pending = std::mem::take(&mut self.pending);
        let (settled, left) = pending.into_iter().partition(|(_, naming)| naming.folder() == Some(folder));
        self.pending = left;
        let settled: Vec<(usize, Naming)> = settled;
        settled.into_iter().for_each(|(_, naming)| apply(&mut self.names, naming));
    }

    /// What a power cut leaves at this moment.
    pub fn image(&self, keeps: Keeps, rng: &mut ChaCha8Rng) -> Image {
        let mut names = self.names.clone();
        for (order, naming) in &self.pending {
            if keeps.keeps(*order, rng) {
                apply(&mut names, naming.clone());
            }
        }
        let content = |entry: &Entry, rng: &mut ChaCha8Rng| match entry {
            Entry::Directory => None,
            Entry::File(file) => Some(self.files.get(file).map(|file| file.left(keeps, rng)).unwrap_or_default()),
        };
        // A name in a folder that is not there is not there.
        let reachable = |path: &Path| {
            path.ancestors().skip(1).all(|folder| folder.as_os_str().is_empty() || names.contains_key(folder))
        };
        let paths: Vec<PathBuf> = names.keys().filter(|path| reachable(path)).cloned().collect();
        paths.into_iter().map(|path| (path.clone(), content(&names[&path], rng))).collect()
    }
}

fn apply(names: &mut Names, naming: Naming) {
    match naming {
        Naming::Create { path, file } => drop(names.insert(path, Entry::File(file))),
        Naming::MakeDirectory { path } => drop(names.insert(path, Entry::Directory)),
        Naming::Unlink { path } => drop(names.remove(&path)),
        Naming::Rename { from, to } => {
            if let Some(entry) = names.remove(&from) {
                names.insert(to, entry);
            }
        }
    }
}

impl Keeps {
    fn keeps(self, order: usize, rng: &mut ChaCha8Rng) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(thousandths) => rng.next_u32() % 1000 < thousandths,
            Self::Torn(moment) => order < moment || (order == moment && rng.next_u32().is_multiple_of(2)),
        }
    }
}

impl Contents {
    fn settle(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            change_all(&mut self.durable, &change);
        }
    }

    /// What is left of the file. Cutting a file is an act of the file system, before which nothing that follows is written.
    fn left(&self, keeps: Keeps, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let is_cut = |change: &Change| matches!(change, Change::SetLength { .. });
        let Some(last_cut) = self.pending.iter().rposition(is_cut) else {
            return sectors(self.durable.clone(), &self.pending, keeps, rng);
        };
        let mut content = self.durable.clone();
        if keeps.keeps(self.pending[last_cut].order(), rng) {
            self.pending[..=last_cut].iter().for_each(|change| change_all(&mut content, change));
            return sectors(content, &self.pending[last_cut + 1..], keeps, rng);
        }
        let first_cut = self.pending.iter().position(is_cut).unwrap_or(last_cut);
        sectors(content, &self.pending[..first_cut], keeps, rng)
    }
}

fn change_all(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::SetLength { length, .. } => content.resize(*length as usize, 0),
        Change::Write { at, bytes, .. } => put(content, *at, bytes),
    }
}

fn put(content: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let (from, until) = (at as usize, at as usize + bytes.len());
    if content.len() < until {
        content.resize(until, 0);
    }
    content[from..until].copy_from_slice(bytes);
}

/// What was written to a sector: from which byte of the file on, what, and when.
type State<'a> = (u64, &'a [u8], usize);

/// Keeps any of the states that each sector went through.
fn sectors(mut content: Vec<u8>, writes: &[Change], keeps: Keeps, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut touched: BTreeMap<u64, Vec<State<'_>>> = BTreeMap::new();
    for change in writes {
        let Change::Write { at, bytes, order } = change else { continue };
        let end = at + bytes.len() as u64;
        for sector in at / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            let (from, until) = ((sector * SECTOR_BYTES).max(*at), ((sector + 1) * SECTOR_BYTES).min(end));
            let part = &bytes[(from - at) as usize..(until - at) as usize];
            touched.entry(sector).or_default().push((from, part, *order));
        }
    }
    let full_length = touched.values().flatten().map(|(from, part, _)| from + part.len() as u64).max().unwrap_or(0);
    for states in touched.values() {
        let kept = states.iter().take_while(|(_, _, order)| keeps.keeps(*order, rng)).count();
        states[..kept].iter().for_each(|(from, part, _)| put(&mut content, *from, part));
    }
    if matches!(keeps, Keeps::Some(_)) && rng.next_u32().is_multiple_of(4) && content.len() < full_length as usize {
        content.resize(full_length as usize, 0);
    }
    content
}

/// Puts an image into an empty folder.
pub fn write(image: &Image, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (path, content) in image {
        match content {
            None => fs::create_dir_all(folder.join(path))?,
            Some(content) => fs::write(folder.join(path), content)?,
        }
    }
    Ok(())
}

/// What lies in a folder, shared memory of databases aside.
pub fn read(folder: &Path) -> std::io::Result<Image> {
    let mut image = Image::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            let name = path.strip_prefix(folder).expect("it was found in there").to_owned();
            if path.is_dir() {
                image.insert(name, None);
                folders.push(path);
            } else if !name.to_string_lossy().ends_with("-shm") {
                image.insert(name, Some(fs::read(&path)?));
            }
        }
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    fn disk(tape: &[Happening]) -> Disk {
        let mut disk = Disk::default();
        tape.iter().for_each(|happening| disk.follow(happening));
        disk
    }

    fn written(at: u64, byte: u8, length: usize) -> Happening {
        Happening::Write { file: 0, at, bytes: vec![byte; length] }
    }

    fn made() -> Happening {
        Happening::Create { path: "a".into(), file: 0 }
    }

    fn top() -> Happening {
        Happening::SyncDirectory { path: PathBuf::new() }
    }

    #[test]
    fn what_was_synced_is_always_there_and_what_was_not_may_be() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let disk = disk(&[made(), written(0, 1, 600), Happening::Sync { file: 0 }, top(), written(0, 2, 600)]);
        let content = |keeps, rng: &mut ChaCha8Rng| disk.image(keeps, rng).remove(Path::new("a")).flatten();
        assert_eq!(content(Keeps::Nothing, &mut rng), Some(vec![1; 600]));
        assert_eq!(content(Keeps::Everything, &mut rng), Some(vec![2; 600]));
        let mixed = (0..50).filter_map(|_| content(Keeps::Some(500), &mut rng)).collect::<Vec<_>>();
        assert!(mixed.iter().all(|left| left[..512].iter().all(|byte| *byte == left[0])), "a sector is whole");
        assert!(mixed.iter().any(|left| left[0] == 1 && left[599] == 2), "the later sector may be kept alone");
    }

    #[test]
    fn a_name_is_durable_once_its_folder_is_synced_even_if_its_file_is() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let unsynced = disk(&[made(), written(0, 1, 9), Happening::Sync { file: 0 }]);
        assert!(unsynced.image(Keeps::Nothing, &mut rng).is_empty());
        let renamed = Happening::Rename { from: "a".into(), to: "b".into() };
        let synced = disk(&[made(), written(0, 1, 9), Happening::Sync { file: 0 }, top(), renamed]);
        assert!(synced.image(Keeps::Nothing, &mut rng).contains_key(Path::new("a")));
        assert!(synced.image(Keeps::Everything, &mut rng).contains_key(Path::new("b")));
    }

    #[test]
    fn a_torn_write_keeps_what_came_before_it_and_nothing_after() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let disk = disk(&[made(), top(), written(0, 1, 2048), written(2048, 2, 2048), written(4096, 3, 2048)]);
        for _ in 0..20 {
            let left = disk.image(Keeps::Torn(3), &mut rng).remove(Path::new("a")).flatten().expect("it is there");
            assert!(left[..2048].iter().all(|byte| *byte == 1) && left.len() <= 4096, "{} bytes", left.len());
        }
    }
}
