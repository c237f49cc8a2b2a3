//! What is going to happen in a shift, as data: drawn from a seed up front, run by the world, shrunk when it breaks a
//! promise, and kept as a file when it did.
//!
//! A plan says who does what when; what exactly somebody does depends on what the phone shows at that moment, decided by
//! the step's own dice. What becomes of a message is decided by dice named after the link and the message's number on it.

use std::path::Path;

use fieldline_sync::wire::{OLDEST_WIRE_VERSION, WIRE_VERSION};
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::dice::{between, dice, happens};
use crate::faults::{Faults, Misfortunes};

/// Milliseconds in a minute of virtual time.
pub const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const YEAR: i64 = 365 * 24 * HOUR;

/// A shift, before it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Names every die that is not a step's own.
    pub seed: u64,
    /// How many technicians.
    pub phones: usize,
    /// How long the storm lasts.
    pub hours: i64,
    /// Whether the server, when it dies, comes back without what it had acknowledged since the morning: the control that
    /// shows that the reckoning would notice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub server_forgets: bool,
    /// What becomes of messages.
    pub faults: Faults,
    /// What people, machines and misfortune do, in the order it happens.
    pub steps: Vec<Step>,
}

/// Something that happens at a moment the plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Milliseconds since the morning.
    pub at: i64,
    /// Whom it concerns.
    pub who: Who,
    /// What happens.
    pub deed: Deed,
    /// The seed of everything the step decides.
    pub dice: u64,
}

/// Whom a step concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A technician and the phone in that pocket.
    Phone(usize),
    /// The server and its dispatcher.
    Office,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The person does something.
    Work,
    /// The machine dies as a killed process does, and starts again.
    Crash,
    /// The files are put by: a phone's system backup, the server's nightly one.
    BackUp,
    /// The files are as they were when they were last put by; nothing happens when they never were.
    GoBack,
    /// A second phone goes on with the same files.
    Clone,
    /// The phone is broken or stolen: what was not sent is lost, and its owner gets a new one.
    Swap,
    /// An administrator locks the phone; its owner enrols it again.
    Revoke,
    /// The technician changes to another group, or to none.
    Regroup,
    /// Another build starts, which speaks another wire version at the most.
    RunBuild {
        /// The newest version it speaks.
        wire_version: u16,
        /// Whether it is an app of an older release, which does not know every field; see [`crate::release`].
        #[serde(default)]
        is_older: bool,
    },
    /// The technician visits the depot's kiosk.
    VisitKiosk {
        /// Whether it reaches the server just then.
        has_line: bool,
    },
    /// The office takes back work that somebody has said to do.
    Withdraw,
    /// The office cancels work that somebody is at.
    Cancel,
    /// The office moves an order to another site.
    MoveOrder,
    /// Somebody hostile does something.
    Attack(Attack),
    /// The phone reaches nobody for a while.
    LoseLink {
        /// For how long.
        minutes: i64,
    },
    /// The phone's clock shows another time from here on.
    SetClock {
        /// How far it is ahead of the true time; behind when negative.
        ahead_milliseconds: i64,
        /// How many milliseconds it gains in a thousand seconds; loses when negative.
        drift: i64,
    },
}

impl Deed {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Crash => "crash",
            Self::BackUp => "back up",
            Self::GoBack => "go back",
            Self::Clone => "clone",
            Self::Swap => "swap",
            Self::Revoke => "revoke",
            Self::Regroup => "regroup",
            Self::RunBuild { .. } => "run build",
            Self::VisitKiosk { .. } => "visit kiosk",
            Self::Withdraw => "withdraw",
            Self::Cancel => "cancel",
            Self::MoveOrder => "move order",
            Self::Attack(_) => "attack",
            Self::LoseLink { .. } => "lose link",
            Self::SetClock { .. } => "set clock",
        }
    }
}

/// What somebody hostile can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// Sends a request of this phone once more, with its token.
    Replay,
    /// Sends bytes that are no request, or a damaged one, with this phone's token.
    Garbage,
    /// With an enrolled phone of its own or a stolen token, pushes edits that name this technician as their author, another
    /// device, records out of its scope, numbers at the end of the range, and two edits under one number.
    Forge,
    /// Answers this phone's next request in the server's place.
    Impersonate,
}

impl Plan {
    /// Draws the plan of a seed.
    pub fn draw(seed: u64, phones: usize, hours: i64) -> Self {
        let mut rng = dice(seed, "faults", &[]);
        let (faults, misfortunes) = (Faults::draw(&mut rng), Misfortunes::draw(&mut rng));
        let mut steps = Vec::new();
        for phone in 0..phones {
            day_of_a_technician(&mut steps, phone, hours * HOUR, &misfortunes, &mut dice(seed, "day", &[phone as u64]));
            visits_of_a_technician(&mut steps, phone, hours * HOUR, &mut dice(seed, "kiosk", &[phone as u64]));
        }
        day_of_the_office(&mut steps, hours * HOUR, &misfortunes, &mut dice(seed, "office", &[]));
        steps.sort_by_key(|step| step.at);
        Self { seed, phones, hours, server_forgets: false, faults, steps }
    }

    /// Reads the plan in a file.
    ///
    /// # Errors
    /// Says which file it was and what is wrong with it.
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|problem| format!("{}: {problem}", file.display()))?;
        serde_json::from_str(&text).map_err(|problem| format!("{} is no plan: {problem}", file.display()))
    }

    /// The plan as it is kept in a file: a line a step, so that people can read it.
    pub fn to_json(&self) -> String {
        let line = |step: &Step| serde_json::to_string(step).expect("a step is JSON");
        let lines: Vec<String> = self.steps.iter().map(line).collect();
        let head = serde_json::to_string(&Self { steps: Vec::new(), ..self.clone() }).expect("a plan is JSON");
        let head = head.strip_suffix("[]}").expect("the steps come last");
        format!("{head}[\n{}\n]}}\n", lines.join(",\n"))
    }

    /// How long the storm lasts.
    pub fn storm_milliseconds(&self) -> i64 {
        self.hours * HOUR
    }
}

fn day_of_a_technician(steps: &mut Vec<Step>, phone: usize, end: i64, chances: &Misfortunes, rng: &mut dyn Rng) {
    let mut at = between(rng, 0, 10 * MINUTE);
    while at < end {
        let mut step = |deed, rng: &mut dyn Rng| {
            steps.push(Step { at, who: Who::Phone(phone), deed, dice: rng.next_u64() });
        };
        misfortunes_of_a_phone(chances, rng).into_iter().for_each(|deed| step(deed, rng));
        step(Deed::Work, rng);
        // Often one thing is done right after another, while the first is on its way.
        if happens(rng, 300) {
            at += between(rng, 50, 3_000);
            steps.push(Step { at, who: Who::Phone(phone), deed: Deed::Work, dice: rng.next_u64() });
        }
        at += between(rng, MINUTE, 12 * MINUTE);
    }
}

/// Half of the technicians pass by a depot.
fn visits_of_a_technician(steps: &mut Vec<Step>, phone: usize, end: i64, rng: &mut dyn Rng) {
    let mut at = if happens(rng, 500) { between(rng, 0, 2 * HOUR) } else { end };
    while at < end {
        let deed = Deed::VisitKiosk { has_line: happens(rng, 500) };
        steps.push(Step { at, who: Who::Phone(phone), deed, dice: rng.next_u64() });
        at += between(rng, MINUTE, 2 * HOUR);
    }
}

fn misfortunes_of_a_phone(chances: &Misfortunes, rng: &mut dyn Rng) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let minutes = between(rng, 5, 90);
    let attacks = [Attack::Replay, Attack::Garbage, Attack::Forge];
    let attack = attacks[rng.next_u32() as usize % attacks.len()];
    let clock = clock_change(rng);
    let build = build(rng);
    for (chance, deed) in [
        (chances.phone_crash, Deed::Crash),
        (chances.partition, Deed::LoseLink { minutes }),
        (chances.clock, clock),
        (chances.phone_backup, Deed::BackUp),
        (chances.phone_restore, Deed::GoBack),
        (chances.clone, Deed::Clone),
        (chances.swap, Deed::Swap),
        (chances.revoke, Deed::Revoke),
        (chances.regroup, Deed::Regroup),
        (chances.phone_build, build),
        (chances.attack, Deed::Attack(attack)),
        (chances.impersonate, Deed::Attack(Attack::Impersonate)),
    ] {
        deeds.extend(happens(rng, chance).then_some(deed));
    }
    deeds
}

fn day_of_the_office(steps: &mut Vec<Step>, end: i64, chances: &Misfortunes, rng: &mut dyn Rng) {
    let mut at = between(rng, MINUTE, 10 * MINUTE);
    while at < end {
        let mut step = |deed, rng: &mut dyn Rng| {
            steps.push(Step { at, who: Who::Office, deed, dice: rng.next_u64() });
        };
        let build = build(rng);
        for (chance, deed) in [
            (chances.server_crash, Deed::Crash),
            (chances.server_backup, Deed::BackUp),
            (chances.server_restore, Deed::GoBack),
            (chances.server_build, build),
            (chances.withdraw, Deed::Withdraw),
            (chances.cancel, Deed::Cancel),
            (chances.move_order, Deed::MoveOrder),
        ] {
            if happens(rng, chance) {
                step(deed, rng);
            }
        }
        step(Deed::Work, rng);
        at += between(rng, MINUTE, 8 * MINUTE);
    }
}

/// Builds of every age that are still about.
fn build(rng: &mut dyn Rng) -> Deed {
    let wire_version = between(rng, OLDEST_WIRE_VERSION.into(), WIRE_VERSION.into());
    Deed::RunBuild { wire_version: wire_version as u16, is_older: happens(rng, 500) }
}

/// Clocks are wrong by minutes (drawn from the network), by hours (a time zone) or by years (a flat battery), and people and
/// networks set them right again.
fn clock_change(rng: &mut dyn Rng) -> Deed {
    let most = [0, 10 * MINUTE, 14 * HOUR, 10 * YEAR][rng.next_u32() as usize % 4];
    let drift = if happens(rng, 300) { between(rng, -20_000, 20_000) } else { 0 };
    Deed::SetClock { ahead_milliseconds: between(rng, -most, most), drift }
}
