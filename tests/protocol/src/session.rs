//! What a phone and its server say to each other in a day: a first sync, work with a photo going up, others' work coming down,
//! a record that is taken away. Somebody on the wire sees every message before it arrives.

use fieldline_device::{Captured, Command};
use fieldline_model::DocumentId;
use fieldline_sync::caps::CHUNK_BYTES;
use fieldline_sync::session::{Event, Reply};
use rand_core::Rng;

use crate::{Office, Phone};

/// A photo of two pieces, so that a file is cut between and inside them.
const PHOTO_BYTES: usize = CHUNK_BYTES + 3_000;
/// Exchanges one part of the day may take on a sound wire.
const EXCHANGES: usize = 50;

/// A server and two phones; the wire of the first is looked at.
pub struct Day {
    /// The server.
    pub office: Office,
    /// Mia's phone.
    pub mia: Phone,
    /// Bob's phone, on a sound wire.
    pub bob: Phone,
    /// Mia's jobs in the morning.
    pub jobs: Vec<DocumentId>,
}

/// One part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// An empty phone learns everything.
    FirstSync,
    /// Work with a photo goes up.
    Push,
    /// Others' work comes down and meets unsent work.
    Pull,
    /// A job is given to somebody else while work on it is unsent.
    Purge,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives as it was sent.
    Arrives,
    /// It is lost, and the phone tries again.
    Lost,
}

/// Somebody between phone and server.
pub trait OnTheWire {
    /// Sees a request on its way.
    fn request(&mut self, day: &mut Day, frame: &[u8]) -> Fate;
    /// Sees an answer on its way.
    fn answer(&mut self, day: &mut Day, frame: &[u8]) -> Fate;
}

/// A sound wire.
pub struct Nobody;

impl OnTheWire for Nobody {
    fn request(&mut self, _: &mut Day, _: &[u8]) -> Fate {
        Fate::Arrives
    }

    fn answer(&mut self, _: &mut Day, _: &[u8]) -> Fate {
        Fate::Arrives
    }
}

impl Day {
    /// A morning: three jobs for Mia. Every day begins the same.
    pub fn begins() -> Self {
        let mut office = Office::open();
        let (mia, bob) = (office.hires("mia"), office.hires("bob"));
        let job = |number| office.sends(&mia, &format!("Replace circulation pump {number}; the tenant has the key"));
        let jobs = (0..3).map(job).collect();
        Self { office, mia, bob, jobs }
    }

    /// Plays the whole day.
    pub fn passes(&mut self, wire: &mut impl OnTheWire) {
        let stages = [Stage::FirstSync, Stage::Push, Stage::Pull, Stage::Purge];
        stages.into_iter().for_each(|stage| self.plays(stage, wire));
    }

    /// Plays a part of the day until phone and server have nothing more to say. The phone is never made to wait: a pause
    /// after an exchange that moved nothing would show as one exchange too many.
    pub fn plays(&mut self, stage: Stage, wire: &mut impl OnTheWire) {
        self.happens(stage);
        let mut arrived = 0;
        while arrived < EXCHANGES {
            let frame = self.mia.asks(&mut self.office);
            if wire.request(self, &frame) == Fate::Lost {
                self.mia_hears(Reply::Failed);
                continue;
            }
            let Reply::Body(answer) = self.server_takes(&frame) else { panic!("an honest phone is answered") };
            if wire.answer(self, &answer) == Fate::Lost {
                self.mia_hears(Reply::Failed);
                continue;
            }
            arrived += 1;
            if self.mia_hears(Reply::Body(answer)).iter().any(|event| matches!(event, Event::Synced { .. })) {
                return;
            }
        }
        panic!("{stage:?} does not end");
    }

    /// Lets happen what a part of the day is about.
    pub fn happens(&mut self, stage: Stage) {
        let jobs = self.jobs.clone();
        match stage {
            Stage::FirstSync => {}
            Stage::Push => {
                let files = [(2_500, "pump-small.jpg"), (PHOTO_BYTES, "pump.jpg"), (1_500, "signature.png")];
                let [thumbnail, photo, signature] = files.map(|(bytes, name)| self.captures(bytes, name));
                let document = jobs[0].clone();
                self.mia_does(takes(&jobs[0], "accept"));
                self.mia_does(takes(&jobs[0], "start_work"));
                self.mia_does(notes(&jobs[0], "The shut-off valve is behind the left panel; it needs two turns"));
                self.mia_does(Command::AddPhoto { document: document.clone(), photo, thumbnail: Some(thumbnail) });
                self.mia_does(Command::AddSignature { document, signature });
                self.mia_does(takes(&jobs[0], "complete"));
            }
            Stage::Pull => {
                self.mia_does(notes(&jobs[1], "On the way, stuck behind the tunnel"));
                self.office.changes(&jobs[1], &[("short_description", "Pump 1: water in the cellar, call first")]);
                self.office.changes(&jobs[2], &[("work_notes", "The tenant asks for a call before you come")]);
            }
            Stage::Purge => {
                self.mia_does(notes(&jobs[2], "Nobody at home, left a card"));
                let bob = self.bob.user().to_string();
                self.office.changes(&jobs[2], &[("assigned_to", &bob)]);
                self.bob.syncs(&mut self.office);
                self.bob.notes(&mut self.office, &jobs[2], "I have the key");
                self.bob.syncs(&mut self.office);
            }
        }
    }

    fn mia_does(&mut self, command: Command) {
        self.mia.does(&mut self.office, command);
    }

    /// A file of bytes that no compression makes smaller, as cameras make them.
    fn captures(&mut self, bytes: usize, file_name: &str) -> Captured {
        let mut noise = vec![0; bytes];
        self.office.rng.fill_bytes(&mut noise);
        Captured { bytes: noise, file_name: file_name.into(), content_type: "image/jpeg".into() }
    }

    /// What the server makes of bytes that came in Mia's name.
    pub fn server_takes(&mut self, bytes: &[u8]) -> Reply {
        self.office.answers(&self.mia.enrolment().token, bytes)
    }

    /// Gives Mia's phone a reply.
    pub fn mia_hears(&mut self, reply: Reply) -> Vec<Event> {
        self.mia.takes(&mut self.office, reply)
    }

    /// What Mia's phone would make of a reply that leads to nothing.
    pub fn mia_would_hear(&mut self, reply: Reply) -> Vec<Event> {
        self.mia.would_take(&mut self.office, reply)
    }
}

fn notes(job: &DocumentId, text: &str) -> Command {
    Command::WorkNote { document: job.clone(), text: text.into() }
}

fn takes(job: &DocumentId, step: &str) -> Command {
    let (document, step) = (job.clone(), step.to_owned());
    Command::Transition { document, step, reason: None, fields: Default::default(), comment: None }
}
