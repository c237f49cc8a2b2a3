//! Which windows there are for a task.

use fieldline_model::{Record, SysId, Timestamp};

use super::config::Config;
use super::{BOOKINGS, open_task};
use crate::call::Call;
use crate::dispatch::{self, MOST_DAYS, Span};
use crate::table::Result;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// Hours within which a technician would arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The earliest moment.
    pub start: Timestamp,
    /// The first moment after.
    pub end: Timestamp,
}

/// The windows there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The windows, in order.
    pub windows: Vec<Window>,
    /// The hours windows may be in, in words.
    pub hours: Option<String>,
    /// What is in the way when there are none, for those who plan.
    pub in_the_way: Vec<dispatch::report::InTheWay>,
}

/// Says which windows a task could have within some days.
///
/// # Errors
/// When there is no such task, it is over, nothing says how it may be booked, or it cannot be planned as it is.
pub fn offered(call: &Call<'_>, task: SysId, from: Timestamp, days: u32) -> Result<Offered> {
    let task = open_task(call, task)?;
    of(call, &task, &Config::of(call, &task)?, from, days)
}

/// The windows of whole days, so that whoever asks again is answered alike.
pub(super) fn of(call: &Call<'_>, task: &Record, config: &Config, from: Timestamp, days: u32) -> Result<Offered> {
    let earliest = from.max(call.now.plus_milliseconds(config.lead_seconds * 1_000));
    let last = call.now.plus_milliseconds(i64::from(config.days_ahead) * DAY_MILLISECONDS);
    let midnight = Timestamp(earliest.0.div_euclid(DAY_MILLISECONDS) * DAY_MILLISECONDS);
    let within = Span::of_days(midnight, days.clamp(1, MOST_DAYS));
    // What it was promised before is no promise any more once it has another window.
    let mut unbound = task.clone();
    ["window_start", "window_end", "is_fixed_window"].into_iter().for_each(|field| unbound.set(field, None));
    let slots = dispatch::offers(call, &unbound, within, config.window_seconds)?;
    let mut windows = Vec::new();
    for slot in slots.slots {
        let window = Window { start: slot.slot_start, end: slot.slot_end };
        let is_bookable = earliest <= window.start && window.start < last && config.is_open(window.start, window.end);
        if is_bookable && has_room(call, task, config, window)? {
            windows.push(window);
        }
    }
    windows.sort_unstable();
    windows.dedup();
    Ok(Offered { windows, hours: config.hours_in_words(call.now), in_the_way: slots.in_the_way })
}

/// Whether fewer customers than may be were promised a window.
fn has_room(call: &Call<'_>, task: &Record, config: &Config, window: Window) -> Result<bool> {
    let Some(most) = config.most_per_window else { return Ok(true) };
    let (start, config) = (window.start.to_string(), config.id.to_string());
    let promised = [("state", "booked"), ("start_date", &*start), ("service_config", &*config)];
    let others = call.rows_with(BOOKINGS, &promised)?;
    Ok(others.iter().filter(|other| other.reference("task") != Some(task.id.sys_id)).count() < most)
}
