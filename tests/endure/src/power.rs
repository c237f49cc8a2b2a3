//! Power cuts: from one recorded stretch of work, the disks that a power cut at any moment of it could have left.

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::image::{self, Disk, Image, Keeps};
use crate::run::Outcome;
use crate::tape::{Happening, Tape};

/// A moment at which the power is cut, and what the disk made of it.
pub struct Cut<'a> {
    /// A folder with what is left.
    pub folder: &'a Path,
    /// How much of the tape had happened.
    pub happened: usize,
    /// How many times something had been said to be saved.
    pub said: usize,
    /// Which image of the recording it is.
    pub number: u64,
}

/// Makes so many different images from a tape and has each judged.
pub fn cut_often(
    tape: &Tape,
    images: u64,
    seed: u64,
    scratch: &Path,
    mut judge: impl FnMut(&Cut<'_>) -> Vec<String>,
) -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut outcome = Outcome::default();
    let (mut disk, mut said, mut seen) = (Disk::default(), 0, std::collections::BTreeSet::new());
    // Some moments have one image only; the rest is made up at the others.
    let mut due = 0.0;
    for (index, happening) in tape.iter().enumerate() {
        disk.follow(happening);
        if let Happening::Said { acts } = happening {
            said = *acts;
        }
        due += (images as f64 - outcome.trials as f64 - due) / (tape.len() - index) as f64;
        let mut tries = due.ceil() as usize * 2;
        while due >= 1.0 && tries > 0 {
            tries -= 1;
            let keeps = draw(&disk, &mut rng);
            let image = disk.image(keeps, &mut rng);
            if !seen.insert(fingerprint(&image, said)) {
                continue;
            }
            due -= 1.0;
            let (number, folder) = (outcome.trials, scratch.join("image"));
            image::write(&image, &folder).expect("the scratch folder takes files");
            let found = judge(&Cut { folder: &folder, happened: index + 1, said, number });
            std::fs::remove_dir_all(&folder).expect("the scratch folder can be emptied");
            outcome.trial(&format!("seed {seed}, cut after {}, {keeps:?}", index + 1), found);
        }
    }
    outcome
}

fn draw(disk: &Disk, rng: &mut ChaCha8Rng) -> Keeps {
    match rng.next_u32() % 8 {
        0 => Keeps::Nothing,
        1 => Keeps::Everything,
        2..5 => Keeps::Some(1 + rng.next_u32() % 999),
        _ => {
            let first = disk.first_unsynced().unwrap_or(disk.happened());
            Keeps::Torn(first + rng.next_u32() as usize % (disk.happened() - first).max(1))
        }
    }
}

fn fingerprint(image: &Image, said: usize) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(&said.to_be_bytes());
    for (path, content) in image {
        context.update(path.as_os_str().as_encoded_bytes());
        context.update(&content.as_ref().map_or(0, Vec::len).to_be_bytes());
        context.update(content.as_deref().unwrap_or_default());
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Fails unless the tape leads to exactly the files in a folder: then no call was missed.
pub fn require_whole_recording(tape: &Tape, folder: &Path) -> Result<(), String> {
    let mut disk = Disk::default();
    tape.iter().for_each(|happening| disk.follow(happening));
    let recorded = disk.image(Keeps::Everything, &mut ChaCha8Rng::seed_from_u64(0));
    let found = image::read(folder).map_err(|error| error.to_string())?;
    let differs = |path: &&PathBuf| recorded.get(*path) != found.get(*path);
    let wrong: Vec<&PathBuf> = recorded.keys().chain(found.keys()).filter(differs).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("the recording and the folder differ in {wrong:?}")) }
}
