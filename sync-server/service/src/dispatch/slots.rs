//! Slots that can be offered to somebody who waits at a place, beside what stands and what others were promised: hours within which a technician would arrive.

use std::collections::BTreeSet;

use fieldline_model::task_times::TaskTimes;
use fieldline_model::{DocumentId, Place, Record, SysId};
use fieldline_routing::{Board, CrewOffer, Offer, Plan, Window};

use super::Result;
use super::candidates::{THE_TASK, as_open, open_task, room_of};
use super::day::Day;
use super::problem::Posed;
use super::report::{Slot, Slots};
use super::span::Span;
use super::tasks::{Open, Site};
use super::words::in_the_way;
use crate::call::Call;

/// What somebody asks a time for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Where.
    pub place: Place,
    /// How long the work will take.
    pub work_seconds: i64,
    /// What it takes.
    pub skills: BTreeSet<SysId>,
}

/// What a time is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A task, with its window, in its dispatch group.
    Task(SysId),
    /// Work there is no task for yet.
    Wish {
        /// The dispatch group.
        group: SysId,
        /// What is asked for.
        wish: Wish,
    },
}

/// The free slots for what is wanted, the cheapest first; each is so many seconds long and begins a whole number of them into
/// the day.
pub(super) fn of(call: &Call<'_>, wanted: &Wanted, within: Span, slot_seconds: u32) -> Result<Slots> {
    let (group, open) = match wanted {
        Wanted::Task(task) => open_task(call, *task, within)?,
        Wanted::Wish { group, wish } => (*group, wish.open()),
    };
    of_open(call, (group, open), within, slot_seconds)
}

/// The same for a task as it would be.
pub(super) fn of_record(call: &Call<'_>, task: &Record, within: Span, slot_seconds: u32) -> Result<Slots> {
    of_open(call, as_open(call, task, within)?, within, slot_seconds)
}

fn of_open(call: &Call<'_>, (group, open): (SysId, Open), within: Span, slot_seconds: u32) -> Result<Slots> {
    let day = Day::read(call, group, within)?.with_only(open);
    let posed = Posed::of(&day)?;
    let standing = posed.promised_plan()?;
    let windows = windows(&posed, within, slot_seconds);
    let offers = Board::new(&posed.problem, &standing).crew_offers(&posed.problem.visits()[THE_TASK], &windows);
    let slots: Vec<Slot> = offers.into_iter().map(|offer| slot_of(&posed, &standing, &windows, offer)).collect();
    let in_the_way = match slots.is_empty() {
        true => in_the_way(&day, &posed, &standing, THE_TASK),
        false => Vec::new(),
    };
    Ok(Slots { slots, in_the_way, absent: day.rosters.absent })
}

/// An offer in the trade's words; the first by name leads a crew.
fn slot_of(posed: &Posed<'_>, standing: &Plan, windows: &[Window], mut offer: CrewOffer) -> Slot {
    let who = |member: &Offer| &posed.shifts[member.shift].who;
    offer.members.sort_by(|one, other| who(one).cmp(who(other)));
    let (leader, others) = offer.members.split_first().expect("whoever is offered has somebody who comes");
    let window = windows[offer.slot];
    Slot {
        slot_start: posed.moment(window.from_seconds),
        slot_end: posed.moment(window.until_seconds + 1),
        technician: who(leader).clone(),
        crew: others.iter().map(|other| who(other).clone()).collect(),
        room: room_of(posed, standing, leader),
    }
}

/// When a technician may arrive in each slot.
fn windows(posed: &Posed<'_>, within: Span, slot_seconds: u32) -> Vec<Window> {
    let slot = i64::from(slot_seconds);
    let into_a_slot = within.from.0.div_euclid(1_000).rem_euclid(slot);
    let starts = (0..).map(|number| number * slot - into_a_slot);
    let starts = starts.take_while(|start| *start <= i64::from(posed.last_second()));
    let window = |start: i64| Window {
        from_seconds: start.max(0) as i32,
        until_seconds: (start + slot - 1).min(posed.last_second().into()) as i32,
    };
    starts.map(window).collect()
}

impl Wish {
    /// The task there would be.
    fn open(&self) -> Open {
        let times =
            TaskTimes { work_seconds: self.work_seconds, is_usual: false, earliest: None, latest: None, due: None };
        Open {
            task: Record::new(DocumentId::new("wm_task", SysId([0; 16]))),
            site: Site { place: self.place, locations: Vec::new() },
            times,
            skills: self.skills.clone(),
            crew: 1,
            holder: None,
            required: BTreeSet::new(),
            excluded: BTreeSet::new(),
            waits_for: Vec::new(),
        }
    }
}
