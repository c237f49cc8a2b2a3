//! What must be true of every answer, in the middle of the storm: what is put right later is not seen when it is calm.

use fieldline_documents::Edit;
use fieldline_storage::{EditKey, Tx};
use fieldline_sync::frame;
use fieldline_sync::session::Reply;
use fieldline_sync::wire::{Batch, Outcome, PushedEdit, Receipt, WIRE_VERSION};

use crate::world::World;

/// What is wrong with an answer of the server.
pub fn answer(world: &World, token: &str, request: &[u8], reply: &Reply) -> Vec<String> {
    let Reply::Body(answer) = reply else { return Vec::new() };
    let mut broken = Vec::from_iter(locked(world, token));
    let request = frame::decode_request(request, WIRE_VERSION).ok();
    let Some((request, answer)) = request.zip(frame::decode_response(answer, WIRE_VERSION).ok()) else { return broken };
    let batch: Option<Batch> = request.push.and_then(|push| minicbor::decode(&push.bytes).ok());
    let sent = batch.map(|batch| batch.edits).unwrap_or_default();
    broken.extend(in_order(&sent, &answer.receipts));
    let tx = world.office.server().storage().read().expect("the server's database can be read");
    let said = EditKey { device: request.device, epoch: request.epoch, counter: 0 };
    broken.extend(sent.iter().zip(&answer.receipts).filter_map(|(sent, receipt)| is_true(&*tx, said, sent, receipt)));
    broken
}

/// Who was locked is not answered, unless the server has forgotten it with its database.
fn locked(world: &World, token: &str) -> Option<String> {
    let device = world.office.device_of(token, world.now)?;
    let is_locked = world.revoked.iter().any(|(locked, _)| *locked == device) && !world.office.was_restored;
    is_locked.then(|| format!("device {device} was locked and is answered"))
}

/// Every edit has a receipt, in the order they were sent in.
fn in_order(sent: &[PushedEdit], receipts: &[Receipt]) -> Option<String> {
    let sent: Vec<u64> = sent.iter().map(|edit| edit.counter).collect();
    let told: Vec<u64> = receipts.iter().map(|receipt| receipt.counter).collect();
    (sent != told).then(|| format!("edits {sent:?} were sent and {told:?} have receipts"))
}

/// What a receipt says of an edit is so: it stands where it is said to stand, or is kept aside, under its own name or, where
/// the server does not know that one, under the one it was sent by.
fn is_true(tx: &dyn Tx, said: EditKey, sent: &PushedEdit, receipt: &Receipt) -> Option<String> {
    let id = Edit::decode(&sent.body).ok()?.id;
    let key = EditKey { device: id.device, epoch: id.epoch, counter: id.counter };
    let is_so = match &receipt.outcome {
        Outcome::Accepted { position, .. } => {
            tx.edit(key).expect("the log can be read").is_some_and(|(stands, _)| stands == position.0)
        }
        Outcome::Held { .. } => {
            let said = EditKey { epoch: sent.epoch.unwrap_or(said.epoch), counter: sent.counter, ..said };
            let is_aside = |key| !tx.held(key).expect("held edits can be read").is_empty();
            is_aside(key) || is_aside(said)
        }
        Outcome::Differs { .. } | Outcome::NeedsHeads => true,
    };
    (!is_so).then(|| format!("edit {} has the receipt {:?}, which is not so", receipt.counter, receipt.outcome))
}
