//! The one parameter of every service function: who asks, when, with which dice, in which transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fieldline_documents::{Edit, EditId, Projection};
use fieldline_model::dictionary::{Field, may};
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, SysId, Table, Timestamp};
use fieldline_storage::{FeedEntry, Position, ScopeKey, Tx};
use rand_core::Rng;

use crate::cmdb::Delta;
use crate::kept::Loaded;
use crate::notifications::News;
use crate::rules::Book;
use crate::server::Server;

/// Who has this role is a customer, and not of the house.
pub(crate) const CUSTOMER: &str = "customer";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The `sys_user` record.
    pub user: SysId,
    /// Roles by name.
    pub roles: BTreeSet<String>,
    /// The device the token is bound to; `None` for a password session.
    pub device: Option<DeviceId>,
}

impl Caller {
    /// Whether the caller may do what is reserved to these roles; an empty list reserves nothing.
    pub fn may(&self, allowed: &[String]) -> bool {
        may(self.roles.iter().map(String::as_str), allowed)
    }

    /// Whether there may be records of which the caller knows what a field holds.
    pub fn may_ask_of(&self, field: &Field) -> bool {
        self.may(&field.read) || field.known.is_some()
    }

    /// Whether the caller is a customer: what everybody of the house knows, such as its people, is not for them.
    pub fn is_customer(&self) -> bool {
        self.roles.contains(CUSTOMER) && !self.is_administrator()
    }

    /// Whether the caller may read every record of a table.
    pub fn reads_all(&self, table: &Table) -> bool {
        (table.offline.everyone && !self.is_customer())
            || (!table.read.is_empty() && self.may(&table.read))
            || self.is_administrator()
    }

    /// Whether the caller may do everything.
    pub fn is_administrator(&self) -> bool {
        self.roles.contains("admin") || self.roles.contains("system")
    }
}

/// One call of the service.
pub struct Call<'a> {
    /// The server.
    pub server: &'a Server,
    /// The tables there are.
    pub dictionary: Dictionary,
    /// The rules there are.
    pub(crate) book: Arc<Book>,
    /// Who asks.
    pub caller: Caller,
    /// The moment it happens.
    pub now: Timestamp,
    /// Where chance comes from.
    pub rng: &'a mut dyn Rng,
    /// The transaction everything happens in.
    pub tx: Box<dyn Tx + 'a>,
    /// Whether that transaction may write.
    pub(crate) writes: bool,
    /// The newest change of what everybody holds, once it is known.
    pub(crate) everybodys: Option<Position>,
    /// Documents in use, with the edits of the transaction.
    pub(crate) documents: BTreeMap<DocumentId, Loaded>,
    pub(crate) pending: Pending,
}

/// What a call has done so far and [`Call::append`] brings to an end.
#[derive(Default)]
pub(crate) struct Pending {
    /// Documents with edits that no snapshot holds.
    pub unsaved: BTreeSet<DocumentId>,
    /// Edits of one document that were applied one after the other and are not settled.
    pub unsettled: Vec<Edit>,
    /// How that document stood between them.
    pub between: Vec<(Timestamp, Record)>,
    /// What becomes of the feed.
    pub entries: Vec<FeedEntry>,
    /// Memberships this call may have changed, and whether they held before.
    pub memberships: BTreeMap<(ScopeKey, DocumentId), bool>,
    /// Documents that changed and have not been reacted to.
    pub changed: BTreeMap<DocumentId, Changed>,
    /// Whether the dictionary of this call is to be everybody's after it.
    pub redefined: bool,
    /// Whether rules were written, so that they are read anew after it.
    pub ruled: bool,
    /// What became of items and the relations between them.
    pub related: Delta,
    /// Rules that have acted on records.
    pub obeyed: BTreeSet<(SysId, DocumentId)>,
    /// Records that somebody may have to be told of.
    pub news: BTreeMap<DocumentId, News>,
    /// Whether the queue holds jobs that it did not hold before.
    pub queued: bool,
    /// Documents whose history was made elsewhere.
    pub imported: BTreeSet<DocumentId>,
    /// Whether what is written now follows from such a history.
    pub is_history: bool,
    /// The flow whose step this is, and how many flows began it, one after the other.
    pub flow: Option<(SysId, u32)>,
    /// Why the server writes what it writes now, where it is not for whoever called.
    pub why: Option<String>,
    /// The number of the last edit the server authored, once it is known.
    pub own_counter: Option<u64>,
}

/// A document that changed during a call.
pub(crate) struct Changed {
    /// Its row before the call, `None` when it is new.
    pub before: Option<Record>,
    /// How it stood in between, by when it came to that, if any clock could have heard of it: a push may bring a pause and its end.
    pub between: Vec<(Timestamp, Record)>,
    /// How it stands.
    pub projection: Projection,
    /// When what changed it last was done, by the clock of whoever did it.
    pub done_at: Timestamp,
    /// Edits that hold a public comment, and who made them.
    pub commented: BTreeMap<EditId, SysId>,
}

impl Call<'_> {
    /// A new identity.
    pub fn new_sys_id(&mut self) -> SysId {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        SysId(bytes)
    }

    /// Does something for a reason that histories name.
    pub(crate) fn because<T>(&mut self, why: String, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.pending.why.replace(why);
        let done = work(self);
        self.pending.why = outer;
        done
    }

    /// Does with the system's authority what somebody asked for by another way than calling: it is their act.
    pub(crate) fn on_behalf_of<T>(&mut self, user: SysId, work: impl FnOnce(&mut Self) -> T) -> T {
        let caller = Caller { user, roles: BTreeSet::from(["system".into()]), device: None };
        let outer = std::mem::replace(&mut self.caller, caller);
        let done = work(self);
        self.caller = outer;
        done
    }

    /// Does what follows from the caller's act and is reserved to others: it is the caller's work all the same.
    pub(crate) fn implied<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let added = self.caller.roles.insert("system".into());
        let done = work(self);
        if added {
            self.caller.roles.remove("system");
        }
        done
    }
}
