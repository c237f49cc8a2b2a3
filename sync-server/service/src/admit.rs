//! Whether an edit a device sent may stand. Merge always: only identity, scope, role, shape and cost can hold one back,
//! and a held edit blocks nobody, stays on the server, and tells its author what happened and what to do.
//!
//! Everything is known by (device, epoch, counter): the same edit again is answered as before, another edit under a number
//! that is taken is kept aside. A phone that was locked and enrolled again is another device and brings what its owner did
//! on it before under the names that work has had. Whether a life-cycle step was possible is not asked here; the fold judges that afterwards.

use std::collections::BTreeMap;

use std::sync::Arc;

use fieldline_documents::shape::check_shape;
use fieldline_documents::{Act, ApplyError, Edit, caps};
use fieldline_model::dictionary::Kind;
use fieldline_model::life_cycle::StepId;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DeviceId, DocumentId, FieldName, Table, Value};
use fieldline_storage::{EditKey, HeldEdit, Position, StoredEdit};
use fieldline_sync::wire::{HoldReason, Outcome, PushedEdit, Receipt};

use crate::approvals::{self, Answer};
use crate::author::seed_heads;
use crate::call::Call;
use crate::edits::{RecordError, Recorded, creator, was_merged};
use crate::error::{Result, ServiceError};

/// Why an edit is held.
struct Hold {
    reason: HoldReason,
    detail: String,
}

fn hold<T>(reason: HoldReason, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Hold(Hold { reason, detail: detail.into() }))
}

enum Refusal {
    Hold(Hold),
    /// It is recorded under another number, there.
    Recorded(Position),
    NeedsHeads,
    Service(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Service(error.into())
    }
}

/// What becomes of one pushed edit; an accepted one has no position before the end of the call.
enum Verdict {
    Accepted { recorded: Recorded, differs: bool },
    Known(Outcome),
}

/// Admits the edits of one exchange.
pub(crate) struct Admission {
    device: DeviceId,
    epoch: u32,
    verdicts: Vec<(u64, Verdict)>,
    /// Whether the device sent another edit under a number that was taken in the epoch it writes in.
    pub equivocated: bool,
    /// Edits accepted in this exchange, which the feed does not hold yet: the pushed body and its verdict's index.
    fresh: BTreeMap<EditKey, (Vec<u8>, usize)>,
}

impl Admission {
    /// Begins with no edit, for a device that writes in an epoch.
    pub fn new(device: DeviceId, epoch: u32) -> Self {
        Self { device, epoch, verdicts: Vec::new(), equivocated: false, fresh: BTreeMap::new() }
    }

    /// Judges the next edit and records it if it may stand.
    pub fn admit(&mut self, call: &mut Call<'_>, pushed: &PushedEdit) -> Result<()> {
        let held_before = matches!(self.verdicts.last(), Some((_, Verdict::Known(Outcome::Held { .. }))));
        if plant::is(Plant::HoldBlocksTheRest) && held_before {
            return Ok(());
        }
        let decoded = decoded(pushed);
        let key = self.key_of(call, pushed, decoded.as_ref().ok())?;
        let verdict = match self.known(call, key, pushed)? {
            Some(verdict) => verdict,
            None => self.judge(call, key, pushed, decoded)?,
        };
        let is_aside = matches!(&verdict, Verdict::Known(Outcome::Held { reason: HoldReason::Equivocation, .. }));
        self.equivocated |= is_aside && (key.device, key.epoch) == (self.device, self.epoch);
        self.verdicts.push((pushed.counter, verdict));
        Ok(())
    }

    /// What an edit is known by: what its device says, or the name it was given on an earlier device of the same person.
    fn key_of(&self, call: &Call<'_>, pushed: &PushedEdit, edit: Option<&Edit>) -> Result<EditKey> {
        let epoch = pushed.epoch.unwrap_or(self.epoch);
        let said = EditKey { device: self.device, epoch, counter: pushed.counter };
        let id = edit.map(|edit| edit.id);
        let Some(id) = id.filter(|id| id.device != self.device && id.counter == pushed.counter) else {
            return Ok(said);
        };
        let owner = call.tx.device(id.device)?.map(|device| device.user);
        let is_of_the_same_person = owner == Some(call.caller.user);
        let earlier = EditKey { device: id.device, epoch: id.epoch, counter: id.counter };
        Ok(if is_of_the_same_person { earlier } else { said })
    }

    /// The receipts, once the call's changes are numbered from `first`.
    pub fn receipts(self, first: Position) -> Vec<Receipt> {
        let position = |entry: usize| fieldline_sync::wire::Position(first + entry as Position);
        let outcome = |verdict| match verdict {
            Verdict::Accepted { recorded, differs: true } => Outcome::Differs { position: position(recorded.entry) },
            Verdict::Accepted { recorded, differs: false } => {
                Outcome::Accepted { position: position(recorded.entry), merged: recorded.merged }
            }
            Verdict::Known(outcome) => outcome,
        };
        let receipt = |(counter, verdict)| Receipt { counter, outcome: outcome(verdict) };
        self.verdicts.into_iter().map(receipt).collect()
    }

    /// The answer to an edit that was seen before, `None` when it is new.
    fn known(&self, call: &mut Call<'_>, key: EditKey, pushed: &PushedEdit) -> Result<Option<Verdict>> {
        let same = |body: &[u8]| body == pushed.body.as_slice();
        if let Some((body, index)) = self.fresh.get(&key) {
            let again = match &self.verdicts[*index].1 {
                Verdict::Accepted { recorded, differs } => Verdict::Accepted { recorded: *recorded, differs: *differs },
                Verdict::Known(outcome) => Verdict::Known(outcome.clone()),
            };
            return if same(body) { Ok(Some(again)) } else { equivocated(call, key, pushed).map(Some) };
        }
        if plant::is(Plant::DedupeDropped) {
            return Ok(None);
        }
        if let Some((position, stored)) = call.tx.edit(key)? {
            if !same(&stored.body) {
                return equivocated(call, key, pushed).map(Some);
            }
            call.server.metrics.edits_replayed.increment();
            return Ok(Some(Verdict::Known(outcome_again(call, position, &stored, pushed)?)));
        }
        let held = call.tx.held(key)?;
        let kept = kept(pushed);
        if let Some(again) = held.iter().find(|held| held.body == kept) {
            call.server.metrics.edits_replayed.increment();
            let reason = HoldReason::of_word(&again.reason);
            return Ok(Some(Verdict::Known(Outcome::Held { reason, detail: again.detail.clone() })));
        }
        if held.is_empty() { Ok(None) } else { equivocated(call, key, pushed).map(Some) }
    }

    fn judge(
        &mut self,
        call: &mut Call<'_>,
        key: EditKey,
        pushed: &PushedEdit,
        edit: Result<Edit, Refusal>,
    ) -> Result<Verdict> {
        match edit.and_then(|edit| self.record(call, key, pushed, edit)) {
            Ok(recorded) => {
                let differs = recorded.hash.0[..16] != pushed.hash;
                let metrics = &call.server.metrics;
                metrics.edits_accepted.increment();
                metrics.edits_merged.add(recorded.merged.into());
                metrics.edits_differing.add(differs.into());
                self.fresh.insert(key, (pushed.body.to_vec(), self.verdicts.len()));
                Ok(Verdict::Accepted { recorded, differs })
            }
            Err(Refusal::Recorded(position)) => {
                let position = fieldline_sync::wire::Position(position);
                Ok(Verdict::Known(Outcome::Differs { position }))
            }
            Err(Refusal::Hold(hold)) => set_aside(call, key, pushed, hold),
            Err(Refusal::NeedsHeads) if plant::is(Plant::OrphanCountsAsAccepted) => {
                let position = fieldline_sync::wire::Position(call.tx.head()?);
                Ok(Verdict::Known(Outcome::Accepted { position, merged: false }))
            }
            Err(Refusal::NeedsHeads) => {
                call.server.metrics.edits_waiting.increment();
                Ok(Verdict::Known(Outcome::NeedsHeads))
            }
            Err(Refusal::Service(error)) => Err(error),
        }
    }

    fn record(&self, call: &mut Call<'_>, key: EditKey, pushed: &PushedEdit, edit: Edit) -> Result<Recorded, Refusal> {
        self.check_identity(call, &edit, key)?;
        if let Err(problem) = edit.check_cost() {
            return hold(HoldReason::Cost, problem.to_string());
        }
        let table = table_of(call, &edit.document)?;
        call.settle_before(Some(&edit.document))?;
        let exists = call.exists(&edit.document)?;
        if exists && let Some(position) = call.recorded_as_another(&edit)? {
            return Err(Refusal::Recorded(position));
        }
        check_heads(call, &edit, exists)?;
        if let Err(problem) = check_shape(&edit, &call.dictionary, !exists) {
            return hold(HoldReason::Shape, problem.to_string());
        }
        check_weight(call, &edit, pushed.body.len())?;
        if exists {
            check_scope(call, &edit.document, &table)?
        } else {
            check_creation(call, &table, &edit)?
        }
        check_roles(call, &table, &edit, exists)?;
        match call.record_edit(edit, pushed.body.to_vec()) {
            Ok(recorded) => Ok(recorded),
            Err(RecordError::Service(error)) => Err(Refusal::Service(error)),
            Err(RecordError::Apply(problem)) => refuse(problem),
        }
    }

    fn check_identity(&self, call: &Call<'_>, edit: &Edit, key: EditKey) -> Result<(), Refusal> {
        let document = &edit.document;
        if edit.author != call.caller.user && !plant::is(Plant::AuthorNotChecked) {
            let detail = format!("{document}: the edit names another author than the person signed in on this device");
            return hold(HoldReason::Identity, format!("{detail}; sign in as its author, or make it anew"));
        }
        // What was made before the device was given another epoch, or another identity, keeps its number.
        let is_its_number = (edit.id.device, edit.id.epoch, edit.id.counter) == (key.device, key.epoch, key.counter);
        if !is_its_number || (key.device == self.device && key.epoch > self.epoch) {
            let detail = format!("{document}: the edit names another device, epoch or number than it was sent under");
            return hold(HoldReason::Identity, format!("{detail}; make it anew on this device"));
        }
        Ok(())
    }
}

/// The edit that was pushed, unless it is too large to be looked at or is none.
fn decoded(pushed: &PushedEdit) -> Result<Edit, Refusal> {
    if pushed.body.len() > caps::MAX_EDIT_BYTES {
        let (given, most) = (pushed.body.len(), caps::MAX_EDIT_BYTES);
        return hold(HoldReason::Cost, format!("the edit has {given} bytes, {most} are the most; split it in two"));
    }
    Edit::decode(&pushed.body)
        .or_else(|problem| hold(HoldReason::Shape, format!("{problem}; update the app and do it again")))
}

fn table_of(call: &Call<'_>, document: &DocumentId) -> Result<Arc<Table>, Refusal> {
    let table = call.dictionary.shared(document.table.as_str());
    match table.filter(|table| table.kind == Kind::Document) {
        Some(table) => Ok(table),
        None => {
            hold(HoldReason::Shape, format!("{document}: no records of this table are made on devices; discard it"))
        }
    }
}

/// An edit of an unknown document, or on unknown changes, waits on its device until the server has those.
fn check_heads(call: &mut Call<'_>, edit: &Edit, exists: bool) -> Result<(), Refusal> {
    let known = if exists {
        let document = call.document(&edit.document)?;
        edit.heads.iter().all(|head| document.knows(*head))
    } else {
        edit.heads == seed_heads(&edit.document)
    };
    if known { Ok(()) } else { Err(Refusal::NeedsHeads) }
}

fn check_weight(call: &mut Call<'_>, edit: &Edit, bytes: usize) -> Result<(), Refusal> {
    match call.overweight(&edit.document, bytes)? {
        Some(problem) => hold(HoldReason::Cost, format!("{}: {problem}", edit.document)),
        None => Ok(()),
    }
}

fn check_scope(call: &Call<'_>, document: &DocumentId, table: &Table) -> Result<(), Refusal> {
    if plant::is(Plant::ScopeNotChecked) {
        return Ok(());
    }
    let user = call.caller.user;
    if call.caller.reads_all(table) || call.was_in_scope(document)? || creator(call, document)? == Some(user) {
        return Ok(());
    }
    let detail = format!("{document} is not assigned to you or your groups, and was not in the last weeks");
    hold(HoldReason::Scope, format!("{detail}; ask dispatch to assign it, then send the edit again, or discard it"))
}

fn check_creation(call: &Call<'_>, table: &Table, edit: &Edit) -> Result<(), Refusal> {
    let (document, label) = (&edit.document, &table.label);
    if !call.caller.may(&table.create) {
        let roles = table.create.join(", ");
        let detail = format!("{document}: a new {label} needs one of the roles {roles}");
        return hold(HoldReason::Role, format!("{detail}; ask somebody who has one, or discard it"));
    }
    // Identities are unique in a family of tables, or a reference to the family would mean two records.
    let root = call.dictionary.root_of(&table.name);
    if call.tx.find(call.dictionary.family(root.as_str()), document.sys_id)?.is_some() {
        let detail = format!("{document}: another record has this sys_id");
        return hold(HoldReason::Shape, format!("{detail}; make the record anew"));
    }
    Ok(())
}

fn check_roles(call: &mut Call<'_>, table: &Table, edit: &Edit, exists: bool) -> Result<(), Refusal> {
    if plant::is(Plant::RolesNotChecked) {
        return Ok(());
    }
    let document = &edit.document;
    for act in &edit.acts {
        let field = act.field().and_then(|field| table.field(field.as_str()));
        if let Some(field) = field.filter(|_| exists) {
            let name = &field.name;
            if !call.caller.may(&field.write) {
                let roles = field.write.join(", ");
                let detail = format!("{document}: only {roles} may write {name}");
                return hold(HoldReason::Role, format!("{detail}; ask one of them, or discard the edit"));
            }
        }
        if let Act::Transition { step, .. } = act {
            check_step(call, document, step)?;
        }
        if let Act::Set { field, value: Some(Value::Text(word)) } = act {
            check_answer(call, document, field, word)?;
        }
        if let Act::Detach { file } | Act::Rename { file, .. } = act {
            check_file(call, table, document, *file)?;
        }
    }
    Ok(())
}

fn check_step(call: &Call<'_>, document: &DocumentId, step: &str) -> Result<(), Refusal> {
    let life_cycle = call.dictionary.life_cycle_of(document.table.as_str());
    let Some(rule) = life_cycle.and_then(|life_cycle| life_cycle.step(step)) else { return Ok(()) };
    if call.caller.may(&rule.roles) {
        return Ok(());
    }
    let (label, roles) = (&rule.label, rule.roles.join(", "));
    let detail = format!("{document}: only {roles} may take the step \"{label}\"");
    hold(HoldReason::Role, format!("{detail}; ask one of them, or discard the edit"))
}

/// An approval is answered by who is asked. An answer that comes too late is heard, and nothing follows from it.
fn check_answer(call: &Call<'_>, document: &DocumentId, field: &FieldName, word: &str) -> Result<(), Refusal> {
    let is_answer = document.table == *approvals::APPROVALS && *field == *"state" && Answer::of(word).is_some();
    let Some(asked) = call.row(document)?.filter(|_| is_answer) else { return Ok(()) };
    if approvals::may_answer(call, &asked) {
        return Ok(());
    }
    hold(HoldReason::Role, format!("{document}: {}, or discard the edit", approvals::NOT_ASKED))
}

/// What is no file of the record, or not yet, is not changed by the edit either.
fn check_file(call: &mut Call<'_>, table: &Table, document: &DocumentId, file: StepId) -> Result<(), Refusal> {
    let Some(file) = call.document(document)?.file(file) else { return Ok(()) };
    if call.may_change_file(Some(file.by), Some(table)) {
        return Ok(());
    }
    let detail = format!("{document}: only who attached {} or may write the record may change it", file.what.file_name);
    hold(HoldReason::Role, format!("{detail}; ask one of them, or discard the edit"))
}

fn refuse(problem: ApplyError) -> Result<Recorded, Refusal> {
    let detail = problem.to_string();
    match problem {
        ApplyError::UnknownHeads(_) => Err(Refusal::NeedsHeads),
        ApplyError::Equivocation { .. } => hold(HoldReason::Equivocation, detail),
        ApplyError::Cost(_) => hold(HoldReason::Cost, detail),
        ApplyError::OtherDocument { .. } => hold(HoldReason::Shape, detail),
        ApplyError::Damaged { document, reason } => Err(Refusal::Service(ServiceError::damaged(document, reason))),
    }
}

/// What an accepted edit was answered, from what is stored of it.
fn outcome_again(call: &Call<'_>, at: Position, stored: &StoredEdit, pushed: &PushedEdit) -> Result<Outcome> {
    let position = fieldline_sync::wire::Position(at);
    if stored.hash[..16] != pushed.hash {
        return Ok(Outcome::Differs { position });
    }
    let edit = Edit::decode(&stored.body).map_err(|problem| ServiceError::damaged(&stored.document, problem))?;
    let mut earlier = call.tx.edits(&stored.document, 0)?;
    earlier.retain(|(position, _)| *position < at);
    let earlier: Vec<StoredEdit> = earlier.into_iter().map(|(_, edit)| edit).collect();
    Ok(Outcome::Accepted { position, merged: was_merged(&earlier, &edit.heads)? })
}

fn equivocated(call: &mut Call<'_>, key: EditKey, pushed: &PushedEdit) -> Result<Verdict> {
    let detail =
        format!("edit {} of this device was another one before; send this one under a new number", key.counter);
    set_aside(call, key, pushed, Hold { reason: HoldReason::Equivocation, detail })
}

fn set_aside(call: &mut Call<'_>, key: EditKey, pushed: &PushedEdit, hold: Hold) -> Result<Verdict> {
    call.server.metrics.edits_held.increment();
    let body = kept(pushed);
    if plant::is(Plant::HoldNotKept) {
        return Ok(Verdict::Known(Outcome::Held { reason: hold.reason, detail: hold.detail }));
    }
    call.tx.hold(&HeldEdit {
        key,
        document: Edit::decode(&body).ok().map(|edit| edit.document),
        body,
        reason: hold.reason.word().into(),
        detail: hold.detail.clone(),
        received_at: call.now,
    })?;
    Ok(Verdict::Known(Outcome::Held { reason: hold.reason, detail: hold.detail }))
}

/// What is kept of an edit set aside: all of it, or its digest when it is over the cap.
fn kept(pushed: &PushedEdit) -> Vec<u8> {
    if pushed.body.len() <= caps::MAX_EDIT_BYTES {
        return pushed.body.to_vec();
    }
    ring::digest::digest(&ring::digest::SHA256, &pushed.body).as_ref().to_vec()
}
