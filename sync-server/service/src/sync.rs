//! One exchange with a device: take what it made, answer with a receipt each, then what is new for it.
//!
//! All of it happens in one transaction, so what the answer says is durable before it is said. Losing the answer is
//! harmless: the same request again is answered the same way. A request that only asks is answered from a read transaction
//! and waits for nobody.
//!
//! What can be found out without writing (caps, signatures) is found out before ([`Server::check`]), and requests that wait
//! for each other may share a transaction ([`Server::answer_together`]): making them durable costs the same for one and for a
//! hundred.

use fieldline_model::number::NumberBlock;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{Table, Timestamp};
use fieldline_storage::StorageError;
use fieldline_sync::caps;
use fieldline_sync::frame::{self, FrameError};
use fieldline_sync::relay::Envelope;
use fieldline_sync::wire::{
    Batch, BlobChunk, BlobStatus, OLDEST_WIRE_VERSION, Receipt, Request, Response, SignedBatch, signing_input,
};
use rand_core::Rng;

use crate::admit::Admission;
use crate::call::{Call, Caller, Pending};
use crate::cursor::Cursor;
use crate::error::ServiceError;
use crate::pull::{Pulled, Wish, pull};
use crate::server::Server;

/// Numbers a device is given at once: a week of records made offline.
const NUMBERS_LEASED: u64 = 50;

/// Why a whole request was refused; nothing of it was recorded.
#[derive(Debug, thiserror::Error)]
pub enum SyncRefusal {
    /// The bytes are not a request this server reads.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The token is not a device's, or another device's.
    #[error("this token does not belong to the device that speaks; enrol the device and use its token")]
    NotThisDevice,
    /// The device was locked out.
    #[error("this device was locked; ask an administrator, then enrol it again")]
    Revoked,
    /// The signature over the edits is wrong.
    #[error("the signature over the edits is not this device's; enrol the device again")]
    Signature,
    /// What came through a kiosk is not what the device it names sealed for this server.
    #[error("the envelope was not sealed for this server by the device it names; nothing of it counts, drop it")]
    Sealed,
    /// The edits cannot be read.
    #[error("the edits cannot be read ({0}); update the app")]
    Malformed(String),
    /// More of something than one request may hold.
    #[error("{given} {what} in one request, {most} are the most; send them in several")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many were sent.
        given: usize,
        /// How many may be.
        most: usize,
    },
    /// The server could not do its part; the device tries again later.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StorageError> for SyncRefusal {
    fn from(error: StorageError) -> Self {
        Self::Service(error.into())
    }
}

/// A request that was read and found to be its device's.
pub struct Checked {
    caller: Caller,
    request: Request,
    edits: Option<Signed>,
    /// Whether it came through a kiosk and may be older than what its device has said since.
    relayed: bool,
}

/// Edits under a signature that is right by this key.
struct Signed {
    batch: Batch,
    public_key: [u8; 32],
}

impl Checked {
    /// Whether answering it needs a transaction that writes.
    pub fn writes(&self) -> bool {
        self.edits.is_some() || !self.request.chunks.is_empty() || !self.request.number_wants.is_empty()
    }

    /// The same request, come through a kiosk.
    pub(crate) fn relayed(self) -> Self {
        Self { relayed: true, ..self }
    }

    /// Whether it is the request an envelope says it holds.
    pub(crate) fn is_from(&self, envelope: &Envelope) -> bool {
        (self.request.device, self.request.nonce) == (envelope.device, envelope.nonce)
    }

    fn is_copy(&self, call: &Call<'_>) -> Result<bool, ServiceError> {
        Ok(!self.relayed && call.is_copy(&self.request)?)
    }

    /// How many things it asks to be kept: edits and pieces of files.
    pub fn pieces(&self) -> usize {
        self.edits.as_ref().map_or(0, |signed| signed.batch.edits.len()) + self.request.chunks.len()
    }

    /// How many bytes these take.
    pub fn size_bytes(&self) -> usize {
        let edits = self.edits.iter().flat_map(|signed| &signed.batch.edits).map(|edit| edit.body.len());
        edits.chain(self.request.chunks.iter().map(|chunk| chunk.bytes.len())).sum()
    }
}

impl Server {
    /// Answers a device's frame with one.
    ///
    /// # Errors
    /// When the request as a whole cannot stand; nothing of it is recorded then.
    pub fn answer(
        &self,
        caller: &Caller,
        request: &[u8],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, SyncRefusal> {
        let checked = self.check(caller, request)?;
        Ok(frame::encode_response(&self.answer_checked(&checked, now, rng)?))
    }

    /// Answers a device's request.
    ///
    /// # Errors
    /// When the request as a whole cannot stand; nothing of it is recorded then.
    pub fn sync(
        &self,
        caller: &Caller,
        request: &Request,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Response, SyncRefusal> {
        self.answer_checked(&self.check_request(caller, request.clone())?, now, rng)
    }

    /// Reads a device's frame and finds out all that does not need a transaction: caps, and whose signature is on the edits.
    ///
    /// # Errors
    /// When the request as a whole cannot stand.
    pub fn check(&self, caller: &Caller, frame: &[u8]) -> Result<Checked, SyncRefusal> {
        self.check_request(caller, frame::decode_request(frame, self.wire_version)?)
    }

    /// Answers one request by itself.
    ///
    /// # Errors
    /// When the request as a whole cannot stand; nothing of it is recorded then.
    pub fn answer_checked(
        &self,
        checked: &Checked,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Response, SyncRefusal> {
        let is_copy = |call: &mut Call<'_>| checked.is_copy(call);
        if checked.writes() || self.read(&checked.caller, now, rng, is_copy)? {
            let mut answers = self.answer_together(std::slice::from_ref(checked), now, rng);
            return answers.pop().expect("one request has one answer");
        }
        let answer = self.read(&checked.caller, now, rng, |call| exchange(call, checked));
        self.count(&answer);
        answer
    }

    /// Answers requests one after the other as if each had come alone, but makes what they change durable together. When the
    /// database fails for one of them, each is tried again by itself.
    pub fn answer_together(
        &self,
        checked: &[Checked],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Vec<Result<Response, SyncRefusal>> {
        let answers = match self.in_one_transaction(checked, now, rng) {
            Err(_) if checked.len() > 1 => {
                let alone = |one| self.answer_together(std::slice::from_ref(one), now, rng);
                return checked.iter().flat_map(alone).collect();
            }
            answers => answers.unwrap_or_else(|error| vec![Err(error.into())]),
        };
        answers.iter().for_each(|answer| self.count(answer));
        answers
    }

    /// A refusal stands before anything is written, so only a failure undoes the work of the others.
    fn in_one_transaction(
        &self,
        checked: &[Checked],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Vec<Result<Response, SyncRefusal>>, ServiceError> {
        let mut call = self.begin(&self.system(), now, rng)?;
        let mut answers = Vec::with_capacity(checked.len());
        for one in checked {
            call.caller = one.caller.clone();
            call.pending = Pending::default();
            match exchange(&mut call, one) {
                Err(SyncRefusal::Service(error)) => return Err(error),
                answer => answers.push(answer),
            }
        }
        if plant::is(Plant::ReceiptBeforeCommit) && call.rng.next_u32() % 8 == 0 {
            return Ok(answers);
        }
        self.commit(call)?;
        self.metrics.transactions.increment();
        Ok(answers)
    }

    fn count(&self, answer: &Result<Response, SyncRefusal>) {
        match answer {
            Ok(_) => self.metrics.syncs.increment(),
            Err(_) => self.metrics.syncs_refused.increment(),
        }
    }

    fn check_request(&self, caller: &Caller, mut request: Request) -> Result<Checked, SyncRefusal> {
        let checked = check_caps(caller, &request, self.wire_version);
        let opened = checked.and_then(|()| request.push.take().map(|push| self.opened(&push, &request)).transpose());
        let opened = opened.inspect_err(|_| self.metrics.syncs_refused.increment());
        Ok(Checked { caller: caller.clone(), edits: opened?, request, relayed: false })
    }

    /// The edits of a batch, once the device's signature over them is found right.
    fn opened(&self, push: &SignedBatch, request: &Request) -> Result<Signed, SyncRefusal> {
        let device = self.storage().read()?.device(request.device)?;
        let public_key = device.ok_or(SyncRefusal::NotThisDevice)?.public_key;
        let signed = signing_input(request.device, request.epoch, &push.bytes);
        let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &public_key);
        if key.verify(&signed, &push.signature).is_err() && !plant::is(Plant::SignatureNotChecked) {
            return Err(SyncRefusal::Signature);
        }
        let batch: Batch =
            minicbor::decode(&push.bytes).map_err(|problem| SyncRefusal::Malformed(problem.to_string()))?;
        at_most("edits", batch.edits.len(), caps::MAX_EDITS_PER_BATCH)?;
        Ok(Signed { batch, public_key })
    }
}

/// What can be refused before the database is asked.
fn check_caps(caller: &Caller, request: &Request, newest: u16) -> Result<(), SyncRefusal> {
    if caller.device != Some(request.device) {
        return Err(SyncRefusal::NotThisDevice);
    }
    if request.wire_version < OLDEST_WIRE_VERSION {
        return Err(FrameError::OtherVersion { version: request.wire_version, newest }.into());
    }
    at_most("wanted records", request.wants.len(), caps::MAX_WANTS)?;
    at_most("pieces of files", request.chunks.len(), caps::MAX_CHUNKS_PER_REQUEST)?;
    at_most("wanted pieces", request.chunk_wants.len(), caps::MAX_CHUNK_WANTS)?;
    at_most("wanted number blocks", request.number_wants.len(), caps::MAX_NUMBER_WANTS)?;
    at_most(
        "bytes of edits",
        request.push.as_ref().map_or(0, |push| push.bytes.len()),
        caps::MAX_REQUEST_INFLATED_BYTES,
    )
}

fn at_most(what: &'static str, given: usize, most: usize) -> Result<(), SyncRefusal> {
    if given <= most { Ok(()) } else { Err(SyncRefusal::TooMuch { what, given, most }) }
}

fn exchange(call: &mut Call<'_>, checked: &Checked) -> Result<Response, SyncRefusal> {
    let request = &checked.request;
    let device = call.tx.device(request.device)?.filter(|device| device.user == call.caller.user);
    let device = device.ok_or(SyncRefusal::NotThisDevice)?;
    if device.revoked_at.is_some() && !plant::is(Plant::RevokedDeviceAnswered) {
        return Err(SyncRefusal::Revoked);
    }
    let is_copy = checked.is_copy(call)?;
    let (receipts, equivocated) = match &checked.edits {
        Some(signed) if signed.public_key != device.public_key => return Err(SyncRefusal::Signature),
        Some(signed) => call.admit(request, &signed.batch)?,
        None => (Vec::new(), false),
    };
    let renew_epoch = if is_copy || equivocated { call.next_epoch(device, request)? } else { None };
    let blobs = request.chunks.iter().map(|chunk| call.take_chunk(chunk)).collect::<Result<Vec<BlobStatus>, _>>()?;
    let numbers = call.lease(&request.number_wants)?;
    let chunks = call.give_chunks(request)?;
    let identity = call.server.identity();
    let budget_bytes = request.budget_bytes.saturating_sub(chunks.iter().map(|chunk| chunk.bytes.len() as u32).sum());
    let sealed = request.cursor.as_ref();
    let speaks = request.wire_version.min(call.server.wire_version);
    let wish = Wish {
        device: request.device,
        epoch: request.epoch,
        newest_counter: request.newest_counter.unwrap_or(u64::MAX),
        cursor: sealed.and_then(|sealed| Cursor::open(sealed, identity, request.device, request.epoch)),
        wants: &request.wants,
        audit: request.audit,
        budget_bytes,
        speaks,
    };
    let Pulled { entries, cursor, more, progress, scope_checksum, audit } = pull(call, wish)?;
    Ok(Response {
        wire_version: speaks,
        nonce: request.nonce,
        server_epoch: identity.server_epoch,
        now: call.now,
        receipts,
        entries,
        cursor: cursor.seal(identity, request.device, request.epoch).into(),
        more,
        progress,
        scope_checksum,
        blobs,
        chunks,
        numbers,
        audit,
        renew_epoch,
    })
}

impl Call<'_> {
    /// The receipts, and whether the device is found to be a copy.
    fn admit(&mut self, request: &Request, batch: &Batch) -> Result<(Vec<Receipt>, bool), ServiceError> {
        let mut admission = Admission::new(request.device, request.epoch);
        for edit in &batch.edits {
            admission.admit(self, edit)?;
        }
        let (first, equivocated) = (self.append()?, admission.equivocated);
        Ok((admission.receipts(first), equivocated))
    }

    /// Leases numbers of the prefixes of tables the caller may create records of.
    fn lease(&mut self, prefixes: &[String]) -> Result<Vec<NumberBlock>, ServiceError> {
        let mut blocks = Vec::new();
        for prefix in prefixes {
            let mut tables = self.dictionary.tables();
            // Several tables may share a prefix.
            let has_it = |table: &Table| table.number_prefix.as_ref() == Some(prefix);
            if tables.any(|table| has_it(table) && self.caller.may(&table.create)) {
                let next = self.tx.lease_numbers(prefix, NUMBERS_LEASED)?;
                blocks.push(NumberBlock { prefix: prefix.clone(), next, end: next + NUMBERS_LEASED });
            }
        }
        Ok(blocks)
    }

    /// Pieces a device asks for, as many as its line is worth, and one in any case.
    fn give_chunks(&self, request: &Request) -> Result<Vec<BlobChunk>, ServiceError> {
        let mut left = request.budget_bytes as usize;
        let mut given = Vec::new();
        for want in &request.chunk_wants {
            let Some(chunk) = self.give_chunk(want)? else { continue };
            if chunk.bytes.len() > left && !given.is_empty() {
                break;
            }
            left = left.saturating_sub(chunk.bytes.len());
            given.push(chunk);
        }
        Ok(given)
    }
}
