//! What happens to a phone's files while nobody looks, and what they must not give away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// Something that happens to a phone's files.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    /// Bits of the database rot.
    Rots,
    /// The key store is restored from another phone.
    GetsAnotherKey,
    /// The key store forgets.
    LosesItsKey,
    /// The disk fills up.
    Fills,
    /// Somebody makes room.
    Empties,
    /// They are what an older app left in another phone.
    AreOfAnOlderApp,
}

/// A phone's home: its store, its key store, and a disk of its own where one is needed.
pub struct Home {
    folder: tempfile::TempDir,
    is_mounted: bool,
}

/// How large a disk is that can be filled.
const DISK: &str = "size=24m";

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_mounted {
            drop(Command::new("umount").arg(self.disk()).status());
        }
    }
}

impl Home {
    /// An empty home; `small` gives its store a small disk of its own.
    ///
    /// # Errors
    /// When a disk is asked for and cannot be mounted.
    pub fn new(small: bool) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|problem| problem.to_string())?;
        let mut home = Self { folder, is_mounted: false };
        fs::create_dir_all(home.disk()).map_err(|problem| problem.to_string())?;
        if small {
            let mut mount = Command::new("mount");
            let mounted = mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(home.disk()).status();
            if !mounted.is_ok_and(|status| status.success()) {
                return Err(
                    "a small disk cannot be mounted here; run this scenario as root, or leave it out by name".into()
                );
            }
            home.is_mounted = true;
        }
        Ok(home)
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.disk().join("store")
    }

    /// The key store's file.
    pub fn secrets(&self) -> PathBuf {
        self.folder.path().join("secrets.json")
    }

    /// Lets something happen to the files.
    ///
    /// # Errors
    /// When it cannot be made to happen.
    pub fn happens(&self, mishap: Mishap, scenarios: &Path) -> Result<(), String> {
        let done = match mishap {
            Mishap::Rots => rot(&self.store().join("fieldline.db")),
            Mishap::GetsAnotherKey => self.another_key(),
            Mishap::LosesItsKey => fs::remove_file(self.secrets()),
            Mishap::Fills => fill(&self.disk().join("somebody's film")),
            Mishap::Empties => fs::remove_file(self.disk().join("somebody's film")),
            Mishap::AreOfAnOlderApp => self.of_an_older_app(&scenarios.join("older_app")),
        };
        done.map_err(|problem| format!("{mishap:?}: {problem}"))
    }

    fn another_key(&self) -> std::io::Result<()> {
        let kept = fs::read_to_string(self.secrets())?;
        let mut kept: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&kept)?;
        for key in kept.values_mut() {
            *key = "42".repeat(32).into();
        }
        fs::write(self.secrets(), serde_json::to_string(&kept)?)
    }

    /// The files an older app left, as they were kept in `older_app`.
    fn of_an_older_app(&self, kept: &Path) -> std::io::Result<()> {
        copy_all(kept, &self.store())?;
        let secrets = self.store().join("secrets.json");
        fs::copy(&secrets, self.secrets())?;
        fs::remove_file(secrets)
    }

    /// The first file that holds one of these texts.
    ///
    /// # Errors
    /// Names the file and the text.
    pub fn keep_secret(&self, secrets: &[String]) -> Result<(), String> {
        let mut folders = vec![self.disk()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|problem| problem.to_string())?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let content = fs::read(&path).map_err(|problem| problem.to_string())?;
                let is_in = |secret: &&String| content.windows(secret.len()).any(|window| window == secret.as_bytes());
                if let Some(secret) = secrets.iter().find(is_in) {
                    return Err(format!("{} holds \"{secret}\" in the clear", path.display()));
                }
            }
        }
        Ok(())
    }
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_all(&entry.path(), &target)?,
            false => fs::copy(entry.path(), target).map(drop)?,
        }
    }
    Ok(())
}

/// One bit in every page, the first excepted, which says that it is a database at all.
fn rot(database: &Path) -> std::io::Result<()> {
    const PAGE: usize = 4096;
    let mut bytes = fs::read(database)?;
    for page in bytes.chunks_mut(PAGE).skip(1) {
        let middle = page.len() / 2;
        page[middle] ^= 1;
    }
    fs::write(database, bytes)
}

/// Writes until there is no more room.
fn fill(film: &Path) -> std::io::Result<()> {
    match std::io::copy(&mut std::io::repeat(7), &mut fs::File::create(film)?) {
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
        written => written.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_the_clear_is_found_in_whatever_file_it_is() {
        let home = Home::new(false).unwrap();
        fs::create_dir_all(home.store().join("blobs")).unwrap();
        fs::write(home.store().join("blobs/part"), b"\x00\x01a canary\x02").unwrap();
        assert_eq!(home.keep_secret(&["a parrot".into()]), Ok(()));
        assert!(home.keep_secret(&["a canary".into()]).unwrap_err().contains("blobs/part"));
    }
}
