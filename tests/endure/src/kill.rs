//! Kill -9 at any microsecond, of a phone and of a server, again and again on the same files.

use std::path::Path;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::actor::{Part, Role};
use crate::office::Told;
use crate::phone::Promises;
use crate::process::run_and_kill;
use crate::run::Outcome;
use crate::site::{PHONES, Site};

/// The longest lives, in microseconds from the first word on: a server has two phones to serve.
const LONGEST_PHONE_LIFE: u64 = 60_000;
const LONGEST_SERVER_LIFE: u64 = 200_000;
/// More than an actor can do in its life.
const DEEDS: u32 = 1_000;

/// Kills so many actors one after the other on one site.
pub fn kill(role: Role, kills: u64, seed: u64, early: bool, folder: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(error) = lives(role, kills, seed, early, folder, &mut outcome) {
        outcome.trial(&format!("seed {seed}"), vec![format!("does not start again: {error}")]);
    }
    outcome
}

fn lives(role: Role, kills: u64, seed: u64, early: bool, folder: &Path, outcome: &mut Outcome) -> Told<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let site = Site(folder);
    let mut office = site.office(0, &mut rng)?;
    site.found(&mut office, 0, &mut rng)?;
    drop(office);
    let longest = if role == Role::Phone { LONGEST_PHONE_LIFE } else { LONGEST_SERVER_LIFE };
    let (mut promises, mut head) = (Promises::default(), 0);
    for life in 1..=kills {
        let part = Part { role, site: folder.to_owned(), life, deeds: DEEDS, dies_at: None, early };
        let heard = run_and_kill(&part, Duration::from_micros(rng.next_u64() % longest))?;
        outcome.count("acknowledged", heard.lines.iter().filter(|line| acknowledges(line)).count() as u64);
        let broken = match role {
            Role::Phone => {
                heard.promised(&mut promises);
                site.phone_is_sound(PHONES[0], &promises)?
            }
            _ => {
                head = heard.number("head").unwrap_or(0).max(head);
                site.server_is_sound(head)?
            }
        };
        let lost = broken.iter().any(|what| what.starts_with("lost"));
        outcome.trial(&format!("seed {seed}, life {life}"), broken);
        if early && lost {
            return Ok(());
        }
    }
    outcome.trial(&format!("seed {seed}, after all lives"), site.goes_on(kills + 1)?);
    // The last trial is not a kill.
    outcome.trials -= 1;
    Ok(())
}

fn acknowledges(line: &str) -> bool {
    ["saved ", "head "].iter().any(|word| line.starts_with(word))
}
