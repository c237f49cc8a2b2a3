//! Signed links for customers without an account: each for one visit and one purpose, for a time, until somebody takes it back.
//!
//! * `token.rs` signs what is in a link. Who guesses learns nothing: a signature that is wrong is found wrong before anything is looked
//!   up, and what cannot be used any more is refused in one way.
//! * [`visit`] is all a customer ever sees: where the visit stands in their words, when, and who comes, by first name. No work note, no
//!   internal field.
//! * [`sign`] takes the customer's name under the work, or why they do not sign.
//! * `on_the_way.rs` writes to the customer's contact once the technician has set out, where the organisation wants that.
//!
//! What a customer does by a link is written by the `system` user, and the audit says that it came by a link.

mod on_the_way;
pub mod sign;
mod token;
pub mod visit;

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use crate::appointments;
use crate::call::Call;
use crate::server::Identity;
use crate::table::{self, TableError};

pub(crate) use on_the_way::tell as on_the_way;

const LINKS: &str = "fl_customer_link";
/// Who gives links to customers.
const ROLES: [&str; 5] = ["wm_dispatcher", "wm_qualifier", "wm_manager", "case_agent", "itil"];
/// How long a link works unless told otherwise, and the longest.
const USUAL_SECONDS: i64 = 14 * 86_400;
const MOST_SECONDS: i64 = 90 * 86_400;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To follow a visit.
    Track,
    /// To choose, move and cancel its window.
    Book,
    /// To sign what was done.
    Sign,
}

impl Purpose {
    /// The purpose of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Track, Self::Book, Self::Sign].into_iter().find(|purpose| purpose.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Book => "book",
            Self::Sign => "sign",
        }
    }
}

/// A link, and what to put into its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its row.
    pub row: Record,
    /// What the address ends with.
    pub token: String,
}

/// Makes a link to a visit.
///
/// # Errors
/// When the caller may not, there is no such task for them, or the time is too long.
pub fn create(call: &mut Call<'_>, task: SysId, purpose: Purpose, lasts_seconds: Option<i64>) -> table::Result<Link> {
    for_agents(call)?;
    let task = table::read(call, "wm_task", task)?;
    let lasts = lasts_seconds.unwrap_or(USUAL_SECONDS);
    if !(60..=MOST_SECONDS).contains(&lasts) {
        let problem = format!("{lasts} is not between 60 seconds and {} days", MOST_SECONDS / 86_400);
        return Err(TableError::invalid(LINKS, Some(&"expires_in_seconds".into()), problem));
    }
    Ok(link_to(call, &task, purpose, lasts)?)
}

fn link_to(call: &mut Call<'_>, task: &Record, purpose: Purpose, seconds: i64) -> crate::error::Result<Link> {
    let mut row = Record::new(DocumentId::new(LINKS, call.new_sys_id()));
    row.set("purpose", Some(Value::text(purpose.name())));
    row.set("task", Some(Value::Reference(task.id.sys_id)));
    row.set("expires_at", Some(Value::Time(call.now.plus_milliseconds(seconds * 1_000))));
    row.set("revoked", Some(Value::Boolean(false)));
    call.put_row(row.clone())?;
    let token = call.server.identity().link_token(row.id.sys_id);
    Ok(Link { row, token })
}

/// Takes a link back: it works no more from now on.
///
/// # Errors
/// When the caller may not, or there is no such link.
pub fn revoke(call: &mut Call<'_>, link: SysId) -> table::Result<()> {
    for_agents(call)?;
    let id = DocumentId::new(LINKS, link);
    let mut row = call.row(&id)?.ok_or_else(|| TableError::NotFound(id.to_string()))?;
    row.set("revoked", Some(Value::Boolean(true)));
    Ok(call.put_row(row)?)
}

fn for_agents(call: &Call<'_>) -> table::Result<()> {
    table::only(call, &ROLES, LINKS, "give links to customers")
}

/// A link somebody came by, and the visit it leads to.
#[derive(Debug, Clone)]
pub struct Opened {
    link: Record,
    task: Record,
    purpose: Purpose,
}

/// Opens what a link leads to.
///
/// # Errors
/// In one way for whatever does not work: a token nobody signed, a link that is over or was taken back, a visit that is gone.
pub fn open(call: &Call<'_>, token: &str) -> table::Result<Opened> {
    let gone = || TableError::NotFound("this link".into());
    let id = call.server.identity().link_in(token).ok_or_else(gone)?;
    let link = call.row(&DocumentId::new(LINKS, id))?.ok_or_else(gone)?;
    let works = !link.says("revoked") && link.time("expires_at").is_some_and(|until| call.now < until);
    let purpose = Purpose::named(link.text("purpose")).filter(|_| works).ok_or_else(gone)?;
    let task = call.referred("wm_task", link.reference("task"))?;
    Ok(Opened { link, task: task.ok_or_else(gone)?, purpose })
}

impl Opened {
    /// What the link is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The windows there are.
    ///
    /// # Errors
    /// When the link is for something else, or as [`appointments::offered`].
    pub fn windows(&self, call: &Call<'_>, from: Timestamp, days: u32) -> table::Result<appointments::Offered> {
        self.is_for(Purpose::Book)?;
        appointments::offered(call, self.task.id.sys_id, from, days).map_err(plainly)
    }

    /// Books the window that begins at a moment.
    ///
    /// # Errors
    /// When the link is for something else, or as [`appointments::book`].
    pub fn book(&self, call: &mut Call<'_>, start: Timestamp) -> table::Result<appointments::Answer> {
        self.is_for(Purpose::Book)?;
        self.used(call)?;
        appointments::book(call, self.task.id.sys_id, start, Some(self.link.id.sys_id)).map_err(plainly)
    }

    /// Cancels the appointment.
    ///
    /// # Errors
    /// When the link is for something else, or as [`appointments::cancel`].
    pub fn cancel(&self, call: &mut Call<'_>, reason: &str) -> table::Result<appointments::Answer> {
        self.is_for(Purpose::Book)?;
        self.used(call)?;
        appointments::cancel(call, self.task.id.sys_id, reason, Some(self.link.id.sys_id)).map_err(plainly)
    }

    fn is_for(&self, purpose: Purpose) -> table::Result<()> {
        if self.purpose == purpose {
            return Ok(());
        }
        let problem = format!("this link is only there to {}; ask us for another one", self.purpose.name());
        Err(TableError::Denied { record: "this link".into(), problem })
    }

    fn used(&self, call: &mut Call<'_>) -> table::Result<()> {
        let mut row = self.link.clone();
        row.set("used_at", Some(Value::Time(call.now)));
        Ok(call.put_row(row)?)
    }
}

/// What went wrong as a customer reads it: not under the house's names, and not what only the house can mend.
fn plainly(error: TableError) -> TableError {
    let TableError::Invalid { field, problem, .. } = error else { return error };
    let is_ours = field.is_some_and(|field| field == *"task");
    let unplannable = "no times can be offered for it yet; call us, and we find one together";
    TableError::invalid("your visit", None, if is_ours { unplannable.to_owned() } else { problem })
}

impl Identity {
    fn link_key(&self) -> ring::hmac::Key {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.cursor_key);
        let own = ring::hmac::sign(&key, b"fieldline/customer-link/key/1");
        ring::hmac::Key::new(ring::hmac::HMAC_SHA256, own.as_ref())
    }

    /// What the address of a link ends with.
    fn link_token(&self, link: SysId) -> String {
        token::of(&self.link_key(), link)
    }

    /// The link an address names, if this server signed it.
    fn link_in(&self, token: &str) -> Option<SysId> {
        token::read(&self.link_key(), token)
    }
}
