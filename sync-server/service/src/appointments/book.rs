//! Books, moves and cancels what was promised.
//!
//! Who has the task is asked anew when its window changes: it leaves their phone and waits to be planned in its new window. Once a
//! technician is on the way nothing moves by itself any more: the customer reads whom to call, and the dispatcher hears of it.

use fieldline_documents::Act;
use fieldline_model::task_times::{TaskTimes, USUAL_WORK_SECONDS};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::config::Config;
use super::windows::{self, Window};
use super::{BOOKINGS, booked, open_task};
use crate::author::set;
use crate::call::Call;
use crate::table::{Result, TableError};

/// How many other windows somebody is told whose window is taken.
const OTHERS_TOLD: usize = 3;
/// What is no longer so of a task that gets another window.
const UNPLANNED: [&str; 4] = ["assigned_to", "expected_start", "estimated_end", "scheduled_travel_start"];

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The appointment, as it is now.
    Done(Record),
    /// It is too late to change anything; what the customer can do. The dispatcher was told.
    TooLate(String),
}

/// Gives a task the window that begins at a moment, in place of the one it has.
///
/// # Errors
/// When there is no such task, the window is none that is offered, or it is too late to change the one there is.
pub fn book(call: &mut Call<'_>, task: SysId, start: Timestamp, link: Option<SysId>) -> Result<Answer> {
    let task = open_task(call, task)?;
    let config = Config::of(call, &task)?;
    if let Some(too_late) = under_way(call, &task, &config, "another time")? {
        return Ok(too_late);
    }
    let earlier = booked(call, task.id.sys_id)?;
    if let Some(earlier) = &earlier {
        check_cutoff(call, earlier, config.reschedule_cutoff_seconds, &config)?;
    }
    let window = offered(call, &task, &config, start)?;
    let why = "a customer booked a window".to_owned();
    call.because(why, |call| {
        let state = earlier.map(|earlier| end(call, earlier, "rescheduled", None)).transpose()?;
        let word = if state.is_some() { "moved to" } else { "booked for" };
        unplan(call, &task, Some(window), &format!("The appointment was {word} {} UTC.", window.start))?;
        note(call, &task, &config, window, link).map(Answer::Done)
    })
}

/// Cancels the appointment of a task; the task waits for another time.
///
/// # Errors
/// When there is no such task or it has no appointment, or it is too late.
pub fn cancel(call: &mut Call<'_>, task: SysId, reason: &str, link: Option<SysId>) -> Result<Answer> {
    let task = open_task(call, task)?;
    let config = Config::of(call, &task)?;
    if let Some(too_late) = under_way(call, &task, &config, "to cancel")? {
        return Ok(too_late);
    }
    let none = || TableError::invalid(&task.id, None, "has no appointment; there is nothing to cancel");
    let mut booking = booked(call, task.id.sys_id)?.ok_or_else(none)?;
    check_cutoff(call, &booking, config.cancel_cutoff_seconds, &config)?;
    booking.set("link", link.map(Value::Reference).or_else(|| booking.get("link").cloned()));
    let reason: String = reason.chars().take(1_000).collect();
    let text = format!("The appointment {} was cancelled. Reason: {reason}", booking.text("number"));
    call.because("a customer cancelled an appointment".into(), |call| {
        let cancelled = end(call, booking, "cancelled", Some(reason))?;
        call.tell_dispatcher(&task, &format!("{}: appointment cancelled", task.text("number")), &text)?;
        unplan(call, &task, None, &text)?;
        Ok(Answer::Done(cancelled))
    })
}

/// What a customer reads when somebody is on the way already; the dispatcher is told, once for each sort of wish.
fn under_way(call: &mut Call<'_>, task: &Record, config: &Config, wish: &str) -> Result<Option<Answer>> {
    if !matches!(call.stage_shown(task), Some("en_route" | "on_site" | "work_in_progress" | "paused")) {
        return Ok(None);
    }
    let text = format!("The customer wants {wish} while the technician is on the way or there already.");
    let notes = call.projection(&task.id)?.work_notes;
    if notes.iter().all(|note| note.what.text != text) {
        call.tell_dispatcher(task, &format!("{}: the customer wants {wish}", task.text("number")), &text)?;
        call.author_as_system(task.id.clone(), vec![Act::WorkNote { text }])?;
    }
    Ok(Some(Answer::TooLate(format!("your technician is on the way already; {}", config.way_out()))))
}

fn check_cutoff(call: &Call<'_>, booking: &Record, cutoff_seconds: i64, config: &Config) -> Result<()> {
    let starts = booking.time("start_date").unwrap_or(call.now);
    let last = starts.plus_milliseconds(-cutoff_seconds * 1_000);
    if call.now <= last {
        return Ok(());
    }
    let problem = format!("could be changed until {last} UTC, which is over; {}", config.way_out());
    Err(TableError::invalid(booking.text("number"), None, problem))
}

/// The window that begins at a moment, if it is offered now.
fn offered(call: &Call<'_>, task: &Record, config: &Config, start: Timestamp) -> Result<Window> {
    let offered = windows::of(call, task, config, start.max(call.now), 2)?;
    if let Some(window) = offered.windows.iter().find(|window| window.start == start) {
        return Ok(*window);
    }
    let end = start.plus_milliseconds(i64::from(config.window_seconds) * 1_000);
    let problem = match offered.hours {
        Some(hours) if !config.is_open(start, end) => {
            format!("{start} UTC is outside the hours in which we come; choose a window within {hours}")
        }
        _ => {
            let others: Vec<String> =
                offered.windows.iter().take(OTHERS_TOLD).map(|window| format!("{} UTC", window.start)).collect();
            let others =
                if others.is_empty() { "look at later days".into() } else { format!("choose {}", others.join(" or ")) };
            format!("the window at {start} UTC is not free any more; {others}")
        }
    };
    Err(TableError::invalid(&task.id, Some(&"window_start".into()), problem))
}

/// Takes a task from whoever has it, and gives it another window or none.
fn unplan(call: &mut Call<'_>, task: &Record, window: Option<Window>, text: &str) -> Result<()> {
    let mut acts: Vec<Act> =
        UNPLANNED.iter().filter(|field| task.get(field).is_some()).map(|field| set(field, None)).collect();
    let helpers = task.references("additional_assignee_list").into_iter();
    acts.extend(helpers.map(|item| Act::Exclude { field: "additional_assignee_list".into(), item }));
    let work_seconds = TaskTimes::of(task).map_or(USUAL_WORK_SECONDS, |times| times.work_seconds);
    let until = |window: Window| window.end.plus_milliseconds(work_seconds * 1_000);
    acts.extend([
        set("window_start", window.map(|window| Value::Time(window.start))),
        set("window_end", window.map(|window| Value::Time(until(window)))),
        set("is_fixed_window", Value::Boolean(window.is_some())),
        Act::WorkNote { text: text.to_owned() },
    ]);
    let is_handed_out = matches!(call.stage_shown(task), Some("scheduled" | "assigned" | "accepted"));
    acts.extend(is_handed_out.then(|| Act::Transition { step: "withdraw".into(), reason: None }));
    Ok(call.author_as_system(task.id.clone(), acts)?)
}

/// Writes down what is promised now.
fn note(call: &mut Call<'_>, task: &Record, config: &Config, window: Window, link: Option<SysId>) -> Result<Record> {
    let mut row = Record::new(DocumentId::new(BOOKINGS, call.new_sys_id()));
    row.set("number", call.next_number(BOOKINGS)?.map(Value::Text));
    row.set("task", Some(Value::Reference(task.id.sys_id)));
    row.set("service_config", Some(Value::Reference(config.id)));
    row.set("start_date", Some(Value::Time(window.start)));
    row.set("end_date", Some(Value::Time(window.end)));
    row.set("state", Some(Value::text("booked")));
    row.set("link", link.map(Value::Reference));
    call.put_row(row.clone())?;
    Ok(row)
}

fn end(call: &mut Call<'_>, mut booking: Record, state: &str, reason: Option<String>) -> Result<Record> {
    booking.set("state", Some(Value::text(state)));
    booking.set("reason", reason.filter(|reason| !reason.is_empty()).map(Value::Text));
    call.put_row(booking.clone())?;
    Ok(booking)
}
