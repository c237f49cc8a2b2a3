//! One exchange with a device: take what it made, answer with a receipt each, then what is new for it.
//!
//! All of it happens in one transaction, so what the answer says is durable before it is said. Losing the answer is
//! harmless: the same request again is answered the same way. A request that only asks is answered from a read transaction
//! and waits for nobody.

use fieldline_model::Timestamp;
use fieldline_model::number::NumberBlock;
use fieldline_model::plant::{self, Plant};
use fieldline_storage::StorageError;
use fieldline_sync::caps;
use fieldline_sync::frame::{self, FrameError};
use fieldline_sync::wire::{
    Batch, BlobChunk, BlobStatus, OLDEST_WIRE_VERSION, Receipt, Request, Response, SignedBatch, signing_input,
};
use rand_core::Rng;

use crate::admit::Admission;
use crate::call::{Call, Caller};
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
        let request = frame::decode_request(request, self.wire_version)?;
        Ok(frame::encode_response(&self.sync(caller, &request, now, rng)?))
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
        let answer = check(caller, request, self.wire_version).and_then(|()| {
            let writes = request.push.is_some() || !request.chunks.is_empty() || !request.number_wants.is_empty();
            let exchange = |call: &mut Call<'_>| exchange(call, request);
            if writes { self.write(caller, now, rng, exchange) } else { self.read(caller, now, rng, exchange) }
        });
        match &answer {
            Ok(_) => self.metrics.syncs.increment(),
            Err(_) => self.metrics.syncs_refused.increment(),
        }
        answer
    }
}

/// What can be refused before the database is asked.
fn check(caller: &Caller, request: &Request, newest: u16) -> Result<(), SyncRefusal> {
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

fn exchange(call: &mut Call<'_>, request: &Request) -> Result<Response, SyncRefusal> {
    let device = call.tx.device(request.device)?.filter(|device| device.user == call.caller.user);
    let device = device.ok_or(SyncRefusal::NotThisDevice)?;
    if device.revoked_at.is_some() && !plant::is(Plant::RevokedDeviceAnswered) {
        return Err(SyncRefusal::Revoked);
    }
    let receipts = match &request.push {
        Some(push) => call.admit(request, &opened(push, request, &device.public_key)?)?,
        None => Vec::new(),
    };
    let blobs = request.chunks.iter().map(|chunk| call.take_chunk(chunk)).collect::<Result<Vec<BlobStatus>, _>>()?;
    let numbers = call.lease(&request.number_wants)?;
    let chunks = call.give_chunks(request)?;
    let identity = call.server.identity();
    let budget_bytes = request.budget_bytes.saturating_sub(chunks.iter().map(|chunk| chunk.bytes.len() as u32).sum());
    let sealed = request.cursor.as_ref();
    let wish = Wish {
        device: request.device,
        epoch: request.epoch,
        cursor: sealed.and_then(|sealed| Cursor::open(sealed, identity, request.device)),
        wants: &request.wants,
        audit: request.audit,
        budget_bytes,
    };
    let Pulled { entries, cursor, more, progress, scope_checksum, audit } = pull(call, wish)?;
    Ok(Response {
        wire_version: request.wire_version.min(call.server.wire_version),
        nonce: request.nonce,
        server_epoch: identity.server_epoch,
        now: call.now,
        receipts,
        entries,
        cursor: cursor.seal(identity, request.device).into(),
        more,
        progress,
        scope_checksum,
        blobs,
        chunks,
        numbers,
        audit,
    })
}

/// The edits of a batch, once the device's signature over them is found right.
fn opened(push: &SignedBatch, request: &Request, public_key: &[u8; 32]) -> Result<Batch, SyncRefusal> {
    let signed = signing_input(request.device, request.epoch, &push.bytes);
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public_key);
    if key.verify(&signed, &push.signature).is_err() && !plant::is(Plant::SignatureNotChecked) {
        return Err(SyncRefusal::Signature);
    }
    let batch: Batch = minicbor::decode(&push.bytes).map_err(|problem| SyncRefusal::Malformed(problem.to_string()))?;
    at_most("edits", batch.edits.len(), caps::MAX_EDITS_PER_BATCH)?;
    Ok(batch)
}

impl Call<'_> {
    fn admit(&mut self, request: &Request, batch: &Batch) -> Result<Vec<Receipt>, ServiceError> {
        let mut admission = Admission::new(request.device, request.epoch);
        for edit in &batch.edits {
            admission.admit(self, edit)?;
        }
        let first = self.append()?;
        Ok(admission.receipts(first))
    }

    /// Leases numbers of the prefixes of tables the caller may create records of.
    fn lease(&mut self, prefixes: &[String]) -> Result<Vec<NumberBlock>, ServiceError> {
        let mut blocks = Vec::new();
        for prefix in prefixes {
            let mut tables = self.server.dictionary.tables();
            let its_table = tables.find(|table| table.number_prefix.as_ref() == Some(prefix));
            if its_table.is_some_and(|table| self.caller.may(&table.create)) {
                let next = self.tx.lease_numbers(prefix, NUMBERS_LEASED)?;
                blocks.push(NumberBlock { prefix: prefix.clone(), next, end: next + NUMBERS_LEASED });
            }
        }
        Ok(blocks)
    }

    fn give_chunks(&self, request: &Request) -> Result<Vec<BlobChunk>, ServiceError> {
        let mut left = request.budget_bytes as usize;
        let mut given = Vec::new();
        for want in &request.chunk_wants {
            if left == 0 {
                break;
            }
            if let Some(chunk) = self.give_chunk(want)? {
                left = left.saturating_sub(chunk.bytes.len());
                given.push(chunk);
            }
        }
        Ok(given)
    }
}
