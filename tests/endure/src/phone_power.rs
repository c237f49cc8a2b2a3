//! Power cuts on the phone: a shift is recorded, and each image of it must open with everything that was said to be saved.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use fieldline_device::{Device, Enrolment};
use fieldline_documents::Edit;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::disk;
use crate::image::{self, Image};
use crate::office::{Office, Told, told};
use crate::phone::{self, Act, Expected, MORNING, Phone, Promises};
use crate::power::{self, Cut};
use crate::run::Outcome;
use crate::server_power::DATABASE;
use crate::tape::{Tape, without_commit_syncs};

/// Things a technician does in a shift.
const DEEDS: usize = 30;
/// Of so many images one goes on to exchange with the server.
const REJOINS_ONE_IN: u64 = 25;

/// A shift that was recorded.
pub struct Shift {
    /// Everything that reached the phone's disk.
    pub tape: Tape,
    /// What had been promised, each time something was said to be saved.
    pub said: Vec<Promises>,
    /// Everything that was tried.
    pub tried: Vec<Act>,
    /// Who the phone is.
    pub enrolment: Enrolment,
    /// The server's files each time it had acknowledged something, and how much had happened to the phone's disk by then: a
    /// phone must not meet a server that has heard of its future.
    servers: Vec<(usize, Image)>,
}

/// Lets a technician work and records the phone's disk.
pub fn record(seed: u64, folder: &Path) -> Told<Shift> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (server, home) = (folder.join("server"), folder.join("phone"));
    std::fs::create_dir_all(&home).and_then(|()| std::fs::create_dir_all(&server)).map_err(told)?;
    let mut office = Office::open(&server.join(DATABASE), MORNING, &mut rng)?;
    office.hire_dispatcher(MORNING, &mut rng)?;
    let user = office.hire("mia", MORNING, &mut rng)?;
    let enrolment = office.enrol(user, MORNING, &mut rng)?;
    for number in 0..3 {
        office.sends(user, &format!("Boiler {number}"), MORNING, &mut rng)?;
    }
    let servers = Rc::new(RefCell::new(vec![(0, image::read(&server).map_err(told)?)]));
    let seen = servers.clone();
    office.seen_by(move || {
        let files = disk::unwatched(|| image::read(&server)).expect("a server's files can be read beside it");
        seen.borrow_mut().push((disk::happened(), files));
    });
    let mut phone = Phone::new(&home, enrolment.clone(), MORNING);
    disk::watch(&home, &Image::new(), None);
    let worked = work(&mut phone, &office, &mut rng);
    let seen = disk::end();
    worked?;
    power::require_whole_recording(&seen.tape, &home)?;
    phone.switch_off();
    let servers = servers.take();
    Ok(Shift { tape: seen.tape, said: phone.said, tried: phone.promises.acts, enrolment, servers })
}

fn work(phone: &mut Phone, office: &Office, rng: &mut ChaCha8Rng) -> Told<()> {
    phone.switch_on()?;
    phone.exchange(office, rng)?;
    (0..DEEDS).try_for_each(|_| phone.work(office, rng))
}

impl Shift {
    /// Cuts the power so often, and says what was broken.
    pub fn cut(&self, images: u64, seed: u64, scratch: &Path) -> Outcome {
        power::cut_often(&self.tape, images, seed, scratch, |cut| {
            let rejoins = cut.number.is_multiple_of(REJOINS_ONE_IN);
            self.judge(cut, rejoins.then_some(scratch)).unwrap_or_else(|error| vec![format!("unusable: {error}")])
        })
    }

    /// The same with a log that is synced only before checkpoints: images that lost what was said to be saved.
    pub fn cut_as_normal(&self, images: u64, seed: u64, scratch: &Path) -> Outcome {
        let tape = without_commit_syncs(&self.tape);
        power::cut_often(&tape, images, seed, scratch, |cut| {
            let broken = self.judge(cut, None).unwrap_or_default();
            broken.into_iter().filter(|what| what.starts_with("lost")).collect()
        })
    }

    fn judge(&self, cut: &Cut<'_>, rejoins: Option<&Path>) -> Told<Vec<String>> {
        let device = Device::open(cut.folder, &phone::key()).map_err(told)?;
        let promised = &self.said[cut.said];
        let mut broken = phone::check(&device, &Expected { promised, tried: &self.tried })?;
        if let Some(salvage) = device.salvage() {
            broken.push(format!("damaged: a power cut made a salvage necessary: {salvage:?}"));
        }
        drop(device);
        if let Some(scratch) = rejoins {
            broken.extend(self.rejoin(cut.folder, cut.happened, promised, scratch)?);
        }
        Ok(broken)
    }

    /// Lets a phone as it was at a moment meet the server as it was then: everything it promised must arrive, and once, and
    /// new work too.
    pub fn rejoin(&self, home: &Path, happened: usize, promised: &Promises, scratch: &Path) -> Told<Vec<String>> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let folder = scratch.join("rejoined");
        let server = self.servers.iter().rfind(|(then, _)| *then <= happened).map(|(_, files)| files);
        image::write(server.ok_or("the server was there before the phone")?, &folder).map_err(told)?;
        let now = MORNING.plus_milliseconds(24 * 3_600_000);
        let office = Office::open(&folder.join(DATABASE), now, &mut rng)?;
        let mut phone = Phone::new(home, self.enrolment.clone(), now);
        phone.switch_on()?;
        phone.exchange(&office, &mut rng)?;
        phone.act(&mut rng)?;
        phone.exchange(&office, &mut rng)?;
        let mut broken = arrived(&office, promised)?;
        broken.extend(arrived(&office, &phone.promises)?);
        let held = phone.device()?.needs_attention().map_err(told)?.held;
        broken.extend(
            held.iter().map(|edit| format!("held: what an honest phone did: {}: {}", edit.reason, edit.detail)),
        );
        drop((phone, office));
        std::fs::remove_dir_all(&folder).map_err(told)?;
        Ok(broken)
    }
}

/// Every act that was said to be saved stands in the server's log, once.
fn arrived(office: &Office, promised: &Promises) -> Told<Vec<String>> {
    let tx = office.server().storage().read().map_err(told)?;
    let mut broken = Vec::new();
    for act in promised.acts.iter().filter(|act| act.said) {
        let Some(document) = &act.document else { continue };
        let edits = tx.edits(document, 0).map_err(told)?;
        let is_it = |body: &[u8]| Edit::decode(body).is_ok_and(|edit| edit.at == act.at);
        let count = edits.iter().filter(|(_, edit)| is_it(&edit.body)).count();
        if count != 1 {
            broken.push(format!("lost: {} arrived {count} times at the server", act.word));
        }
    }
    Ok(broken)
}
