//! Whom it would concern: how a server knows, at a glance, which devices have something to fetch.
//!
//! What is in the feed decides, not what this process did: several servers may write to one database. One look asks for the
//! newest position of each scope key once, however many people share it.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::SysId;
use fieldline_model::dictionary::Kind;
use fieldline_storage::{Interval, Position, ScopeKey, Tx};

use crate::call::Caller;
use crate::error::Result;
use crate::server::Server;

impl Server {
    /// Whether everything that happens concerns a caller: a signed-in person who reads whole tables of documents. A device
    /// holds only its scope, whoever carries it.
    pub fn sees_everything(&self, caller: &Caller) -> bool {
        let documents = |kind: Kind| kind == Kind::Document;
        caller.device.is_none()
            && self.dictionary().tables().any(|table| documents(table.kind) && caller.reads_all(table))
    }

    /// Where the feed stands, if that is after `after`, and the newest position of each of these users' scopes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest_after(
        &self,
        after: Position,
        users: impl FnOnce() -> BTreeSet<SysId>,
    ) -> Result<Option<(Position, BTreeMap<SysId, Position>)>> {
        let tx = self.storage().read()?;
        let head = tx.head()?;
        if head <= after {
            return Ok(None);
        }
        let mut keys = BTreeMap::new();
        let newest: Result<_> =
            users().into_iter().map(|user| Ok((user, newest_of(&*tx, user, head, &mut keys)?))).collect();
        Ok(Some((head, newest?)))
    }
}

/// The newest position at which a record of a user's scope changed, entered or left, or the scope itself changed.
fn newest_of(tx: &dyn Tx, user: SysId, head: Position, keys: &mut BTreeMap<ScopeKey, Position>) -> Result<Position> {
    let mut newest = 0;
    for (key, Interval { from, until }) in tx.subscriptions(user)? {
        // A subscription begins or ends with the transaction that comes next; until then it is no news.
        newest = [Some(from), until].into_iter().flatten().filter(|at| *at <= head).fold(newest, Position::max);
        if until.is_none() {
            let of_key = match keys.get(&key) {
                Some(known) => *known,
                None => *keys.entry(key.clone()).or_insert(tx.newest(&key)?),
            };
            newest = newest.max(of_key);
        }
    }
    Ok(newest)
}
