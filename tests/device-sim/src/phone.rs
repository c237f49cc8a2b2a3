//! One phone: the real core, a radio, a clock, and a person who types.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use fieldline_device::runtime::{Entropy, Runtime};
use fieldline_device::view::Day;
use fieldline_device::{Captured, Command, DatabaseKey, Device, Dialect};
use fieldline_model::check_in::Fix;
use fieldline_model::{DocumentId, FieldName, Place, hex};
use fieldline_sync::session::Event;
use fieldline_sync::wire::OLDEST_WIRE_VERSION;
use rand_core::Rng;
use tokio::runtime::Runtime as Tokio;

use crate::clock::WrongClock;
use crate::radio::Radio;
use crate::words::{HELP, Word};
use crate::{Failed, disk, screens};

/// Whose password signs everybody in.
const PASSWORD: &str = "FIELDLINE_PASSWORD";
const DAY_MILLISECONDS: i64 = 24 * 3_600_000;

/// A phone that is switched on.
pub struct Phone {
    home: PathBuf,
    user: String,
    server: String,
    runtime: Runtime,
    radio: Arc<Radio>,
    clock: Arc<WrongClock>,
    here: Option<Place>,
    tokio: Tokio,
    /// What the last list showed.
    listed: Vec<DocumentId>,
    open: Option<DocumentId>,
}

impl Phone {
    /// Switches a phone on. Its first time it is signed in, which takes a radio.
    ///
    /// # Errors
    /// When its files cannot be opened, or nobody can sign in.
    pub fn switched_on(home: &Path, server: &str, user: &str, seed: Option<u64>) -> Result<Self, Failed> {
        fs::create_dir_all(home)?;
        let seed = seed.unwrap_or_else(|| Entropy::default().next_u64());
        let radio = Arc::new(Radio::new(seed).map_err(|problem| problem.to_string())?);
        let clock = Arc::new(WrongClock::default());
        let device = Device::open(&home.join("store"), &key_in(home)?)?;
        let runtime = Runtime::within(device, radio.clone(), clock.clone());
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (home, server, user) = (home.to_owned(), server.to_owned(), user.to_owned());
        let (here, listed, open) = (None, Vec::new(), None);
        let phone = Self { home, user, server, runtime, radio, clock, here, tokio, listed, open };
        let is_enrolled = phone.device().enrolment().is_some();
        if !is_enrolled {
            phone.sign_in()?;
        }
        Ok(phone)
    }

    fn sign_in(&self) -> Result<(), Failed> {
        let password =
            std::env::var(PASSWORD).map_err(|_| format!("set {PASSWORD} to the password of {}", self.user))?;
        self.tokio.block_on(self.runtime.enrol(&self.server, &self.user, &password, "device-sim"))?;
        Ok(())
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.runtime.device()
    }

    /// Does what was typed and says what is on the screen then.
    pub fn takes(&mut self, word: Word) -> String {
        self.done(word).unwrap_or_else(|problem| format!("! {problem}"))
    }

    fn done(&mut self, word: Word) -> Result<String, Failed> {
        match word {
            Word::Step { .. } | Word::Set { .. } | Word::Note(_) | Word::Comment(_) | Word::Answer { .. } => {
                self.works(word)
            }
            Word::Photo(_) | Word::Sign | Word::Confirm(_) | Word::Discard(_) | Word::Resend(_) => self.works(word),
            Word::Sync | Word::Background(_) => self.syncs(&word),
            Word::Radio(_) | Word::Lossy(_) | Word::Clock(_) | Word::Here(..) | Word::Disk(_) | Word::App { .. } => {
                self.meets(&word)
            }
            Word::Kill => kill(),
            Word::Wait(seconds) => {
                self.tokio.block_on(async { tokio::time::sleep(Duration::from_secs(seconds)).await });
                Ok(String::new())
            }
            _ => self.shows(word),
        }
    }

    /// Screens.
    fn shows(&mut self, word: Word) -> Result<String, Failed> {
        let now = self.runtime.now();
        let today =
            Day { from: now.plus_milliseconds(-DAY_MILLISECONDS), until: now.plus_milliseconds(DAY_MILLISECONDS) };
        let items = match &word {
            Word::Today => Some(self.device().today(today)?),
            Word::Search(text) => Some(self.device().search(text)?),
            _ => None,
        };
        if let Some(items) = items {
            self.listed = items.iter().map(|item| item.document.clone()).collect();
            let status = self.device().sync_status()?;
            return Ok(screens::list(&items, &status, self.radio.is_on()));
        }
        if let Word::Open(number) = word {
            let listed = number.checked_sub(1).and_then(|at| self.listed.get(at)).cloned();
            self.open = Some(listed.ok_or_else(|| format!("the last list has {} records", self.listed.len()))?);
        }
        let device = self.runtime.device();
        Ok(match word {
            Word::Open(_) => screens::record(&device.record(self.opened()?)?.ok_or("it is not here any more")?),
            Word::Form => screens::form(&device.form(self.opened()?)?.ok_or("it is not here any more")?),
            Word::History => screens::history(&device.record(self.opened()?)?.ok_or("it is not here any more")?),
            Word::Attention => screens::attention(&device.needs_attention()?),
            Word::News => screens::news(&device.what_changed()?),
            Word::Van => screens::van(&device.van_stock()?),
            Word::Plan => {
                let here = self.here.ok_or("say where the phone is first: here LATITUDE LONGITUDE")?;
                screens::plan(&device.plan_day(today, now, here)?)
            }
            Word::Outbox => screens::outbox(&device.outbox()?),
            Word::Status => screens::status(&device.sync_status()?, device.salvage(), self.radio.is_on()),
            _ => HELP.into(),
        })
    }

    fn opened(&self) -> Result<&DocumentId, String> {
        self.open.as_ref().ok_or_else(|| "open a record first".into())
    }

    /// Commands.
    fn works(&mut self, word: Word) -> Result<String, Failed> {
        let command = self.command(word)?;
        let now = self.runtime.now();
        let mut device = self.device();
        device.moved_to(self.here.map(|place| Fix { place, accuracy_metres: 10.0 }));
        let done = device.execute(command, now, &mut Entropy::default())?;
        let shown = device.record(&done.document)?;
        drop(device);
        self.runtime.poke();
        Ok(shown.map_or_else(|| "done".into(), |shown| format!("saved\n{}", screens::record(&shown))))
    }

    fn command(&self, word: Word) -> Result<Command, Failed> {
        if let Word::Discard(counter) = word {
            return Ok(Command::DiscardHeld { counter });
        }
        if let Word::Resend(counter) = word {
            return Ok(Command::ResendHeld { counter });
        }
        let document = self.opened()?.clone();
        Ok(match word {
            Word::Step { step, reason } => {
                let (fields, comment) = (BTreeMap::new(), None);
                Command::Transition { step: self.step(&document, &step)?, document, reason, fields, comment }
            }
            Word::Set { field, value } => {
                let table = Dialect::default().dictionary.table(document.table.as_str());
                let known =
                    table.and_then(|table| table.field(&field)).ok_or_else(|| format!("there is no field {field}"))?;
                let fields = BTreeMap::from([(FieldName::from(field.as_str()), known.parse(&value)?)]);
                Command::SetFields { document, fields }
            }
            Word::Note(text) => Command::WorkNote { document, text },
            Word::Comment(text) => Command::Comment { document, text },
            Word::Answer { question, answer } => Command::Answer { document, question, answer, photo: None },
            Word::Photo(kilobytes) => {
                let photo = captured(kilobytes << 10, "photo.jpg", "image/jpeg");
                Command::AddPhoto { document, photo, thumbnail: Some(captured(2 << 10, "photo.jpg", "image/jpeg")) }
            }
            Word::Sign => {
                Command::AddSignature { document, signature: captured(4 << 10, "signature.png", "image/png") }
            }
            Word::Confirm(field) => Command::Confirm { document, field: field.as_str().into() },
            _ => return Err("that is nothing one does to a record".into()),
        })
    }

    /// A step by the beginning of its name; what is offered, when none begins so.
    fn step(&self, document: &DocumentId, begun: &str) -> Result<String, Failed> {
        let record = self.device().record(document)?.ok_or("it is not here any more")?;
        let fits = record.steps.iter().find(|offer| offer.step.starts_with(begun));
        let names: Vec<&str> = record.steps.iter().map(|offer| offer.step.as_str()).collect();
        let unknown =
            || format!("\"{begun}\" is no step from here; there are {}. `help` tells all words", names.join(", "));
        Ok(fits.ok_or_else(unknown)?.step.clone())
    }

    fn syncs(&mut self, word: &Word) -> Result<String, Failed> {
        let runtime = self.runtime.clone();
        let events = self.tokio.block_on(async {
            match word {
                Word::Background(seconds) => {
                    let time = Duration::from_secs(*seconds);
                    tokio::time::timeout(time, runtime.sync_until_idle()).await.unwrap_or(Ok(Vec::new()))
                }
                _ => runtime.sync_until_idle().await,
            }
        })?;
        if events.iter().any(|event| matches!(event, Event::NeedsSignIn | Event::Revoked)) {
            self.sign_in()?;
        }
        Ok(screens::synced(&events, &self.device().sync_status()?))
    }

    /// What happens to the phone.
    fn meets(&mut self, word: &Word) -> Result<String, Failed> {
        match *word {
            Word::Radio(on) => self.radio.switch(on),
            Word::Lossy(percent) => self.radio.loses(percent),
            Word::Clock(seconds) => self.clock.is_off_by(seconds),
            Word::Here(latitude, longitude) => {
                let place = Place::from_degrees(latitude, longitude).ok_or("latitude and longitude are degrees")?;
                self.here = Some(place);
            }
            Word::Disk(true) => disk::fills(&self.home)?,
            Word::Disk(false) => disk::empties(&self.home)?,
            Word::App { is_new } => self.is_restarted_as(is_new)?,
            _ => {}
        }
        Ok(String::new())
    }

    /// The app is closed, and another one opens what it left.
    fn is_restarted_as(&mut self, is_new: bool) -> Result<(), Failed> {
        let newest = Dialect::default();
        let dialect = if is_new { newest } else { Dialect { wire_version: OLDEST_WIRE_VERSION, ..newest } };
        let device = Device::open_with(&self.home.join("store"), &key_in(&self.home)?, dialect)?;
        self.runtime = Runtime::within(device, self.radio.clone(), self.clock.clone());
        Ok(())
    }
}

/// The database's key, beside it: a simulator has no key store.
fn key_in(home: &Path) -> Result<DatabaseKey, Failed> {
    let file = home.join("key");
    if !file.exists() {
        let mut bytes = [0; 32];
        Entropy::default().fill_bytes(&mut bytes);
        fs::write(&file, hex::encode(&bytes))?;
    }
    let digits = fs::read_to_string(&file)?;
    Ok(DatabaseKey::new(hex::decode(digits.trim()).ok_or_else(|| format!("{} holds no key", file.display()))?))
}

/// A file as a camera makes it: nothing packs it smaller.
fn captured(bytes: usize, file_name: &str, content_type: &str) -> Captured {
    let mut content = vec![0; bytes];
    Entropy::default().fill_bytes(&mut content);
    Captured { bytes: content, file_name: file_name.into(), content_type: content_type.into() }
}

/// As when the battery is taken out: nothing is closed, nothing is written.
fn kill() -> Result<String, Failed> {
    let this = rustix::process::getpid();
    rustix::process::kill_process(this, rustix::process::Signal::KILL)?;
    Ok(String::new())
}
