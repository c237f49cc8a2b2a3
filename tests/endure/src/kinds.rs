//! Every kind of trial, how many of it make the whole, and what its closing line says.

use crate::run::{Closed, Outcome, Size, grouped, spread};
use crate::{phone_power, server_power};

/// Images of each side in the whole.
const IMAGES: u64 = 50_000;
/// Images of each side that are judged without the syncs that end commits.
const CONTROL_IMAGES: u64 = 2_500;
/// Images made of one recording.
const IMAGES_PER_SHIFT: u64 = 500;

/// A kind of trial by name.
pub type Kind = (&'static str, fn(&Size) -> Closed);

/// All of them, in the order in which they run.
pub const KINDS: [Kind; 2] = [("power-phone", power_phone), ("power-server", power_server)];

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
