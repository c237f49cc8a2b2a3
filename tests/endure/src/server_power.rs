//! Power cuts on the server: whatever is left of its disk must be exactly what it was after an acknowledged transaction.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use ring::digest;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::disk;
use crate::image::Image;
use crate::office::{Office, Told, told};
use crate::phone::{MORNING, Phone};
use crate::power::{self, Cut};
use crate::run::Outcome;
use crate::tape::{Tape, without_commit_syncs};

/// Things that happen in a shift.
const DEEDS: usize = 40;
/// Of so many images one goes on to serve a new phone.
const SERVES_ONE_IN: u64 = 25;
/// The server's database.
pub const DATABASE: &str = "fieldline.db";

/// The hash of everything a database says.
pub type State = [u8; 32];

/// A shift of the server that was recorded.
pub struct Shift {
    /// Everything that reached the server's disk.
    pub tape: Tape,
    /// What the database said after each thing that was acknowledged.
    pub states: Vec<State>,
    /// The copies that were written, and how many things had been acknowledged with each.
    pub backups: BTreeMap<PathBuf, usize>,
}

/// Lets phones and a dispatcher work with a server and records its disk.
pub fn record(seed: u64, folder: &Path) -> Told<Shift> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let home = folder.join("server");
    std::fs::create_dir_all(&home).map_err(told)?;
    disk::watch(&home, &Image::new(), None);
    let worked = work(folder, &home, &mut rng);
    let seen = disk::end();
    let (office, states, backups) = worked?;
    power::require_whole_recording(&seen.tape, &home)?;
    drop(office);
    let states = states.borrow().clone();
    Ok(Shift { tape: seen.tape, states, backups })
}

type Worked = (Office, Rc<RefCell<Vec<State>>>, BTreeMap<PathBuf, usize>);

fn work(folder: &Path, home: &Path, rng: &mut ChaCha8Rng) -> Told<Worked> {
    let database = home.join(DATABASE);
    let states = Rc::new(RefCell::new(vec![State::default()]));
    let mut office = Office::open(&database, MORNING, rng)?;
    let (seen, root) = (states.clone(), home.to_owned());
    office.seen_by(move || {
        let state = disk::unwatched(|| state(&database)).expect("a server's database can be read beside it");
        seen.borrow_mut().push(state);
        disk::said(&root, seen.borrow().len() - 1);
    });
    office.hire_dispatcher(MORNING, rng)?;
    let mut phones = Vec::new();
    for name in ["mia", "bob"] {
        let user = office.hire(name, MORNING, rng)?;
        office.sends(user, &format!("A task of {name}'s"), MORNING, rng)?;
        let enrolment = office.enrol(user, MORNING, rng)?;
        let home = folder.join(name);
        std::fs::create_dir_all(&home).map_err(told)?;
        let mut phone = Phone::new(&home, enrolment, MORNING);
        phone.switch_on()?;
        phone.exchange(&office, rng)?;
        phones.push(phone);
    }
    let mut backups = BTreeMap::new();
    for deed in 0..DEEDS {
        let phone = &mut phones[rng.next_u32() as usize % 2];
        phone.work(&office, rng)?;
        if rng.next_u32().is_multiple_of(3) {
            phone.exchange(&office, rng)?;
        }
        if deed % 20 == 10 {
            let name = PathBuf::from(format!("backup-{deed}.db"));
            office.backs_up(&home.join(&name))?;
            backups.insert(name, states.borrow().len() - 1);
        }
    }
    drop(phones);
    Ok((office, states, backups))
}

impl Shift {
    /// Cuts the power so often, and says what was broken.
    pub fn cut(&self, images: u64, seed: u64, scratch: &Path) -> Outcome {
        power::cut_often(&self.tape, images, seed, scratch, |cut| {
            self.judge(cut).unwrap_or_else(|error| vec![format!("unusable: {error}")])
        })
    }

    /// The same with a log that is synced only before checkpoints: images that lost what was acknowledged.
    pub fn cut_as_normal(&self, images: u64, seed: u64, scratch: &Path) -> Outcome {
        let tape = without_commit_syncs(&self.tape);
        power::cut_often(&tape, images, seed, scratch, |cut| {
            let broken = self.judge(cut).unwrap_or_default();
            broken.into_iter().filter(|what| what.starts_with("lost")).collect()
        })
    }

    fn judge(&self, cut: &Cut<'_>) -> Told<Vec<String>> {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let database = cut.folder.join(DATABASE);
        let office = Office::open(&database, MORNING, &mut rng)?;
        let mut broken = Vec::new();
        if cut.said > 0 {
            broken.extend(self.compare(state(&database)?, cut.said));
            broken.extend(self.backups_are_whole(cut)?);
        }
        if cut.number.is_multiple_of(SERVES_ONE_IN) {
            broken.extend(serve(office, cut.folder, &mut rng)?);
        }
        Ok(broken)
    }

    /// What is there must be what was after the last thing acknowledged, or after the one that was being done.
    fn compare(&self, found: State, said: usize) -> Option<String> {
        let may_be = &self.states[said..self.states.len().min(said + 2)];
        if may_be.contains(&found) {
            return None;
        }
        let older = self.states[..said].iter().rposition(|state| *state == found);
        Some(match older {
            Some(older) => format!("lost: {} of {said} acknowledged transactions", said - older),
            None => "half: the database is as it never was".to_owned(),
        })
    }

    fn backups_are_whole(&self, cut: &Cut<'_>) -> Told<Vec<String>> {
        let mut broken = Vec::new();
        for (name, said) in self.backups.iter().filter(|(_, said)| **said <= cut.said) {
            let path = cut.folder.join(name);
            if !path.exists() {
                broken.push(format!("lost: {} was said to be written", name.display()));
            } else if state(&path)? != self.states[*said] {
                broken.push(format!("half: {} is not what was copied", name.display()));
            }
        }
        Ok(broken)
    }
}

/// A new phone can be enrolled, gets its owner's work, and delivers some.
fn serve(mut office: Office, folder: &Path, rng: &mut ChaCha8Rng) -> Told<Vec<String>> {
    let now = MORNING.plus_milliseconds(24 * 3_600_000);
    office.hire_dispatcher(now, rng).or_else(|error| if error.contains("taken") { Ok(()) } else { Err(error) })?;
    let user = office.hire("eva", now, rng)?;
    office.sends(user, "A task of eva's", now, rng)?;
    let enrolment = office.enrol(user, now, rng)?;
    let home = folder.join("eva");
    std::fs::create_dir_all(&home).map_err(told)?;
    let mut phone = Phone::new(&home, enrolment, now);
    phone.switch_on()?;
    phone.exchange(&office, rng)?;
    phone.now = phone.now.plus_milliseconds(1_000);
    phone.act(rng)?;
    phone.exchange(&office, rng)?;
    let delivered = phone.promises.delivered;
    Ok(if delivered == 1 { Vec::new() } else { vec![format!("stuck: a new phone delivered {delivered} edits of 1")] })
}

/// The hash of everything a database says, whatever its pages look like.
pub fn state(database: &Path) -> Told<State> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(told)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let read = |context: &mut digest::Context| {
        let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
        let tables = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        tables.iter().try_for_each(|table| add_table(&connection, table, context))
    };
    read(&mut context).map_err(told)?;
    Ok(context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

fn add_table(connection: &Connection, table: &str, context: &mut digest::Context) -> rusqlite::Result<()> {
    context.update(table.as_bytes());
    let columns = connection.prepare(&format!("SELECT * FROM {table}"))?.column_count();
    let order: Vec<String> = (1..=columns).map(|column| column.to_string()).collect();
    let mut rows = connection.prepare(&format!("SELECT * FROM {table} ORDER BY {}", order.join(", ")))?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            let mut add = |kind: u8, bytes: &[u8]| {
                context.update(&[kind]);
                context.update(&bytes.len().to_be_bytes());
                context.update(bytes);
            };
            match row.get_ref(column)? {
                ValueRef::Null => add(0, &[]),
                ValueRef::Integer(number) => add(1, &number.to_be_bytes()),
                ValueRef::Real(number) => add(2, &number.to_be_bytes()),
                ValueRef::Text(text) => add(3, text),
                ValueRef::Blob(bytes) => add(4, bytes),
            }
        }
    }
    Ok(())
}
