//! What must be true, one promise a file, each judged on its own.
//!
//! Everything is worked out anew from the server's log of edits, by the naive rules of [`crate::truth`] and from the
//! dictionary's data, by code that shares nothing with scopes, feeds, projections and receipts. Every promise is judged when
//! the shift has calmed down, a few with every answer (`every_step`), and views and scope also during the storm, whenever a phone
//! says that it has everything (`when_synced`).
//!
//! | promise | judged by |
//! | --- | --- |
//! | 1 views converge | `n01_views_converge`: rows, lists, documents, search, and the naive truth |
//! | 2 no saved work is lost | `n02_no_work_is_lost`: edits and captured files |
//! | 3 nothing out of scope stays on a phone | `n03_scope_holds` |
//! | 4 every edit has an author who might | `n04_authors_might` |
//! | 5 stock adds up | `n05_stock_adds_up` |
//! | 6 time adds up | `n06_time_adds_up` |
//! | 7 twice is once | `n07_twice_is_once` |
//! | 8 steps are lawful and conflicts seen | `n08_steps_are_lawful` |
//! | 9 everything comes to rest | `n09_everything_comes_to_rest` |
//! | 10 a receipt holds for ever | `n10_receipts_hold` |
//! | 11 nothing grows without bound | `n11_nothing_grows_without_bound` |
//! | 12 what is held is visible | `n12_what_is_held_is_visible` |
//! | 13 a snapshot is its edits | `n13_snapshots_are_their_edits` |
//! | 14 the log is whole | `n14_the_log_is_whole` |
//! | 15 old apps drop nothing they do not know | 1 and 13, once all are updated: see [`crate::release`] |
//! | 16 the same seed is the same shift | `tests/shifts.rs`, by the hash of the trace |
//! | 17 customers see nothing internal | `n17_customers_see_nothing_internal` |

mod case;
pub mod every_step;
mod n01_views_converge;
mod n02_no_work_is_lost;
mod n03_scope_holds;
mod n04_authors_might;
mod n05_stock_adds_up;
mod n06_time_adds_up;
mod n07_twice_is_once;
mod n08_steps_are_lawful;
mod n09_everything_comes_to_rest;
mod n10_receipts_hold;
mod n11_nothing_grows_without_bound;
mod n12_what_is_held_is_visible;
mod n13_snapshots_are_their_edits;
mod n14_the_log_is_whole;
mod n17_customers_see_nothing_internal;
mod scope;
pub mod when_synced;

use case::{Case, Seen};

use crate::dice::dice;
use crate::world::World;

type Promise = (&'static str, fn(&Case<'_>, &[Seen]) -> Vec<String>);

const PROMISES: [Promise; 15] = [
    ("1 views converge", n01_views_converge::check),
    ("2 no work is lost", n02_no_work_is_lost::check),
    ("3 scope holds", n03_scope_holds::check),
    ("4 authors might", n04_authors_might::check),
    ("5 stock adds up", n05_stock_adds_up::check),
    ("6 time adds up", n06_time_adds_up::check),
    ("7 twice is once", n07_twice_is_once::check),
    ("8 steps are lawful", n08_steps_are_lawful::check),
    ("9 everything comes to rest", n09_everything_comes_to_rest::check),
    ("10 receipts hold", n10_receipts_hold::check),
    ("11 nothing grows without bound", n11_nothing_grows_without_bound::check),
    ("12 what is held is visible", n12_what_is_held_is_visible::check),
    ("13 snapshots are their edits", n13_snapshots_are_their_edits::check),
    ("14 the log is whole", n14_the_log_is_whole::check),
    ("17 customers see nothing internal", n17_customers_see_nothing_internal::check),
];

/// Judges a shift that has calmed down.
pub fn judge(world: &mut World) {
    let seen: Vec<Seen> = world.phones.iter_mut().enumerate().map(|(index, phone)| Seen::on(index, phone)).collect();
    let lost_files = world.files_gone();
    let customer = world.office.customer.as_ref().expect("the day was prepared");
    let told = customer.is_told(&world.office, world.now, &mut dice(world.seed, "customer", &[]));
    let server = world.office.server();
    let tx = server.storage().read().expect("the server's database can be read");
    // A restored server has forgotten some changes of roles, nobody here knows which.
    let role_changes = if world.office.was_restored { &[] } else { &world.office.role_changes[..] };
    let dictionary = server.dictionary();
    let mut case = Case::open(&*tx, &dictionary, role_changes);
    case.members = world.office.ever_members.clone();
    (case.lost_files, case.told) = (lost_files, told);
    case.server_was_restored = world.office.was_restored;
    case.phones_were_copied = ["clone", "go back"].iter().any(|deed| world.report.deeds.contains_key(deed));
    let refused = case.meanings.values().map(|meaning| meaning.refused.len() as u64).sum();
    let judged = PROMISES
        .iter()
        .flat_map(|(name, check)| check(&case, &seen).into_iter().map(move |what| format!("[{name}] {what}")));
    let broken: Vec<String> = judged.collect();
    drop(case);
    drop(tx);
    world.report.refused_steps = refused;
    broken.into_iter().for_each(|what| world.broken(what));
}
