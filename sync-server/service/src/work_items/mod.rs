//! Work is offered to agents: each record of a channel waits in a queue until an agent who is there, fits and has room takes it.
//!
//! * `desk.rs` reads how an organisation wants it: channels say which records are work, queues for whom and how one is chosen.
//! * `follow.rs` lets a work item follow its record: whose the record is, or whether it waits, or is over.
//! * `choose.rs` says who of some agents is offered an item: a function of both alone. `agents.rs` looks who is there with how much.
//! * `offer.rs` offers what waits, and takes back what nobody accepted in time. `answer.rs` is what agents do about it.
//!
//! The record says whose it is, whoever gave it to them: an item only follows, so work given by hand counts towards a load, too.
//! One job offers everything that waits, in one transaction, in an order that depends on nothing but the rows.
//!
//! Left out: affinity to an agent one spoke to before, shifts of agents, scripts in conditions, sizes of single items.
//!
//! Source: ServiceNow "Advanced Work Assignment": service channels, queues, assignment rules, presence states, universal capacity.

mod agents;
mod answer;
pub mod choose;
mod desk;
mod follow;
mod offer;

use fieldline_model::{DocumentId, Record};

pub use answer::{To, Waiting, accept, hand_over, inbox, presence, reject, set_presence};
pub(crate) use desk::{CHANNELS, Desk, QUEUES, check};
pub(crate) use offer::{KIND, TAKE_BACK, ring, take_back};

pub(crate) const ITEMS: &str = "awa_work_item";
const REJECTIONS: &str = "awa_work_item_rejection";
const REASONS: &str = "awa_reject_reason";
const PRESENCES: &str = "awa_agent_presence";
const STATES: &str = "awa_presence_state";
const CAPACITIES: &str = "awa_agent_capacity";
/// Who is offered work.
const AGENT: &str = "awa_agent";
/// The field that says whose a record is.
const PERSON: &str = "assigned_to";
const GROUP: &str = "assignment_group";

/// Whether rows of a table say who is there and for how much, so that what waits is offered anew when one is written.
pub(crate) fn says_who_is_there(table: &str) -> bool {
    [CHANNELS, QUEUES, STATES, CAPACITIES, "sys_user_grmember", "sys_user_has_skill"].contains(&table)
}

/// The record an item is about.
fn record_of(item: &Record) -> Option<DocumentId> {
    Some(DocumentId::new(item.text("document_table"), item.text("document_id").parse().ok()?))
}
