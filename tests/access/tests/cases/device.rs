//! A phone that does the least: it remembers which rows it was sent, and pushes one edit at a time.

use std::collections::BTreeMap;

use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::{DeviceId, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_service::{Caller, Server};
use fieldline_sync::wire::{Batch, Entry, Outcome, PushedEdit, Request, Response, SignedBatch, signing_input};
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use ring::signature::{Ed25519KeyPair, KeyPair};

/// Somebody's phone.
pub struct Device {
    caller: Caller,
    id: DeviceId,
    key: Ed25519KeyPair,
    counter: u64,
    cursor: Option<ByteVec>,
    /// What it holds, as it was sent.
    pub rows: BTreeMap<DocumentId, Record>,
}

impl Device {
    /// Binds a phone to somebody who is signed in.
    pub fn enrol(server: &Server, of: SysId, token: &str, now: Timestamp, rng: &mut ChaCha8Rng) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes");
        let public = key.public_key().as_ref().try_into().expect("32 bytes");
        let session = server.authenticate(token, now).expect("just signed in");
        let enrolled = server.enrol_device(&session, of, "phone", public, now, rng).expect("their own phone");
        let caller = server.authenticate(&enrolled.session.token, now).expect("just enrolled");
        Self { caller, id: enrolled.device, key, counter: 0, cursor: None, rows: BTreeMap::new() }
    }

    /// Takes what is new until there is nothing more.
    pub fn sync(&mut self, server: &Server, now: Timestamp, rng: &mut ChaCha8Rng) {
        loop {
            let response = server.sync(&self.caller, &self.request(), now, rng).expect("it is answered");
            if self.take(response) {
                return;
            }
        }
    }

    fn request(&self) -> Request {
        Request { budget_bytes: 1 << 20, cursor: self.cursor.clone(), ..Request::of(self.id, 1, 42) }
    }

    /// Whether that was all.
    fn take(&mut self, response: Response) -> bool {
        for entry in response.entries {
            match entry {
                Entry::Row { document, bytes, .. } => {
                    self.rows.insert(document, minicbor::decode(&bytes).expect("a row"));
                }
                Entry::Leave { document } => drop(self.rows.remove(&document)),
                Entry::Snapshot { document, .. } | Entry::Packed { document, .. } | Entry::Edit { document, .. } => {
                    self.rows.entry(document.clone()).or_insert_with(|| Record::new(document));
                }
            }
        }
        self.cursor = Some(response.cursor);
        !response.more
    }

    /// Pushes a new description of a record, held or not; whether it was taken.
    pub fn describes(&mut self, server: &Server, record: &DocumentId, now: Timestamp, rng: &mut ChaCha8Rng) -> bool {
        self.counter += 1;
        let id = EditId { device: self.id, epoch: 1, counter: self.counter };
        let text = Some(Value::text("written on a phone"));
        let edit = Edit::new(record.clone(), id, self.caller.user, now, &Document::seed(record.clone()).heads());
        let edit = edit.act(Act::Set { field: "description".into(), value: text });
        let pushed = PushedEdit { counter: id.counter, hash: [0; 16], body: edit.encode().into(), epoch: None };
        let bytes = minicbor::to_vec(Batch { edits: vec![pushed] }).expect("encoding to memory cannot fail");
        let signature = self.key.sign(&signing_input(self.id, 1, &bytes));
        let signature = signature.as_ref().try_into().expect("64 bytes");
        let push = Some(SignedBatch { bytes: bytes.into(), signature });
        let response = server.sync(&self.caller, &Request { push, ..self.request() }, now, rng).expect("answered");
        let outcome = response.receipts.first().map(|receipt| receipt.outcome.clone());
        self.take(response);
        matches!(outcome, Some(Outcome::Accepted { .. } | Outcome::Differs { .. }))
    }
}
