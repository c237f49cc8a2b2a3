//! Somebody hostile: a person with an enrolled phone of their own, who hears what others send and sometimes answers in the
//! server's place.
//!
//! Nothing of it may stand, stop anybody, or cost anybody unsent work. Whoever answers in the server's place may lie as a
//! server can; the lies here come from another life of the server, so the true one is offered again what they made a phone
//! believe.

use std::collections::BTreeMap;

use fieldline_device::Enrolment;
use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::{DeviceId, DocumentId, SysId, TableName, Timestamp, Value};
use fieldline_sync::frame;
use fieldline_sync::wire::{
    Batch, BlobStatus, Entry, Outcome, Position, PushedEdit, Receipt, Request, Response, SignedBatch, WIRE_VERSION,
    signing_input,
};
use rand_core::Rng;

use crate::dice::{between, happens, one_of};

/// Somebody hostile.
pub struct Attacker {
    enrolment: Enrolment,
    /// The last request heard of each phone, and the token it came with.
    heard: BTreeMap<usize, (String, Vec<u8>)>,
    /// What was said in other people's names: the record, whose name, the moment. None of it may ever stand.
    pub forged: Vec<(DocumentId, SysId, Timestamp)>,
}

impl Attacker {
    /// Somebody hostile with an enrolled phone.
    pub fn new(enrolment: Enrolment) -> Self {
        Self { enrolment, heard: BTreeMap::new(), forged: Vec::new() }
    }

    /// Hears a request.
    pub fn hear(&mut self, phone: usize, token: &str, bytes: &[u8]) {
        self.heard.insert(phone, (token.to_owned(), bytes.to_vec()));
    }

    /// What a phone sent last, to be sent once more.
    pub fn replay(&self, phone: usize) -> Option<(String, Vec<u8>)> {
        self.heard.get(&phone).cloned()
    }

    /// What a phone sent last, damaged, or nothing like it.
    pub fn garbage(&self, phone: usize, rng: &mut dyn Rng) -> Option<(String, Vec<u8>)> {
        let (token, mut bytes) = self.replay(phone)?;
        if happens(rng, 500) {
            bytes = vec![0; rng.next_u32() as usize % 300];
            rng.fill_bytes(&mut bytes);
        }
        for _ in 0..between(rng, 1, 20) {
            if !bytes.is_empty() {
                let at = rng.next_u32() as usize % bytes.len();
                bytes[at] = rng.next_u32() as u8;
            }
        }
        Some((token, bytes))
    }

    /// A request signed by the attacker's own phone, with edits in the victim's name or of records that are none of the
    /// attacker's business. Its token is the attacker's, or, stolen, the victim's.
    pub fn forge(
        &mut self,
        victim: &Enrolment,
        documents: &[DocumentId],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> (String, Vec<u8>) {
        let own = self.enrolment.clone();
        let has_the_token = happens(rng, 300);
        let speaker = if has_the_token { victim } else { &own };
        let mut batch = Batch::default();
        for number in 0..between(rng, 1, 6) {
            // No honest deed has such a moment: people act at the moments of the plan.
            let at = now.plus_milliseconds(-1 - number);
            let author = if has_the_token || happens(rng, 500) { victim.user } else { own.user };
            let edit = forged(speaker, victim, author, one_of(rng, documents).cloned(), at, rng);
            if author == victim.user {
                self.forged.push((edit.document.clone(), author, at));
            }
            let epoch = if happens(rng, 600) {
                None
            } else {
                *one_of(rng, &[Some(0), Some(2), Some(u32::MAX)]).expect("three")
            };
            batch.edits.push(PushedEdit { counter: edit.id.counter, hash: [0; 16], body: edit.encode().into(), epoch });
        }
        let bytes = minicbor::to_vec(batch).expect("encoding into memory does not fail");
        let signature = own.key.sign(&signing_input(speaker.device, speaker.epoch, &bytes));
        let push = Some(SignedBatch { bytes: bytes.into(), signature });
        let request = Request {
            budget_bytes: u32::MAX,
            cursor: Some(vec![0; 40].into()),
            push,
            wants: documents.iter().take(10).cloned().collect(),
            number_wants: vec!["WO".into(), "NONE".into()],
            audit: true,
            newest_counter: Some(rng.next_u64()),
            ..Request::of(speaker.device, speaker.epoch, rng.next_u64())
        };
        (speaker.token.clone(), frame::encode_request(&request, WIRE_VERSION))
    }
}

/// An edit somebody else is to have made, in most respects as that device would have.
fn forged(
    speaker: &Enrolment,
    victim: &Enrolment,
    author: SysId,
    document: Option<DocumentId>,
    at: Timestamp,
    rng: &mut dyn Rng,
) -> Edit {
    let mut new = [0; 16];
    rng.fill_bytes(&mut new);
    let new = DocumentId::new("wm_task", SysId(new));
    let document = document.filter(|_| happens(rng, 700)).unwrap_or(new);
    let device = if happens(rng, 700) { speaker.device } else { victim.device };
    let epoch = if happens(rng, 700) { speaker.epoch } else { *one_of(rng, &[2, u32::MAX]).expect("two") };
    let taken = *one_of(rng, &[1, 7, u64::MAX]).expect("three");
    let counter = if happens(rng, 300) { taken } else { rng.next_u64() >> 1 };
    let heads = Document::seed(document.clone()).heads();
    let edit = Edit::new(document, EditId { device, epoch, counter }, author, at, &heads);
    let set = |field: &str, value| Act::Set { field: field.into(), value: Some(value) };
    match happens(rng, 500) {
        true => edit.act(Act::WorkNote { text: "forged".into() }),
        false => edit
            .act(set("short_description", Value::text("forged")))
            .act(set("assigned_to", Value::Reference(victim.user))),
    }
}

/// An answer to a request in the server's place; `None` when it is no request.
pub fn impersonate(request: &[u8], documents: &[DocumentId], rng: &mut dyn Rng) -> Option<Vec<u8>> {
    let request = frame::decode_request(request, WIRE_VERSION).ok()?;
    let mut edits = Vec::new();
    if let Some(push) = &request.push {
        let batch: Batch = minicbor::decode(&push.bytes).ok()?;
        edits.extend(batch.edits.iter().map(|edit| edit.counter));
    }
    edits.extend([0, 1, u64::MAX]);
    let receipts = edits.into_iter().map(|counter| Receipt { counter, outcome: outcome(rng) }).collect();
    let mut cursor = vec![0; rng.next_u32() as usize % 600];
    rng.fill_bytes(&mut cursor);
    let response = Response {
        wire_version: request.wire_version,
        nonce: request.nonce,
        server_epoch: rng.next_u64(),
        now: Timestamp(between(rng, -(1 << 50), 1 << 50)),
        receipts,
        entries: documents.iter().take(40).map(|document| entry(document, rng)).collect(),
        cursor: cursor.into(),
        more: happens(rng, 500),
        progress: None,
        scope_checksum: happens(rng, 500).then(|| rng.next_u64()),
        blobs: request
            .chunks
            .iter()
            .map(|chunk| BlobStatus { blob: chunk.blob, chunks_held: rng.next_u32(), complete: happens(rng, 500) })
            .collect(),
        chunks: Vec::new(),
        numbers: Vec::new(),
        audit: happens(rng, 300).then(Vec::new),
        renew_epoch: happens(rng, 200).then(|| rng.next_u32() >> 1),
    };
    Some(frame::encode_response(&response))
}

fn outcome(rng: &mut dyn Rng) -> Outcome {
    let position = Position(*one_of(rng, &[0, 1, u64::MAX >> 1]).expect("three"));
    match rng.next_u32() % 3 {
        0 => Outcome::Accepted { position, merged: happens(rng, 500) },
        1 => Outcome::Differs { position },
        _ => Outcome::NeedsHeads,
    }
}

fn entry(document: &DocumentId, rng: &mut dyn Rng) -> Entry {
    let (document, position) = (document.clone(), Position(rng.next_u64() >> 1));
    let mut bytes = vec![0; rng.next_u32() as usize % 200];
    rng.fill_bytes(&mut bytes);
    match rng.next_u32() % 5 {
        0 => Entry::Leave { document },
        1 => {
            let mut record = fieldline_model::Record::new(document.clone());
            record.set("short_description", Some(Value::text("forged")));
            let bytes = minicbor::to_vec(&record).expect("encoding into memory does not fail").into();
            Entry::Row { document, position, bytes }
        }
        2 => Entry::Snapshot { document, position, heads: vec![vec![1; 32].into()], bytes: bytes.into() },
        3 => {
            let empty = Document::seed(document.clone());
            let heads = empty.full_heads().into_iter().map(|head| head.0.to_vec().into()).collect();
            Entry::Snapshot { document, position, heads, bytes: empty.save().into() }
        }
        _ => {
            let id = EditId { device: DeviceId([9; 16]), epoch: 1, counter: rng.next_u64() };
            let heads = Document::seed(document.clone()).heads();
            let edit = Edit::new(document.clone(), id, SysId([9; 16]), Timestamp(0), &heads);
            let body = edit.act(Act::WorkNote { text: "forged".into() }).encode().into();
            Entry::Edit { position, hash: [0; 16], body, document }
        }
    }
}

/// Tables an attacker is after.
pub fn targets() -> [TableName; 3] {
    ["wm_task", "wm_order", "alm_asset"].map(TableName::from)
}
