//! The service level engine against a stopwatch.
//!
//! From each seed comes a calendar, a zone, terms and a history of a task. The engine takes the history update by update, its
//! clock written to JSON and read back between, and all at once. A naive clock (`naive.rs`) takes it second by second or in cells
//! of a few minutes, and asks of each whether the wall shows an open time (`wall.rs`). All three must agree to the millisecond.
//! Mistakes planted in the engine's answers must be seen, or agreement would prove nothing.

mod draw;
mod naive;
mod wall;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use draw::{Case, Dice};
use fieldline_model::calendar::{Calendar, Child, EntryKind};
use fieldline_model::sla::{BusinessTime, Clock, ClockStage, Happened, Met, Update, replay, step};
use fieldline_model::{Timestamp, Zone};
use naive::{AHEAD, Desk, Naive};
use wall::{Cells, Plan};

/// Clocks of the IANA database.
struct Clocks {
    zone: Tz,
    /// The moment whose answer is given for every other, where clock changes are to be forgotten.
    always_as: Option<Timestamp>,
}

impl Zone for Clocks {
    fn ahead_seconds(&self, at: Timestamp) -> i32 {
        let at = self.always_as.unwrap_or(at);
        let Some(moment) = DateTime::from_timestamp_millis(at.0) else { return 0 };
        self.zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()
    }
}

/// A mistake that the engine could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    Nothing,
    PauseDoesNotMoveTheBreach,
    ClockChangesForgotten,
    HolidaysForgotten,
    PauseCountsAsTime,
    BreachASecondLate,
}

fn calendar(plan: &Plan, plant: Plant) -> Calendar {
    let forgets = |kind: EntryKind| plant == Plant::HolidaysForgotten && kind == EntryKind::Excluded;
    let entries: Vec<_> = plan.entries.iter().filter(|entry| !forgets(entry.kind)).cloned().collect();
    let included = plan.included.iter().map(|plan| Child::Included(calendar(plan, plant)));
    let excluded = plan.excluded.iter().map(|plan| Child::Excluded(calendar(plan, plant)));
    Calendar::new(None, &entries, &included.chain(excluded).collect::<Vec<_>>()).expect("what is drawn makes sense")
}

/// The clocks of the case of a seed, none when the oracle would have to look too far; says where it and the engine differ.
fn agree(seed: u64, plant: Plant) -> Result<Option<Vec<Clock>>, String> {
    let case = draw::case(seed);
    let first = case.history[0].0;
    let mut cells = Cells::around(case.plan.clone(), case.zone, case.cell_seconds, first);
    let winter = (plant == Plant::ClockChangesForgotten).then_some(Timestamp(1_768_435_200_000));
    let zone = Clocks { zone: case.zone, always_as: winter };
    let calendar = case.plan.as_ref().map(|plan| calendar(plan, plant));
    let business = BusinessTime { calendar: calendar.as_ref(), zone: &zone };
    check_calendar(&case, business, &mut cells, &mut Dice::of(!seed)).map_err(|what| format!("seed {seed}: {what}"))?;
    check_clocks(&case, business, &mut cells, plant, &mut Dice::of(seed ^ 0xff))
        .map_err(|what| format!("seed {seed}: {what}\n{case:#?}"))
}

fn check_calendar(case: &Case, business: BusinessTime<'_>, cells: &mut Cells, dice: &mut Dice) -> Result<(), String> {
    let from = case.history[0].0 + dice.below(200);
    let until = from + dice.below(600);
    let at = |cell: i64| moment(cell, case.cell_seconds);
    let open: Vec<i64> = (from..until).filter(|cell| cells.is_open(*cell)).collect();
    let worked = business.working_milliseconds(at(from), at(until));
    same("working time", worked, open.len() as i64 * case.cell_seconds * 1_000)?;
    if let (Some(last), Some(calendar)) = (open.last(), business.calendar) {
        same("after", business.after(at(from), worked), Some(at(last + 1)))?;
        same("opening", calendar.next_opening(at(from), business.zone), Some(at(open[0])))?;
        same("open", calendar.is_open(at(until), business.zone), cells.is_open(until))?;
    }
    Ok(())
}

fn check_clocks(
    case: &Case,
    business: BusinessTime<'_>,
    cells: &mut Cells,
    plant: Plant,
    dice: &mut Dice,
) -> Result<Option<Vec<Clock>>, String> {
    let moments: Vec<(Timestamp, Met)> =
        case.history.iter().map(|(cell, met)| (moment(*cell, case.cell_seconds), *met)).collect();
    let updates: Vec<Update<'_>> = (case.before..moments.len()).map(|number| update(case, &moments, number)).collect();
    let mut desk = Desk::default();
    let mut clocks: Vec<Clock> = Vec::new();
    for (turn, update) in updates.iter().enumerate() {
        let number = case.before + turn;
        let (cell, earlier) = (case.history[number], &case.history[..number]);
        if desk.update(&case.terms, cell, case.due, case.retroactive, earlier, cells).is_err() {
            return Ok(None);
        }
        take(case, business, &mut clocks, update, plant);
        let next = case.history.get(number + 1).map_or(cell.0 + 200, |next| next.0);
        let look = cell.0 + dice.below(next - cell.0 + 1);
        same("number of clocks", clocks.len(), desk.clocks.len())?;
        for (clock, naive) in clocks.iter().zip(&desk.clocks) {
            compare(clock, naive, look, business, cells)?;
        }
    }
    if plant == Plant::Nothing {
        same("replayed", &replay(&case.terms, business, &updates), &clocks)?;
    }
    Ok(Some(clocks))
}

fn update<'a>(case: &Case, moments: &'a [(Timestamp, Met)], number: usize) -> Update<'a> {
    let at = |cell: i64| moment(cell, case.cell_seconds);
    let (due, retroactive_start) = (case.due.map(at), case.retroactive.map(at));
    let (now, met) = moments[number];
    Update { at: now, met, due, retroactive_start, history: &moments[..number] }
}

/// Moves the engine's clocks over an update, written down and read again as a server does.
fn take(case: &Case, business: BusinessTime<'_>, clocks: &mut Vec<Clock>, update: &Update<'_>, plant: Plant) {
    let before = clocks.last().and_then(|clock| clock.planned_end);
    let moved = step(&case.terms, business, clocks.last(), update);
    if let (Some(mut existing), Some(last)) = (moved.existing, clocks.last_mut()) {
        if existing.happened.contains(&Happened::Resumed) {
            match plant {
                Plant::PauseDoesNotMoveTheBreach => existing.clock.planned_end = before,
                Plant::PauseCountsAsTime => existing.clock.business_pause_milliseconds = 0,
                _ => {}
            }
        }
        *last = existing.clock;
    }
    clocks.extend(moved.attached.map(|attached| attached.clock));
    if let Some(last) = clocks.last_mut() {
        let row = serde_json::to_string(last).expect("a clock is plain");
        *last = serde_json::from_str(&row).expect("it was written so");
        if plant == Plant::BreachASecondLate {
            last.planned_end = last.planned_end.map(|end| end.plus_milliseconds(1_000));
        }
    }
}

/// Holds a clock against the naive one, at a cell after the latest update.
fn compare(
    clock: &Clock,
    naive: &Naive,
    cell: i64,
    business: BusinessTime<'_>,
    cells: &mut Cells,
) -> Result<(), String> {
    let seconds = cells.seconds;
    let at = |cell: i64| moment(cell, seconds);
    same("stage", clock.stage, naive.stage)?;
    same("start", clock.start, at(naive.start))?;
    same("end", clock.end, naive.end.map(at))?;
    same("pause_time", clock.pause_time, naive.pause_began.map(at))?;
    same("pause", clock.pause_milliseconds, naive.paused * 1_000)?;
    same("business pause", clock.business_pause_milliseconds, naive.paused_business * 1_000)?;
    same("duration", clock.duration_milliseconds, naive.duration * 1_000)?;
    same("breached", clock.has_breached, naive.breached_at.is_some_and(|breach| breach <= naive.next * seconds))?;
    if clock.stage != ClockStage::Paused {
        same_if_near("breach", clock.planned_end, naive.breach(cells).map(|breach| breach * 1_000), naive, seconds)?;
    }
    let mut later = naive.clone();
    later.count_until(cell, cells);
    let elapsed = clock.elapsed(at(cell), business);
    same("actual elapsed", elapsed.actual_milliseconds, later.actual * 1_000)?;
    same("business elapsed", elapsed.business_milliseconds, later.business * 1_000)?;
    same("breached by then", clock.is_breached_by(at(cell)), later.breached_at.is_some())?;
    if clock.stage == ClockStage::InProgress {
        let percents = [50, 75, 100];
        let event = clock.next_event(&percents, at(cell), business);
        let expected = later.next_percent(&percents.map(i64::from), cells);
        same_if_near("event", event.map(|event| event.0), expected.map(|event| event.0), &later, seconds)?;
        let percent = expected.map(|expected| expected.1);
        same("percent", event.filter(|_| percent.is_some()).map(|event| i64::from(event.1)), percent)?;
    }
    Ok(())
}

fn moment(cell: i64, seconds: i64) -> Timestamp {
    Timestamp(cell * seconds * 1_000)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, engine: T, oracle: T) -> Result<(), String> {
    if engine == oracle { Ok(()) } else { Err(format!("{what}: the engine says {engine:?}, the oracle {oracle:?}")) }
}

/// Compares moments; what the oracle does not find must be further than it looks.
fn same_if_near(
    what: &str,
    engine: Option<Timestamp>,
    oracle: Option<i64>,
    naive: &Naive,
    seconds: i64,
) -> Result<(), String> {
    let last = moment(naive.next + AHEAD, seconds);
    match oracle {
        Some(found) => same(what, engine, Some(Timestamp(found))),
        None if engine.is_none_or(|engine| engine > last) => Ok(()),
        None => Err(format!("{what}: the engine says {engine:?}, the oracle nothing before {last:?}")),
    }
}

/// Goes through the seeds; the clocks of each that could be decided.
fn decide(seeds: std::ops::Range<u64>) -> Vec<Vec<Clock>> {
    seeds.filter_map(|seed| agree(seed, Plant::Nothing).unwrap_or_else(|problem| panic!("{problem}"))).collect()
}

#[test]
fn engine_replay_and_stopwatch_agree_on_histories() {
    let histories = decide(0..2_000);
    assert!(histories.len() > 1_900, "only {} of 2000 could be decided", histories.len());
    let clocks: Vec<&Clock> = histories.iter().flatten().collect();
    let many = |what: &str, is: &dyn Fn(&Clock) -> bool| {
        let count = clocks.iter().filter(|clock| is(clock)).count();
        println!("{what}: {count} of {} clocks", clocks.len());
        assert!(count >= 100, "{what}: only {count} clocks");
    };
    many("in progress", &|clock| clock.stage == ClockStage::InProgress);
    many("paused", &|clock| clock.stage == ClockStage::Paused);
    many("completed", &|clock| clock.stage == ClockStage::Completed);
    many("cancelled", &|clock| clock.stage == ClockStage::Cancelled);
    many("breached", &|clock| clock.has_breached);
    many("moved by a pause", &|clock| clock.planned_end != clock.original_breach);
    many("paused for business time", &|clock| clock.business_pause_milliseconds > 0);
}

/// `cargo test --release -p fieldline-model --test sla_oracle -- --ignored`
#[test]
#[ignore = "takes two minutes; run by hand after changes to calendars or clocks"]
fn engine_replay_and_stopwatch_agree_on_a_hundred_thousand_histories() {
    let histories = decide(1_000_000..1_105_000);
    println!("{} histories with {} clocks", histories.len(), histories.iter().flatten().count());
    assert!(histories.len() >= 100_000, "only {} of 105000 could be decided", histories.len());
}

#[test]
fn every_planted_mistake_is_seen() {
    for plant in [
        Plant::PauseDoesNotMoveTheBreach,
        Plant::ClockChangesForgotten,
        Plant::HolidaysForgotten,
        Plant::PauseCountsAsTime,
        Plant::BreachASecondLate,
    ] {
        let seen = (0..200).filter(|seed| agree(*seed, plant).is_err()).count();
        println!("{plant:?} was seen in {seen} of 200 histories");
        assert!(seen >= 5, "{plant:?} was seen in {seen} of 200 histories");
    }
}

/// A calendar asks a zone every fourth day, so changes must be further apart.
#[test]
fn no_clocks_are_changed_twice_within_six_days() {
    let day = 86_400_000;
    for zone in chrono_tz::TZ_VARIANTS {
        let clocks = Clocks { zone, always_as: None };
        let ahead = |at: i64| clocks.ahead_seconds(Timestamp(at * day));
        let changes: Vec<i64> = (0..25_567).filter(|at| ahead(*at) != ahead(at + 1)).collect();
        let close = changes.windows(2).find(|two| two[1] - two[0] <= 6);
        assert_eq!(close, None, "{zone}, in days since 1970");
    }
}
