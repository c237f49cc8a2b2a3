//! A visit as its customer sees it.
//!
//! Nothing of it is said in the house's words: a step of the life cycle becomes one of six things a customer can do something with. Who
//! comes is a first name, from when they are sure to come; when they arrive is what was planned, or from when they set out, with the time
//! it was said.

use fieldline_model::Value;
use fieldline_model::{Record, Timestamp, UserZone};

use super::{Opened, Purpose};
use crate::appointments::{self, Window};
use crate::call::Call;
use crate::table::Result;

/// Where a visit stands, in a customer's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody is sure to come yet.
    Planning,
    /// Somebody will come.
    Planned,
    /// Somebody has set out.
    OnTheWay,
    /// Somebody is there.
    There,
    /// It was done.
    Done,
    /// Somebody has to come again.
    ComesAgain,
    /// It was cancelled.
    Cancelled,
}

impl Standing {
    fn of(stage: &str) -> Self {
        match stage {
            "assigned" | "accepted" => Self::Planned,
            "en_route" => Self::OnTheWay,
            "on_site" | "work_in_progress" | "paused" => Self::There,
            "closed_complete" => Self::Done,
            "closed_incomplete" => Self::ComesAgain,
            "cancelled" => Self::Cancelled,
            _ => Self::Planning,
        }
    }

    /// A word programs go by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Planned => "planned",
            Self::OnTheWay => "on_the_way",
            Self::There => "there",
            Self::Done => "done",
            Self::ComesAgain => "comes_again",
            Self::Cancelled => "cancelled",
        }
    }

    /// What a customer reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::Planning => "We are planning your visit.",
            Self::Planned => "Your visit is planned.",
            Self::OnTheWay => "Your technician is on the way.",
            Self::There => "Your technician is at work.",
            Self::Done => "The work is done.",
            Self::ComesAgain => "The work could not be finished. We come again.",
            Self::Cancelled => "The visit was cancelled.",
        }
    }
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// What the link is for.
    pub purpose: Purpose,
    /// The number people name on the phone.
    pub number: String,
    /// What it is about.
    pub what: String,
    /// Where it stands.
    pub standing: Standing,
    /// The window that was promised.
    pub window: Option<Window>,
    /// Who comes.
    pub technician: Option<String>,
    /// When they arrive, and when that was said.
    pub arrives: Option<(Timestamp, Timestamp)>,
    /// Who signed, and when.
    pub signed: Option<(String, Timestamp)>,
    /// Why somebody did not sign.
    pub refused: Option<String>,
    /// The clock of the place.
    pub zone: UserZone,
    /// What that clock is called.
    pub time_zone: String,
}

/// What the customer of a link sees.
///
/// # Errors
/// When the database fails.
pub fn visit(call: &mut Call<'_>, opened: &Opened) -> Result<Visit> {
    let task = &opened.task;
    let standing = Standing::of(call.stage_shown(task).unwrap_or_default());
    let comes = matches!(standing, Standing::Planned | Standing::OnTheWay | Standing::There | Standing::Done);
    let booking = appointments::booked(call, task.id.sys_id)?;
    let window = |row: &Record| Some(Window { start: row.time("start_date")?, end: row.time("end_date")? });
    let location = call.referred("cmn_location", task.reference("location"))?;
    let time_zone = location.map(|row| row.text("time_zone").to_owned()).filter(|name| UserZone::is_known(name));
    let time_zone = time_zone.unwrap_or_else(|| "UTC".into());
    let signed = Some(task.text("signed_by")).filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Visit {
        purpose: opened.purpose,
        number: task.text("number").to_owned(),
        what: task.text("short_description").to_owned(),
        standing,
        window: booking.as_ref().and_then(window),
        technician: if comes { first_name(call, task)? } else { None },
        arrives: if matches!(standing, Standing::Planned | Standing::OnTheWay) { arrival(call, task)? } else { None },
        signed: signed.zip(task.time("signed_on")),
        refused: Some(task.text("signature_refusal")).filter(|text| !text.is_empty()).map(str::to_owned),
        zone: UserZone::named(&time_zone),
        time_zone,
    })
}

fn first_name(call: &Call<'_>, task: &Record) -> Result<Option<String>> {
    let Some(user) = call.referred("sys_user", task.reference("assigned_to"))? else { return Ok(None) };
    let name = [user.text("first_name"), user.text("name").split_whitespace().next().unwrap_or_default()];
    Ok(name.into_iter().find(|name| !name.is_empty()).map(str::to_owned))
}

/// When somebody arrives: once they have set out, as long after as the way takes; before that, as it is planned.
pub(super) fn arrival(call: &mut Call<'_>, task: &Record) -> Result<Option<(Timestamp, Timestamp)>> {
    let way = task.get("estimated_travel_duration").and_then(Value::as_integer);
    if let Some((set_out, seconds)) = task.time("actual_travel_start").zip(way) {
        return Ok(Some((set_out.plus_milliseconds(seconds.saturating_mul(1_000)), set_out)));
    }
    let said = call.projection(&task.id)?.provenance.get("expected_start").map(|origin| origin.at);
    Ok(task.time("expected_start").zip(said))
}
