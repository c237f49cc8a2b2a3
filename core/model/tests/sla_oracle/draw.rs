//! Draws calendars, terms and histories from a seed, close to what goes wrong: clock changes, midnight, first and last days.

use chrono_tz::Tz;
use fieldline_model::calendar::{CivilTime, Entry, EntryKind, Monthly, Nth, Repeats, Weekday, Weekdays, Yearly};
use fieldline_model::sla::{Duration, Met, ResetAction, Terms, WhenToCancel, WhenToResume};

use crate::wall::Plan;

/// Zones and moments at which their clocks are changed, or at which nothing happens.
const PLACES: [(Tz, [i64; 2]); 8] = [
    // 2026-03-29 and 2026-10-25, 01:00 UTC.
    (Tz::Europe__Berlin, [1_774_746_000, 1_792_890_000]),
    // 2026-03-08 07:00 and 2026-11-01 06:00 UTC.
    (Tz::America__New_York, [1_772_953_200, 1_793_512_800]),
    // 2026-04-04 15:00 and 2026-10-03 15:30 UTC, by half an hour.
    (Tz::Australia__Lord_Howe, [1_775_314_800, 1_791_041_400]),
    (Tz::Asia__Kolkata, [1_774_746_000, 1_709_200_000]),
    (Tz::UTC, [1_774_746_000, 1_735_689_600]),
    // 2011-12-30 10:00 UTC, when Samoa skipped a day, and 2012-03-31 14:00 UTC.
    (Tz::Pacific__Apia, [1_325_239_200, 1_333_202_400]),
    // 2026-02-15 and 2026-03-22, before and after Ramadan.
    (Tz::Africa__Casablanca, [1_771_120_800, 1_774_144_800]),
    // 2018-02-18 02:00 and 2018-11-04 03:00 UTC, at midnight.
    (Tz::America__Sao_Paulo, [1_518_919_200, 1_541_300_400]),
];

/// A task, its definition, and what became of it. Cells are counted from 1970.
#[derive(Debug)]
pub struct Case {
    pub zone: Tz,
    pub plan: Option<Plan>,
    pub terms: Terms,
    pub cell_seconds: i64,
    /// What was met, oldest first.
    pub history: Vec<(i64, Met)>,
    /// How many of these came before the definition was looked at.
    pub before: usize,
    pub due: Option<i64>,
    pub retroactive: Option<i64>,
}

/// Numbers that follow from a seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 on and below `bound`.
    pub fn below(&mut self, bound: i64) -> i64 {
        (self.next() % bound.max(1).unsigned_abs()) as i64
    }

    pub fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as i64) as usize]
    }
}

/// The case of a seed.
pub fn case(seed: u64) -> Case {
    let dice = &mut Dice::of(seed);
    let (zone, changes) = dice.one_of(&PLACES);
    // The length of a cell, and how many a history may span.
    let (cell_seconds, most) =
        dice.one_of(&[(900, 1_000), (900, 1_000), (1_800, 800), (300, 600), (60, 500), (1, 300)]);
    let near = if dice.percent(70) { changes[dice.below(2) as usize] } else { 1_000_000_000 + dice.below(1 << 30) };
    let mut cell = near / cell_seconds - dice.below(most);
    let plan = dice.percent(90).then(|| plan(dice, near, cell_seconds, 2));
    let terms = terms(dice, cell_seconds);
    let retroactive = dice.percent(80).then(|| cell + dice.below(most / 2) - most / 4);
    let updates = 1 + dice.below(10);
    let before = dice.below(4);
    let mut history = Vec::new();
    for _ in 0..before + updates {
        history.push((cell, met(dice)));
        cell += if dice.percent(10) { 0 } else { dice.below(2 * most / updates) };
    }
    let due = dice.percent(80).then(|| cell + dice.below(most) - most / 2);
    Case { zone, plan, terms, cell_seconds, history, before: before as usize, due, retroactive }
}

fn met(dice: &mut Dice) -> Met {
    Met {
        start: dice.percent(85),
        stop: dice.percent(10),
        pause: dice.percent(35),
        resume: dice.percent(35),
        reset: dice.percent(8),
        cancel: dice.percent(10),
    }
}

fn terms(dice: &mut Dice, cell_seconds: i64) -> Terms {
    // A multiple of four cells, so that quarters end where cells do.
    let working = Duration::Working { milliseconds: dice.below(60) * 4 * cell_seconds * 1_000 };
    let may_be_days = cell_seconds >= 300;
    let duration = match dice.below(10) {
        0 => Duration::DueDate,
        1 if may_be_days => Duration::BusinessDay {
            days: 1 + dice.below(3) as u32,
            at_seconds: dice.percent(50).then(|| (dice.below(86_400 / cell_seconds) * cell_seconds) as u32),
            latest_start_seconds: dice.percent(50).then(|| (dice.below(86_400 / cell_seconds) * cell_seconds) as u32),
        },
        _ => working,
    };
    Terms {
        duration,
        when_to_cancel: dice.one_of(&[WhenToCancel::StartNotMet, WhenToCancel::CancelMet, WhenToCancel::Never]),
        when_to_resume: dice.one_of(&[WhenToResume::PauseNotMet, WhenToResume::ResumeMet]),
        reset_action: dice.one_of(&[ResetAction::Complete, ResetAction::Cancel]),
        retroactive_start: dice.percent(30),
        retroactive_pause: dice.percent(60),
    }
}

/// A calendar with hours around a moment; one of its parts when `depth` is less.
fn plan(dice: &mut Dice, near: i64, cell_seconds: i64, depth: i64) -> Plan {
    let mut plan = Plan::default();
    for _ in 0..1 + dice.below(2) {
        plan.entries.push(line(dice, near, cell_seconds, EntryKind::Works));
    }
    if dice.percent(50) {
        // The usual week, so that most calendars have hours.
        let days = Weekdays::WORKING;
        plan.entries.push(Entry { every: 1, ..repeating(dice, near, cell_seconds, Repeats::Weekly(days), 9) });
    }
    for _ in 0..dice.below(3) {
        plan.entries.push(line(dice, near, cell_seconds, EntryKind::Excluded));
    }
    if depth > 0 && dice.percent(30) {
        plan.included.push(self::plan(dice, near, cell_seconds, depth - 1));
    }
    if depth > 0 && dice.percent(15) {
        plan.excluded.push(self::plan(dice, near, cell_seconds, depth - 1));
    }
    plan
}

fn line(dice: &mut Dice, near: i64, cell_seconds: i64, kind: EntryKind) -> Entry {
    let days = (0..7).filter(|_| dice.percent(60)).filter_map(|day| Weekday::of_number(day + 1));
    let days: Weekdays = days.collect();
    let days = if days.is_empty() { Weekdays::of_digits("3") } else { days };
    let monthly = [Monthly::Date, Monthly::Weekday, Monthly::LastDay, Monthly::LastWeekday];
    let floating = Yearly::Weekday {
        month: 1 + dice.below(12) as u8,
        week: Nth::of_number(1 + dice.below(5) as u8).expect("1 to 5"),
        weekday: dice.one_of(&Weekday::ALL),
    };
    let repeats = match dice.below(10) {
        0 => Repeats::Never,
        1 => Repeats::Monthly(dice.one_of(&monthly)),
        2 => Repeats::Yearly(dice.one_of(&[Yearly::Date, floating])),
        3 | 4 => Repeats::Daily,
        _ => Repeats::Weekly(days),
    };
    let most_hours = if kind == EntryKind::Works { 14 } else { 6 };
    Entry { kind, ..repeating(dice, near, cell_seconds, repeats, most_hours) }
}

fn repeating(dice: &mut Dice, near: i64, cell_seconds: i64, repeats: Repeats, most_hours: i64) -> Entry {
    let day = near / 86_400 - if dice.percent(50) { dice.below(10) } else { dice.below(500) };
    let cells = 86_400 / cell_seconds;
    let start = day * 86_400 + dice.below(cells) * cell_seconds;
    let mut length = (1 + dice.below(most_hours * 3_600 / cell_seconds)) * cell_seconds;
    if dice.percent(10) {
        length += dice.below(3) * 86_400;
    }
    let all_day = dice.percent(15);
    let ends = if all_day { start / 86_400 * 86_400 + length / 86_400 * 86_400 + 86_399 } else { start + length };
    let until = dice.percent(20).then(|| (day + dice.below(40)) * 86_400);
    let every = if dice.percent(25) { 2 + dice.below(2) as u32 } else { 1 };
    let repeats_until = until.map(CivilTime);
    let entry = Entry::works(CivilTime(start), CivilTime(ends)).repeating(repeats);
    Entry { all_day, every, repeat_until: repeats_until, ..entry }
}
