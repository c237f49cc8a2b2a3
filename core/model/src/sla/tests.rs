//! How clocks move and what they show: worked examples of the vendor's documentation, the traps, and extreme moments.

use super::*;
use crate::calendar::{Calendar, CivilTime, Entry, Repeats, Weekdays};
use crate::time::Utc0;

const HOUR: i64 = 3_600_000;
const ALWAYS: BusinessTime<'static> = BusinessTime { calendar: None, zone: &Utc0 };

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

fn weekdays(from: &str, until: &str) -> Calendar {
    let time = |hour: &str| CivilTime::parse(&format!("2012-01-02 {hour}:00")).expect("a time");
    let shift = Entry::works(time(from), time(until)).repeating(Repeats::Weekly(Weekdays::WORKING));
    Calendar::new(None, &[shift], &[]).expect("a calendar")
}

fn within(calendar: &Calendar) -> BusinessTime<'_> {
    BusinessTime { calendar: Some(calendar), zone: &Utc0 }
}

fn hours(hours: i64) -> Terms {
    Terms::new(Duration::Working { milliseconds: hours * HOUR })
}

/// What is met, by the first letters of the conditions; `c` cancels and `e` resets.
fn met(letters: &str) -> Met {
    let is = |letter| letters.contains(letter);
    Met { start: is('s'), stop: is('x'), pause: is('p'), resume: is('r'), reset: is('e'), cancel: is('c') }
}

fn attached(terms: &Terms, business: BusinessTime<'_>, start: &str) -> Clock {
    let step = step(terms, business, None, &Update::new(at(start), met("s")));
    step.attached.expect("start is met").clock
}

/// Moves a clock and says what happened to it.
fn moved(terms: &Terms, business: BusinessTime<'_>, clock: &mut Clock, time: &str, letters: &str) -> Vec<Happened> {
    let step = step(terms, business, Some(clock), &Update::new(at(time), met(letters)));
    let existing = step.existing.expect("it is active");
    *clock = existing.clock;
    existing.happened
}

/// Source: ServiceNowDocs, service-level-management/r_ElapsedTimeCounting.md.
#[test]
fn a_weekend_counts_for_actual_time_and_not_for_business_time() {
    let calendar = weekdays("08:00", "17:00");
    let clock = attached(&hours(8), within(&calendar), "2014-12-12 21:00:00");
    let elapsed = clock.elapsed(at("2014-12-15 09:30:00"), within(&calendar));
    assert_eq!(elapsed.business_milliseconds, HOUR * 3 / 2);
    assert_eq!(elapsed.actual_milliseconds, HOUR * 121 / 2);
    assert_eq!(elapsed.business_percent, 18.75);
    assert!((750.0..760.0).contains(&elapsed.actual_percent));
    assert_eq!(elapsed.business_left_milliseconds, HOUR * 13 / 2);
    assert_eq!(clock.planned_end, Some(at("2014-12-15 16:00:00")));
    assert_eq!(elapsed.actual_left_milliseconds, Some(HOUR * 13 / 2));
}

/// Source: ServiceNowDocs, service-level-management/r_ElapsedTimeCounting.md and c_SLATimingsAndSchedules.md.
#[test]
fn a_day_is_three_days_of_eight_hours() {
    let calendar = weekdays("09:00", "17:00");
    let clock = attached(&hours(24), within(&calendar), "2014-12-15 14:00:00");
    let elapsed = clock.elapsed(at("2014-12-16 09:00:00"), within(&calendar));
    assert_eq!((elapsed.business_milliseconds, elapsed.actual_milliseconds), (3 * HOUR, 19 * HOUR));
    assert_eq!(clock.planned_end, Some(at("2014-12-18 14:00:00")));
    let three_days = attached(&hours(72), within(&calendar), "2014-12-15 09:00:00");
    assert_eq!(three_days.planned_end, Some(at("2014-12-25 17:00:00")));
}

/// Source: ServiceNowDocs, service-level-management/c_SLADuration.md.
#[test]
fn without_a_calendar_all_time_counts() {
    let clock = attached(&hours(10), ALWAYS, "2015-01-01 10:30:00");
    assert_eq!(clock.planned_end, Some(at("2015-01-01 20:30:00")));
}

/// Source: ServiceNowDocs, service-level-management/t_SLABreachCalculation.md.
#[test]
fn a_percentage_that_rounds_to_a_hundred_is_no_breach() {
    let clock = attached(&Terms::new(Duration::Working { milliseconds: 100_000 }), ALWAYS, "2026-01-05 09:00:00");
    let almost = clock.start.plus_milliseconds(99_951);
    assert_eq!(clock.elapsed(almost, ALWAYS).business_percent, 99.951);
    assert!(!clock.is_breached_by(almost));
    assert!(!clock.is_breached_by(clock.start.plus_milliseconds(99_999)));
    assert!(clock.is_breached_by(clock.start.plus_milliseconds(100_000)));
}

/// Source: ServiceNowDocs, service-level-management/c_SLADuration.md.
#[test]
fn a_due_date_outside_the_hours_is_the_next_opening_and_none_is_a_second() {
    let calendar = weekdays("08:00", "16:00");
    let due = |due: Option<&str>| {
        let update = Update { due: due.map(at), ..Update::new(at("2017-01-09 10:00:00"), met("s")) };
        let step = step(&Terms::new(Duration::DueDate), within(&calendar), None, &update);
        step.attached.expect("start is met").clock.planned_end.map(|end| end.to_string())
    };
    assert_eq!(due(Some("2017-01-11 20:30:00")).as_deref(), Some("2017-01-12 08:00:00"));
    assert_eq!(due(Some("2017-01-11 15:30:00")).as_deref(), Some("2017-01-11 15:30:00"));
    assert_eq!(due(Some("2017-01-11 16:00:00")).as_deref(), Some("2017-01-11 16:00:00"));
    assert_eq!(due(Some("2017-01-01 15:30:00")).as_deref(), Some("2017-01-09 10:00:01"));
    assert_eq!(due(None).as_deref(), Some("2017-01-09 10:00:01"));
}

/// Source: ServiceNowDocs, api-reference/scripts/useful-server-side-scripts.md and c_DrtnClDueDate.md.
#[test]
fn business_days_are_counted_from_the_day_of_the_start() {
    let calendar = weekdays("08:00", "17:00");
    let end = |duration, start: &str| attached(&Terms::new(duration), within(&calendar), start).planned_end;
    let by_four = |days, before: Option<u32>| Duration::BusinessDay {
        days,
        at_seconds: Some(16 * 3_600),
        latest_start_seconds: before.map(|hour| hour * 3_600),
    };
    assert_eq!(end(by_four(1, None), "2012-04-30 12:00:00"), Some(at("2012-05-01 16:00:00")));
    assert_eq!(end(by_four(1, None), "2012-05-04 14:00:00"), Some(at("2012-05-07 16:00:00")));
    assert_eq!(end(by_four(2, Some(10)), "2012-05-01 09:00:00"), Some(at("2012-05-03 16:00:00")));
    assert_eq!(end(by_four(2, Some(10)), "2012-05-01 11:00:00"), Some(at("2012-05-04 16:00:00")));
    let next = Duration::END_OF_NEXT_BUSINESS_DAY;
    assert_eq!(end(next, "2012-05-05 11:00:00"), Some(at("2012-05-07 17:00:00")));
    let always = attached(&Terms::new(next), ALWAYS, "2012-05-05 11:00:00");
    assert_eq!(always.planned_end, Some(at("2012-05-07 00:00:00")));
    let empty = Calendar::new(None, &[], &[]).expect("a calendar");
    assert_eq!(attached(&Terms::new(next), within(&empty), "2012-05-05 11:00:00").planned_end, None);
}

#[test]
fn a_pause_moves_the_breach_by_its_business_time() {
    let calendar = weekdays("09:00", "17:00");
    let (terms, business) = (hours(8), within(&calendar));
    let mut clock = attached(&terms, business, "2026-01-05 09:00:00");
    assert_eq!(moved(&terms, business, &mut clock, "2026-01-05 15:00:00", "sp"), [Happened::Paused]);
    assert_eq!((clock.pause_time, clock.pause_milliseconds), (Some(at("2026-01-05 15:00:00")), 0));
    let standing = clock.elapsed(at("2026-01-06 12:00:00"), business);
    assert_eq!((standing.business_milliseconds, standing.business_percent), (6 * HOUR, 75.0));
    assert_eq!(moved(&terms, business, &mut clock, "2026-01-06 10:00:00", "s"), [Happened::Resumed]);
    assert_eq!((clock.pause_milliseconds, clock.business_pause_milliseconds), (19 * HOUR, 3 * HOUR));
    assert_eq!(clock.original_breach, Some(at("2026-01-05 17:00:00")));
    assert_eq!(clock.planned_end, Some(at("2026-01-06 12:00:00")));
    assert_eq!(moved(&terms, business, &mut clock, "2026-01-06 11:59:59", "sx"), [Happened::Completed]);
    assert!(!clock.has_breached);
    assert_eq!(clock.elapsed(at("2027-01-01 00:00:00"), business).business_left_milliseconds, 1_000);
}

#[test]
fn a_breached_clock_goes_on_and_a_later_pause_does_not_take_the_breach_back() {
    let terms = hours(8);
    let mut clock = attached(&terms, ALWAYS, "2026-01-05 00:00:00");
    let happened = moved(&terms, ALWAYS, &mut clock, "2026-01-05 09:00:00", "sp");
    assert_eq!(happened, [Happened::Breached, Happened::Paused]);
    assert_eq!(moved(&terms, ALWAYS, &mut clock, "2026-01-05 10:00:00", "s"), [Happened::Resumed]);
    assert_eq!((clock.has_breached, clock.planned_end), (true, Some(at("2026-01-05 08:00:00"))));
    assert_eq!(clock.elapsed(at("2026-01-05 17:00:00"), ALWAYS).business_percent, 200.0);
    assert_eq!(moved(&terms, ALWAYS, &mut clock, "2026-01-05 18:00:00", "sx"), [Happened::Completed]);
    assert!(clock.has_breached);
}

/// Source: ServiceNowDocs, service-level-management/c_SLAConditions.md.
#[test]
fn a_start_that_is_part_of_the_stop_never_attaches() {
    assert_eq!(step(&hours(8), ALWAYS, None, &Update::new(at("2026-01-05 09:00:00"), met("sx"))), Step::default());
    assert_eq!(step(&hours(8), ALWAYS, None, &Update::new(at("2026-01-05 09:00:00"), met("p"))), Step::default());
    let terms = Terms { when_to_cancel: WhenToCancel::CancelMet, ..hours(8) };
    assert_eq!(step(&terms, ALWAYS, None, &Update::new(at("2026-01-05 09:00:00"), met("sc"))), Step::default());
}

/// Source: ServiceNowDocs, service-level-management/c_SLAConditions.md.
#[test]
fn a_pause_that_is_part_of_the_start_pauses_until_it_cancels() {
    let terms = hours(8);
    let step = step(&terms, ALWAYS, None, &Update::new(at("2026-01-05 09:00:00"), met("sp")));
    let first = step.attached.expect("start is met");
    assert_eq!(first.happened, [Happened::Attached, Happened::Paused]);
    let mut clock = first.clock;
    assert_eq!(moved(&terms, ALWAYS, &mut clock, "2026-01-06 09:00:00", "sp"), []);
    assert_eq!(moved(&terms, ALWAYS, &mut clock, "2026-01-07 09:00:00", ""), [Happened::Cancelled]);
    assert_eq!((clock.stage, clock.pause_milliseconds), (ClockStage::Cancelled, 48 * HOUR));
}

/// Source: ServiceNowDocs, service-level-management/c_SLAConditions.md.
#[test]
fn a_pause_that_excludes_the_start_cancels() {
    let mut clock = attached(&hours(8), ALWAYS, "2026-01-05 09:00:00");
    assert_eq!(moved(&hours(8), ALWAYS, &mut clock, "2026-01-05 10:00:00", "p"), [Happened::Cancelled]);
}

#[test]
fn what_cancels_and_what_resumes_is_the_definitions_choice() {
    let terms = Terms { when_to_cancel: WhenToCancel::CancelMet, when_to_resume: WhenToResume::ResumeMet, ..hours(8) };
    let mut clock = attached(&terms, ALWAYS, "2026-01-05 09:00:00");
    let mut then = |hour: u32, letters| moved(&terms, ALWAYS, &mut clock, &format!("2026-01-05 {hour}:00:00"), letters);
    assert_eq!(then(10, "pr"), []);
    assert_eq!(then(11, "p"), [Happened::Paused]);
    assert_eq!(then(12, ""), []);
    assert_eq!(then(13, "pr"), [Happened::Resumed]);
    assert_eq!(then(14, "c"), [Happened::Cancelled]);
    let never = Terms { when_to_cancel: WhenToCancel::Never, ..hours(8) };
    let mut clock = attached(&never, ALWAYS, "2026-01-05 09:00:00");
    assert_eq!(moved(&never, ALWAYS, &mut clock, "2026-01-05 10:00:00", "c"), []);
}

#[test]
fn a_reset_ends_the_clock_and_begins_another_at_that_moment() {
    let terms = Terms { retroactive_start: true, ..hours(8) };
    let clock = attached(&terms, ALWAYS, "2026-01-05 09:00:00");
    let opened = Some(at("2026-01-01 00:00:00"));
    let update = Update { retroactive_start: opened, ..Update::new(at("2026-01-05 10:00:00"), met("sep")) };
    let after = step(&terms, ALWAYS, Some(&clock), &update);
    let old = after.existing.expect("it was active");
    assert_eq!((old.happened, old.clock.stage), (vec![Happened::Reattached], ClockStage::Completed));
    let new = after.attached.expect("start is met");
    assert_eq!(new.happened, [Happened::Attached, Happened::Paused]);
    assert_eq!(new.clock.start, update.at);
    let cancelling = Terms { reset_action: ResetAction::Cancel, ..terms };
    let old = step(&cancelling, ALWAYS, Some(&clock), &update).existing.expect("it was active");
    assert_eq!(old.clock.stage, ClockStage::Cancelled);
    let stopped = Update { met: met("sex"), ..update };
    let step = step(&terms, ALWAYS, Some(&clock), &stopped);
    assert_eq!((step.attached, step.existing.expect("it was active").happened), (None, vec![Happened::Completed]));
}

#[test]
fn an_update_after_the_end_attaches_a_new_clock() {
    let letters = [("09", "s"), ("10", "sx"), ("11", "sx"), ("12", "s")];
    let updates = letters.map(|(hour, letters)| Update::new(at(&format!("2026-01-05 {hour}:00:00")), met(letters)));
    let clocks = replay(&hours(8), ALWAYS, &updates);
    let stages: Vec<ClockStage> = clocks.iter().map(|clock| clock.stage).collect();
    assert_eq!(stages, [ClockStage::Completed, ClockStage::InProgress]);
    assert_eq!(clocks[1].start, updates[3].at);
}

/// Source: ServiceNowDocs, service-level-management/t_UseSLARetroactiveStartAndPause.md and c_MigrationToServiceLevelMgmt.md: a
/// clock that attaches an hour after the creation, half of which was a pause, shows half an hour.
#[test]
fn a_retroactive_start_counts_from_the_field_and_a_retroactive_pause_is_taken_out() {
    let terms = Terms { retroactive_start: true, ..hours(8) };
    let history = [(at("2026-01-05 09:10:00"), met("p")), (at("2026-01-05 09:40:00"), met("s"))];
    let opened = Some(at("2026-01-05 09:00:00"));
    let update =
        Update { retroactive_start: opened, history: &history, ..Update::new(at("2026-01-05 10:00:00"), met("s")) };
    let clock = |terms: &Terms| step(terms, ALWAYS, None, &update).attached.expect("start is met").clock;
    let plain = clock(&terms);
    assert_eq!(plain.elapsed(update.at, ALWAYS).business_milliseconds, HOUR);
    let paused = clock(&Terms { retroactive_pause: true, ..terms });
    assert_eq!(paused.elapsed(update.at, ALWAYS).business_milliseconds, HOUR / 2);
    assert_eq!((paused.planned_end, paused.stage), (Some(at("2026-01-05 17:30:00")), ClockStage::InProgress));
    assert_eq!(paused.original_breach, Some(at("2026-01-05 17:00:00")));
}

#[test]
fn a_retroactive_start_may_attach_a_clock_that_is_breached() {
    let terms = Terms { retroactive_start: true, ..hours(8) };
    let update = Update {
        retroactive_start: Some(at("2026-01-01 00:00:00")),
        ..Update::new(at("2026-01-05 10:00:00"), met("s"))
    };
    let first = step(&terms, ALWAYS, None, &update).attached.expect("start is met");
    assert_eq!((first.clock.has_breached, first.happened), (true, vec![Happened::Attached, Happened::Breached]));
    let later = Update { retroactive_start: Some(at("2027-01-01 00:00:00")), ..update };
    assert_eq!(step(&terms, ALWAYS, None, &later).attached.expect("start is met").clock.start, update.at);
}

#[test]
fn durations_that_end_at_a_moment_know_no_pause() {
    let terms = Terms::new(Duration::END_OF_NEXT_BUSINESS_DAY);
    let mut clock = attached(&terms, ALWAYS, "2026-01-05 09:00:00");
    assert_eq!(moved(&terms, ALWAYS, &mut clock, "2026-01-05 10:00:00", "sp"), []);
    assert_eq!(clock.stage, ClockStage::InProgress);
}

#[test]
fn the_next_percentage_is_named_to_the_millisecond() {
    let calendar = weekdays("09:00", "17:00");
    let (terms, business, percents) = (hours(8), within(&calendar), [50, 75, 100]);
    let mut clock = attached(&terms, business, "2026-01-05 15:00:00");
    let half = at("2026-01-06 11:00:00");
    assert_eq!(clock.next_event(&percents, clock.start, business), Some((half, 50)));
    assert_eq!(clock.next_event(&percents, half.plus_milliseconds(-1), business), Some((half, 50)));
    assert_eq!(clock.next_event(&percents, half, business), Some((at("2026-01-06 13:00:00"), 75)));
    assert_eq!(
        clock.next_event(&percents, at("2026-01-06 14:00:00"), business),
        Some((at("2026-01-06 15:00:00"), 100))
    );
    assert_eq!(clock.next_event(&percents, at("2026-01-06 15:00:00"), business), None);
    assert_eq!(clock.next_event(&[150], at("2026-01-06 15:00:00"), business), Some((at("2026-01-07 11:00:00"), 150)));
    moved(&terms, business, &mut clock, "2026-01-06 10:00:00", "sp");
    assert_eq!(clock.next_event(&percents, clock.start, business), None);
    let third = Terms::new(Duration::Working { milliseconds: 1_001 });
    let clock = attached(&third, ALWAYS, "2026-01-05 09:00:00");
    assert_eq!(clock.next_event(&[50], clock.start, ALWAYS), Some((clock.start.plus_milliseconds(501), 50)));
    let short = attached(&Terms::new(Duration::Working { milliseconds: 1 }), ALWAYS, "2026-01-05 09:00:00");
    assert_eq!(short.next_event(&percents, short.start, ALWAYS), Some((short.start.plus_milliseconds(1), 100)));
}

#[test]
fn a_calendar_with_too_few_hours_is_never_breached() {
    let empty = Calendar::new(None, &[], &[]).expect("a calendar");
    let clock = attached(&hours(8), within(&empty), "2026-01-05 09:00:00");
    assert_eq!((clock.planned_end, clock.is_breached_by(Timestamp(i64::MAX))), (None, false));
    let elapsed = clock.elapsed(at("2026-02-05 09:00:00"), within(&empty));
    assert_eq!((elapsed.business_milliseconds, elapsed.actual_left_milliseconds), (0, None));
    assert_eq!(clock.next_event(&[50, 100], clock.start, within(&empty)), None);
}

#[test]
fn no_moment_however_far_makes_a_clock_fail() {
    let calendar = weekdays("09:00", "17:00");
    let moments = [i64::MIN, -1, 0, i64::MAX].map(Timestamp);
    let durations = [
        Duration::Working { milliseconds: i64::MIN },
        Duration::Working { milliseconds: i64::MAX },
        Duration::DueDate,
        Duration::BusinessDay { days: u32::MAX, at_seconds: Some(u32::MAX), latest_start_seconds: Some(0) },
    ];
    for business in [ALWAYS, within(&calendar)] {
        for terms in durations.map(Terms::new) {
            let letters = ["s", "sp", "s", "sep", "s", "sx"];
            let update = |turn: usize| {
                let due = Some(moments[(turn + 1) % 4]);
                Update { due, ..Update::new(moments[turn % 4], met(letters[turn % 6])) }
            };
            let updates: Vec<Update<'_>> = (0..24).map(update).collect();
            for clock in replay(&terms, business, &updates) {
                for at in moments {
                    assert!(clock.elapsed(at, business).business_milliseconds >= 0);
                    assert!(clock.next_event(&[0, 50, 100, u32::MAX], at, business).is_none_or(|event| event.0 > at));
                }
            }
        }
    }
}

#[test]
fn a_clock_survives_a_row_of_json_and_of_bytes() {
    let clock = attached(&hours(8), ALWAYS, "2026-01-05 09:00:00");
    let json = serde_json::to_string(&clock).expect("it is plain");
    assert!(json.contains("\"stage\":\"in_progress\""), "{json}");
    assert_eq!(serde_json::from_str::<Clock>(&json).expect("it was written so"), clock);
    let bytes = minicbor::to_vec(&clock).expect("it is plain");
    assert_eq!(minicbor::decode::<Clock>(&bytes).expect("it was written so"), clock);
}
