//! Histories made elsewhere, loaded with their own action times, as the same edits the server would have made then.
//!
//! The clocks of tasks run through a history as they would have then. Rules and flows leave it alone: it is what was, and nobody is
//! to be reminded of it.
//!
//! A caller batches many documents into one [`crate::Server::write`]: each is projected once, and all of them are numbered
//! together at the end.

use std::collections::BTreeMap;

use fieldline_documents::{Act, Edit, check_shape};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use crate::author::Authored;
use crate::call::{Call, Changed};
use crate::itsm;
use crate::itsm::assignment::{COUNT, GROUP};
use crate::table::{Result, TableError};

/// What one person did to a record at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: SysId,
    /// When.
    pub at: Timestamp,
    /// What, in order.
    pub acts: Vec<Act>,
}

/// Creates a document from its history, the birth first; returns the record as it stands at the end. A document that has no
/// number among its first acts gets the next one.
///
/// # Errors
/// When the caller is no administrator or integration, the document exists, or a deed does not fit the table; nothing of
/// this document is kept then.
pub fn import_document(call: &mut Call<'_>, id: &DocumentId, mut history: Vec<Deed>) -> Result<Record> {
    if !call.caller.may(&["integration".into()]) {
        let problem = "only an administrator or an integration may import; ask one".into();
        return Err(TableError::Denied { record: id.to_string(), problem });
    }
    let family = call.dictionary.family(call.dictionary.root_of(&id.table).as_str());
    if call.exists(id)? || call.tx.find(family, id.sys_id)?.is_some() {
        return Err(TableError::invalid(id, None, "exists already; it was imported before"));
    }
    let Some(birth) = history.first_mut() else {
        return Err(TableError::invalid(id, None, "has no history; give at least its birth"));
    };
    match birth.acts.iter().find_map(number_of) {
        Some(number) => call.number_given(id.table.as_str(), number)?,
        None => {
            let next = call.next_number(id.table.as_str())?;
            let act = |number| Act::Set { field: "number".into(), value: Some(Value::Text(number)) };
            birth.acts.extend(next.map(act));
        }
    }
    if itsm::moves(id.table.as_str()) {
        count_reassignments(&mut history);
    }
    let (mut edits, mut clocks) = (Vec::with_capacity(history.len()), Clocks::default());
    for deed in history {
        let at = deed.at;
        edits.push(apply(call, id, deed, edits.is_empty())?);
        clocks.follow(call, id, at)?;
    }
    if call.has_clocks(id)
        && let Some(at) = call.first_breach(id.sys_id)?
    {
        let acts = vec![Act::Set { field: "made_sla".into(), value: Some(Value::Boolean(false)) }];
        let by = call.server.identity().system_user;
        edits.push(apply(call, id, Deed { by, at, acts }, false)?);
    }
    call.pending.imported.insert(id.clone());
    call.settle(id, &edits)?;
    call.row(id)?.ok_or_else(|| TableError::NotFound(id.to_string()))
}

fn apply(call: &mut Call<'_>, id: &DocumentId, deed: Deed, is_birth: bool) -> Result<Edit> {
    let Deed { by, at, acts } = deed;
    let edit = call.own_edit(Authored { document: id.clone(), author: by, at, acts });
    let edit = edit.inspect_err(|_| call.forget(id))?;
    check_shape(&edit, &call.dictionary, is_birth).inspect_err(|_| call.forget(id))?;
    call.apply_own(&edit).inspect_err(|_| call.forget(id))?;
    Ok(edit)
}

/// Adds to each deed after the birth that gives a task to another group how often that has happened.
fn count_reassignments(history: &mut [Deed]) {
    let given = |act: &Act| match act {
        Act::Set { field, value } if *field == *GROUP => Some(value.clone()),
        _ => None,
    };
    let (mut group, mut count) = (None, 0);
    for (index, deed) in history.iter_mut().enumerate() {
        let Some(now) = deed.acts.iter().filter_map(given).next_back() else { continue };
        if index > 0 && now != group {
            count += 1;
            deed.acts.push(Act::Set { field: COUNT.into(), value: Some(Value::Integer(count)) });
        }
        group = now;
    }
}

/// How a document stood after the deed before, for the clocks it would have had.
#[derive(Default)]
struct Clocks {
    before: Option<Record>,
}

impl Clocks {
    fn follow(&mut self, call: &mut Call<'_>, id: &DocumentId, at: Timestamp) -> Result<()> {
        if !call.has_clocks(id) {
            return Ok(());
        }
        let projection = call.projection(id)?;
        let after = projection.record.clone();
        let before = self.before.replace(after);
        let changed = Changed { before, between: Vec::new(), projection, done_at: at, commented: BTreeMap::new() };
        let now = std::mem::replace(&mut call.now, at);
        call.pending.is_history = true;
        let followed = call.follow_agreements(&changed);
        (call.now, call.pending.is_history) = (now, false);
        Ok(followed?)
    }
}

fn number_of(act: &Act) -> Option<&str> {
    match act {
        Act::Set { field, value: Some(Value::Text(number)) } if *field == *"number" => Some(number),
        _ => None,
    }
}
