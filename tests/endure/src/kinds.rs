//! Every kind of trial, how many of it make the whole, and what its closing line says.

use crate::actor::Role;
use crate::death::STORIES;
use crate::disk::Fault;
use crate::faults::Side;
use crate::run::{Closed, Outcome, Size, grouped, scratch, spread};
use crate::{damage, kill, phone_power, server_power};

/// Images of each side in the whole.
const IMAGES: u64 = 50_000;
/// Images of each side that are judged without the syncs that end commits.
const CONTROL_IMAGES: u64 = 2_500;
/// Images made of one recording.
const IMAGES_PER_SHIFT: u64 = 500;

/// Kills of each side in the whole.
const PHONE_KILLS: u64 = 10_000;
const SERVER_KILLS: u64 = 2_000;
/// Kills on one site, and sites on which the control looks for a loss.
const KILLS_PER_SITE: u64 = 25;
const CONTROL_SITES: u64 = 4;
/// Harmed databases of each side in the whole, and how many of one recording.
const DAMAGES: u64 = 5_000;
const DAMAGES_PER_SHIFT: u64 = 50;

/// A kind of trial by name.
pub type Kind = (&'static str, fn(&Size) -> Closed);

/// All of them, in the order in which they run.
pub const KINDS: [Kind; 9] = [
    ("power-phone", power_phone),
    ("power-server", power_server),
    ("kill-phone", kill_phone),
    ("kill-server", kill_server),
    ("death", death),
    ("faults-phone", |size| faults("faults-phone", Side::Phone, size)),
    ("faults-server", |size| faults("faults-server", Side::Server, size)),
    ("damage-phone", damage_phone),
    ("damage-server", damage_server),
];

fn power_phone(size: &Size) -> Closed {
    let images = |whole, normal: bool| {
        images("power cuts, phone", size, whole, |images, seed, folder| {
            let shift = phone_power::record(seed, folder)?;
            Ok(if normal { shift.cut_as_normal(images, seed, folder) } else { shift.cut(images, seed, folder) })
        })
    };
    power_closed("power-phone", "phone", images(IMAGES, false), images(CONTROL_IMAGES, true))
}

fn power_server(size: &Size) -> Closed {
    let images = |whole, normal: bool| {
        images("power cuts, server", size, whole, |images, seed, folder| {
            let shift = server_power::record(seed, folder)?;
            Ok(if normal { shift.cut_as_normal(images, seed, folder) } else { shift.cut(images, seed, folder) })
        })
    };
    power_closed("power-server", "server", images(IMAGES, false), images(CONTROL_IMAGES, true))
}

fn images(
    name: &str,
    size: &Size,
    whole: u64,
    cut: impl Fn(u64, u64, &std::path::Path) -> Result<Outcome, String> + Sync,
) -> Outcome {
    let images = size.of(whole);
    let shifts = images.div_ceil(IMAGES_PER_SHIFT);
    spread(name, shifts, |shift, folder| {
        let images = images * (shift + 1) / shifts - images * shift / shifts;
        cut(images, size.seed + shift, folder).unwrap_or_else(|error| failed(size.seed + shift, error))
    })
}

/// A piece of work that could not be done at all.
fn failed(seed: u64, error: String) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.trial(&format!("seed {seed}"), vec![format!("nothing could be tried: {error}")]);
    outcome
}

fn power_closed(kind: &'static str, side: &str, outcome: Outcome, control: Outcome) -> Closed {
    let line = format!(
        "power cuts on the {side}: {} images, {} broke a promise; control (synchronous=NORMAL): {} of {} lost \
         acknowledged work",
        grouped(outcome.trials),
        grouped(outcome.trials_broken),
        grouped(control.trials_broken),
        grouped(control.trials)
    );
    Closed { kind, line, holds: outcome.trials_broken == 0 && control.trials_broken > 0, outcome }
}

fn kill_phone(size: &Size) -> Closed {
    kills("kill-phone", "phone", Role::Phone, PHONE_KILLS, size)
}

fn kill_server(size: &Size) -> Closed {
    kills("kill-server", "server", Role::Server, SERVER_KILLS, size)
}

fn kills(kind: &'static str, side: &str, role: Role, whole: u64, size: &Size) -> Closed {
    let kills = size.of(whole);
    let sites = kills.div_ceil(KILLS_PER_SITE);
    let outcome = spread(&format!("kill -9, {side}"), sites, |site, folder| {
        kill::kill(role, kills * (site + 1) / sites - kills * site / sites, size.seed + site, false, folder)
    });
    let control = spread("kill -9, control", CONTROL_SITES, |site, folder| {
        kill::kill(role, KILLS_PER_SITE, size.seed + site, true, folder)
    });
    let caught = control.broken.iter().filter(|what| what.contains("lost: ")).count();
    let line = format!(
        "kill -9 of the {side}: {} kills, {} acknowledgements, {} broke a promise; control (acknowledged too early): \
         {caught} losses in {} kills",
        grouped(outcome.trials),
        grouped(outcome.counted("acknowledged")),
        grouped(outcome.trials_broken),
        grouped(control.trials)
    );
    Closed { kind, line, holds: outcome.trials_broken == 0 && caught > 0, outcome }
}

fn death(size: &Size) -> Closed {
    let mut whole = Outcome::default();
    let mut told = Vec::new();
    for story in STORIES {
        let folder = scratch();
        let prepared = match story.prepare(folder.path()) {
            Ok(prepared) => prepared,
            Err(error) => {
                whole.add(failed(size.seed, format!("{story:?}: {error}")));
                continue;
            }
        };
        let steps = size.of(prepared.steps);
        let outcome = spread(&format!("death, {story:?}"), steps, |index, folder| {
            prepared.die_at(1 + (index * prepared.steps + size.seed % prepared.steps) / steps, folder)
        });
        told.push(format!("{story:?} {} of {}", outcome.trials - outcome.trials_broken, outcome.trials));
        whole.add(outcome);
    }
    let line = format!("death at numbered steps, recovered by starting again: {}", told.join(", "));
    Closed { kind: "death", line, holds: whole.trials_broken == 0, outcome: whole }
}

fn faults(kind: &'static str, side: Side, size: &Size) -> Closed {
    let folder = scratch();
    let seen = match crate::faults::measure(side, size.seed, folder.path()) {
        Ok(seen) => seen,
        Err(error) => {
            let outcome = failed(size.seed, error.clone());
            return Closed { kind, line: error, holds: false, outcome };
        }
    };
    let faults: [fn(u64) -> Fault; 4] = [Fault::BrokenOnce, Fault::BrokenFrom, Fault::FullFrom, Fault::RoomFor];
    let each = size.of(seen.calls);
    let outcome = spread(kind, each * 4, |index, folder| {
        let fault = faults[(index % 4) as usize];
        let upto = if index % 4 == 3 { seen.grown_bytes } else { seen.calls };
        crate::faults::endure(side, size.seed, fault(1 + index / 4 * upto / each), folder)
    });
    let line = format!(
        "disk faults of the {side:?}: each of {} calls broken once, broken for good, full from there, and {} sizes of a \
         disk: {} trials, {} errors told, {} broke a promise",
        grouped(each),
        grouped(each),
        grouped(outcome.trials),
        grouped(outcome.counted("errors told")),
        grouped(outcome.trials_broken)
    );
    Closed { kind, line, holds: outcome.trials_broken == 0 && outcome.counted("errors told") > 0, outcome }
}

fn damage_phone(size: &Size) -> Closed {
    let outcome = damages("rot, phone", size, |seed, trials, folder| {
        let shift = phone_power::record(seed, folder)?;
        Ok(trials.map(|trial| damage::phone(&shift, trial, folder)).collect())
    });
    let (before, kept) = (outcome.counted("unsent before"), outcome.counted("unsent kept"));
    let line = format!(
        "rot on the phone: {} harmed disks, {} salvaged, {} of them when the app was opened again, {} not in need of it, {} of \
         which lost the newest edit as by a power cut; {} of {} unsent edits kept; {} broke a promise",
        grouped(outcome.trials),
        grouped(outcome.counted("salvaged")),
        grouped(outcome.counted("noticed when used")),
        grouped(outcome.counted("not salvaged")),
        grouped(outcome.counted("newest edit gone as by a power cut")),
        grouped(kept),
        grouped(before),
        grouped(outcome.trials_broken)
    );
    Closed { kind: "damage-phone", line, holds: outcome.trials_broken == 0, outcome }
}

fn damage_server(size: &Size) -> Closed {
    let outcome = damages("rot, server", size, |seed, trials, folder| {
        let shift = server_power::record(seed, folder)?;
        Ok(trials.map(|trial| damage::server(&shift, trial, folder)).collect())
    });
    let counted: Vec<String> =
        outcome.counted.iter().map(|(what, times)| format!("{} {what}", grouped(*times))).collect();
    let line = format!(
        "rot on the server: {} harmed disks, {} panicked; {}",
        grouped(outcome.trials),
        grouped(outcome.trials_broken),
        counted.join(", ")
    );
    Closed { kind: "damage-server", line, holds: outcome.trials_broken == 0, outcome }
}

fn damages(
    name: &str,
    size: &Size,
    harm: impl Fn(u64, std::ops::Range<u64>, &std::path::Path) -> Result<Vec<Outcome>, String> + Sync,
) -> Outcome {
    let damages = size.of(DAMAGES);
    spread(name, damages.div_ceil(DAMAGES_PER_SHIFT), |shift, folder| {
        let first = shift * DAMAGES_PER_SHIFT;
        let trials = size.seed + first..size.seed + damages.min(first + DAMAGES_PER_SHIFT);
        let mut sum = Outcome::default();
        match harm(size.seed + shift, trials, folder) {
            Ok(outcomes) => outcomes.into_iter().for_each(|outcome| sum.add(outcome)),
            Err(error) => sum.add(failed(size.seed + shift, error)),
        }
        sum
    })
}
