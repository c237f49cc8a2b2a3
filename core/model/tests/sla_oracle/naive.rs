//! A service level clock that is moved cell by cell, the way a stopwatch is: nothing is subtracted from anything.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use fieldline_model::sla::{ClockStage, Duration, Met, ResetAction, Terms, WhenToCancel, WhenToResume};

use crate::wall::Cells;

/// How many cells ahead the naive clock looks for something.
pub const AHEAD: i64 = 4_000;

/// The naive clock would have to look further than it does.
#[derive(Debug)]
pub struct TooFar;

/// A stopwatch. Cells are counted from 1970, everything else is in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Naive {
    pub stage: ClockStage,
    pub start: i64,
    pub end: Option<i64>,
    pub pause_began: Option<i64>,
    pub actual: i64,
    pub business: i64,
    pub paused: i64,
    pub paused_business: i64,
    /// Paused since the pause that lasts began.
    lasting: (i64, i64),
    pub duration: i64,
    /// When a relative duration is over.
    target: Option<i64>,
    pub breached_at: Option<i64>,
    /// The cell that is counted next.
    pub next: i64,
}

impl Naive {
    fn new(terms: &Terms, start: i64, due: Option<i64>, cells: &mut Cells) -> Result<Self, TooFar> {
        let target = target(terms.duration, start, due, cells)?;
        let duration = match (terms.duration, target) {
            (Duration::Working { milliseconds }, _) => milliseconds / 1_000,
            (_, Some(target)) => seconds_open(start * cells.seconds, target, cells),
            (_, None) => 0,
        };
        let mut clock = Self {
            stage: ClockStage::InProgress,
            start,
            end: None,
            pause_began: None,
            actual: 0,
            business: 0,
            paused: 0,
            paused_business: 0,
            lasting: (0, 0),
            duration,
            target,
            breached_at: None,
            next: start,
        };
        clock.look_for_breach(cells.seconds);
        Ok(clock)
    }

    /// Counts the cells until one.
    pub fn count_until(&mut self, cell: i64, cells: &mut Cells) {
        while self.next < cell {
            let open = if cells.is_open(self.next) { cells.seconds } else { 0 };
            match self.stage {
                ClockStage::InProgress => {
                    self.actual += cells.seconds;
                    self.business += open;
                }
                ClockStage::Paused => {
                    self.lasting.0 += cells.seconds;
                    self.lasting.1 += open;
                }
                _ => {}
            }
            self.next += 1;
            self.look_for_breach(cells.seconds);
        }
    }

    fn look_for_breach(&mut self, seconds: i64) {
        if self.breached_at.is_some() || self.stage != ClockStage::InProgress {
            return;
        }
        let now = self.next * seconds;
        match self.target {
            Some(target) if target <= now => self.breached_at = Some(target),
            None if self.is_working() && self.business >= self.duration => self.breached_at = Some(now),
            _ => {}
        }
    }

    fn is_working(&self) -> bool {
        self.target.is_none()
    }

    fn pause_or_resume(&mut self, terms: &Terms, met: Met) {
        let by_condition = terms.when_to_resume == WhenToResume::ResumeMet;
        if self.stage == ClockStage::InProgress {
            let relative = !matches!(terms.duration, Duration::Working { .. });
            if !relative && met.pause && !(by_condition && met.resume) {
                self.stage = ClockStage::Paused;
                self.pause_began = Some(self.next);
            }
        } else if self.stage == ClockStage::Paused && (if by_condition { met.resume } else { !met.pause }) {
            self.stop_pausing();
        }
    }

    fn stop_pausing(&mut self) {
        self.stage = ClockStage::InProgress;
        self.pause_began = None;
        self.paused += self.lasting.0;
        self.paused_business += self.lasting.1;
        self.lasting = (0, 0);
    }

    fn finish(&mut self, stage: ClockStage) {
        if self.stage == ClockStage::Paused {
            self.stop_pausing();
        }
        self.stage = stage;
        self.end = Some(self.next);
    }

    /// When it would be breached if it ran on, none when that is too far ahead.
    pub fn breach(&self, cells: &mut Cells) -> Option<i64> {
        let mut running = Self { stage: ClockStage::InProgress, ..self.clone() };
        running.look_for_breach(cells.seconds);
        let last = self.next + AHEAD;
        while running.breached_at.is_none() && running.next < last {
            running.count_until(running.next + 1, cells);
        }
        running.breached_at
    }

    /// The next of some percentages that it reaches later than it has counted, and when, in milliseconds.
    pub fn next_percent(&self, percents: &[i64], cells: &mut Cells) -> Option<(i64, i64)> {
        let mut running = self.clone();
        let last = self.next + AHEAD;
        while running.next < last {
            let before = running.clone();
            running.count_until(running.next + 1, cells);
            let reached = |percent: &i64| match percent {
                100 => running.breached_at.filter(|_| before.breached_at.is_none()).map(|breach| breach * 1_000),
                share => {
                    let missing = share * self.duration * 10 - before.business * 1_000;
                    let is_reached = missing > 0 && missing <= (running.business - before.business) * 1_000;
                    is_reached.then_some(before.next * cells.seconds * 1_000 + missing)
                }
            };
            let events = percents.iter().filter_map(|percent| Some((reached(percent)?, *percent)));
            if let Some(first) = events.min_by_key(|(at, percent)| (*at, -percent)) {
                return Some(first);
            }
        }
        None
    }
}

/// All clocks of a task under one definition, the last one alive.
#[derive(Debug, Default)]
pub struct Desk {
    pub clocks: Vec<Naive>,
}

impl Desk {
    /// Takes an update. `history` is what was met before it, by cell.
    pub fn update(
        &mut self,
        terms: &Terms,
        (cell, met): (i64, Met),
        due: Option<i64>,
        retroactive: Option<i64>,
        history: &[(i64, Met)],
        cells: &mut Cells,
    ) -> Result<(), TooFar> {
        let cancels = match terms.when_to_cancel {
            WhenToCancel::StartNotMet => !met.start,
            WhenToCancel::CancelMet => met.cancel,
            WhenToCancel::Never => false,
        };
        let may_attach = met.start && !met.stop && !cancels;
        let active = self.clocks.last_mut().filter(|clock| clock.end.is_none());
        let Some(clock) = active else {
            if may_attach {
                let start = retroactive.filter(|_| terms.retroactive_start).map_or(cell, |named| named.min(cell));
                self.attach(terms, start, (cell, met), due, history, cells)?;
            }
            return Ok(());
        };
        clock.count_until(cell, cells);
        if met.stop {
            clock.finish(ClockStage::Completed);
        } else if met.reset && may_attach {
            let cancels = terms.reset_action == ResetAction::Cancel;
            clock.finish(if cancels { ClockStage::Cancelled } else { ClockStage::Completed });
            self.attach(terms, cell, (cell, met), due, &[], cells)?;
        } else if cancels {
            clock.finish(ClockStage::Cancelled);
        } else {
            clock.pause_or_resume(terms, met);
        }
        Ok(())
    }

    fn attach(
        &mut self,
        terms: &Terms,
        start: i64,
        (cell, met): (i64, Met),
        due: Option<i64>,
        history: &[(i64, Met)],
        cells: &mut Cells,
    ) -> Result<(), TooFar> {
        let mut clock = Naive::new(terms, start, due, cells)?;
        if terms.retroactive_pause && start < cell {
            for (earlier, met) in history.iter().filter(|(earlier, _)| *earlier < cell) {
                clock.count_until((*earlier).max(start), cells);
                clock.pause_or_resume(terms, *met);
            }
        }
        clock.count_until(cell, cells);
        clock.pause_or_resume(terms, met);
        self.clocks.push(clock);
        Ok(())
    }
}

/// Open seconds between two moments, the later maybe within a cell.
fn seconds_open(from: i64, until: i64, cells: &mut Cells) -> i64 {
    let within = |cell: i64| (until - cell * cells.seconds).min(cells.seconds).max(0);
    let spans: Vec<(i64, i64)> =
        (from / cells.seconds..=until / cells.seconds).map(|cell| (cell, within(cell))).collect();
    spans.into_iter().filter(|(cell, _)| cells.is_open(*cell)).map(|(_, seconds)| seconds).sum()
}

fn target(duration: Duration, start: i64, due: Option<i64>, cells: &mut Cells) -> Result<Option<i64>, TooFar> {
    let seconds = cells.seconds;
    match duration {
        Duration::Working { .. } => Ok(None),
        Duration::DueDate => {
            let Some(due) = due.filter(|due| *due > start) else { return Ok(Some(start * seconds + 1)) };
            let opening = (due..due + AHEAD).find(|cell| cells.is_open(*cell));
            let met = if cells.is_open(due - 1) { Some(due) } else { opening };
            met.map(|cell| Some(cell * seconds)).ok_or(TooFar)
        }
        Duration::BusinessDay { days, at_seconds, latest_start_seconds } => {
            let shown = cells.shown(start);
            let second = (shown - shown.date().and_time(NaiveTime::MIN)).num_seconds();
            let days = days + u32::from(latest_start_seconds.is_some_and(|latest| second > latest.into()));
            let (date, closing) = business_day(shown.date(), days, cells)?;
            let wanted = date.and_time(NaiveTime::MIN) + TimeDelta::seconds(at_seconds.map_or(closing, i64::from));
            let cell = (start..).find(|cell| cells.shown(*cell) >= wanted);
            Ok(cell.map(|cell| (cell * seconds).max(start * seconds + 1)))
        }
    }
}

fn business_day(mut date: NaiveDate, days: u32, cells: &Cells) -> Result<(NaiveDate, i64), TooFar> {
    let mut left = days;
    for _ in 0..60 {
        date = date.succ_opt().ok_or(TooFar)?;
        if let Some(closing) = closing(date, cells) {
            left -= 1;
            if left == 0 {
                return Ok((date, closing));
            }
        }
    }
    Err(TooFar)
}

/// When the last open hours of a date end, in seconds from its midnight.
fn closing(date: NaiveDate, cells: &Cells) -> Option<i64> {
    let Some(plan) = &cells.plan else { return Some(86_400) };
    let midnight = date.and_time(NaiveTime::MIN);
    let slots = 86_400 / cells.seconds;
    let open = |slot: &i64| plan.is_open(midnight + TimeDelta::seconds(slot * cells.seconds));
    (0..slots).rev().find(open).map(|slot| (slot + 1) * cells.seconds)
}
