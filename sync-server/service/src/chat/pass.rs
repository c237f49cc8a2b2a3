//! Who is let into a chat: who signs in, who has a pass, and guests where an organisation allows it.
//!
//! A pass names a contact or one chat and when it ends, and is authenticated with the server's key (HMAC-SHA-256), so nothing is
//! kept of it; a server restored from a backup takes none from before.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};
use minicbor::{Decode, Encode};
use ring::hmac;

use super::{GUESTS, Visitor};
use crate::call::Call;
use crate::mail_in;
use crate::table::{self, Result, TableError};

const CONTACTS: &str = "customer_contact";
/// How long a pass is good for.
const GOOD_MILLISECONDS: i64 = 24 * 60 * 60_000;
const NAME_CHARACTERS: usize = 100;
/// Who gives contacts a pass.
const GIVERS: [&str; 2] = ["case_agent", "integration"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum For {
    /// Whoever is this contact.
    #[n(0)]
    Contact(#[n(0)] SysId),
    /// Whoever began this chat.
    #[n(1)]
    Chat(#[n(0)] SysId),
}

#[derive(Debug, Clone, Copy, Encode, Decode)]
struct Pass {
    #[n(0)]
    subject: For,
    #[n(1)]
    until: Timestamp,
    #[n(2)]
    server_epoch: u64,
}

/// A visitor as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub user: Option<SysId>,
    pub contact: Option<SysId>,
    pub name: String,
    pub email: String,
}

/// A pass for a contact, with which they chat without signing in.
///
/// # Errors
/// When there is no such contact for the caller, or the caller gives none.
pub fn issue(call: &Call<'_>, contact: SysId) -> Result<String> {
    let contact = table::read(call, CONTACTS, contact)?;
    table::only(call, &GIVERS, &contact.id, "give passes")?;
    Ok(written(call, For::Contact(contact.id.sys_id)))
}

/// The pass with which the visitor of a chat comes back.
pub(super) fn of_chat(call: &Call<'_>, chat: SysId) -> String {
    written(call, For::Chat(chat))
}

fn key(call: &Call<'_>) -> hmac::Key {
    let own = hmac::Key::new(hmac::HMAC_SHA256, &call.server.identity().cursor_key);
    let derived = hmac::sign(&own, b"fieldline chat pass");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

fn written(call: &Call<'_>, subject: For) -> String {
    let until = call.now.plus_milliseconds(GOOD_MILLISECONDS);
    let pass = Pass { subject, until, server_epoch: call.server.identity().server_epoch };
    let mut bytes = minicbor::to_vec(pass).expect("encoding to memory cannot fail");
    let tag = hmac::sign(&key(call), &bytes);
    bytes.extend_from_slice(tag.as_ref());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn read(call: &Call<'_>, text: &str) -> Option<For> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.get(..400).unwrap_or(text)).ok()?;
    let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    hmac::verify(&key(call), said, tag).ok()?;
    let pass: Pass = minicbor::decode(said).ok()?;
    let holds = call.now < pass.until && pass.server_epoch == call.server.identity().server_epoch;
    holds.then_some(pass.subject)
}

fn not_let_in(problem: &str) -> TableError {
    TableError::Denied { record: "chat".into(), problem: problem.to_owned() }
}

/// Who a visitor is, who begins a chat.
pub(super) fn visitor(call: &Call<'_>, visitor: &Visitor) -> Result<Known> {
    match visitor {
        Visitor::User(caller) => {
            let contact = call.rows(CONTACTS, &Filter::equals("user", caller.user))?.into_iter().next();
            Ok(Known { user: Some(caller.user), contact: contact.map(|contact| contact.id.sys_id), ..Known::default() })
        }
        Visitor::Pass(pass) => match read(call, pass) {
            Some(For::Contact(contact)) => known_contact(call, contact),
            _ => Err(not_let_in("the pass is none, or is over; ask for another one")),
        },
        Visitor::Guest { name, email } => {
            if call.property(GUESTS)?.as_deref() != Some("true") {
                return Err(not_let_in("guests are not let in; sign in, or ask for a pass"));
            }
            let name: String =
                name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARACTERS).collect();
            match mail_in::address(email).filter(|email| !name.is_empty() && email.len() <= NAME_CHARACTERS) {
                Some(email) => Ok(Known { name, email, ..Known::default() }),
                None => Err(not_let_in("a guest has a name and an address of mail; send both")),
            }
        }
    }
}

fn known_contact(call: &Call<'_>, contact: SysId) -> Result<Known> {
    let row = call.row(&DocumentId::new(CONTACTS, contact))?;
    let row = row.filter(|row| row.get("active") != Some(&Value::Boolean(false)));
    let row = row.ok_or_else(|| not_let_in("the contact is not there any more"))?;
    Ok(Known { user: row.reference("user"), contact: Some(contact), ..Known::default() })
}

/// Whether a chat is a visitor's.
pub(super) fn opens(call: &Call<'_>, visitor: &Visitor, chat: &Record) -> Result<bool> {
    Ok(match visitor {
        Visitor::User(caller) => chat.reference("opened_for") == Some(caller.user),
        Visitor::Pass(pass) => match read(call, pass) {
            Some(For::Chat(id)) => id == chat.id.sys_id,
            Some(For::Contact(contact)) => chat.reference("contact") == Some(contact),
            None => false,
        },
        Visitor::Guest { .. } => false,
    })
}
