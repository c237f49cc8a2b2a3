//! What keeps two writers, or one who asks twice, from doing what nobody meant.
//!
//! A record's version changes with everything that is written to it; who names the version they read is refused when it is
//! another one. A request that may come twice carries a key; the second one is given the first one's answer.

use std::collections::BTreeSet;

use fieldline_model::{Record, SysId, hex};
use fieldline_storage::Memo;
use minicbor::{Decode, Encode};

use crate::call::Call;
use crate::error::ServiceError;
use crate::table::{self, Detail, Input, Result, TableError};

const PURPOSE: &str = "idempotency";
/// How long an answer is kept for whoever asks again.
const KEPT_MILLISECONDS: i64 = 24 * 3_600_000;
/// Answers kept for one account.
const ANSWERS_EACH: u32 = 10_000;

/// Which versions of a record a writer has in mind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expected {
    /// Whichever there is.
    #[default]
    Any,
    /// One of these.
    OneOf(BTreeSet<String>),
    /// None: there is no such record yet.
    Nothing,
}

/// A word that changes whenever the record does.
pub fn version(record: &Record) -> String {
    let bytes = minicbor::to_vec(record).expect("encoding to memory cannot fail");
    hex::encode(&ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref()[..12])
}

/// Refuses a record of another version than the writer has in mind.
///
/// # Errors
/// [`TableError::Stale`] or [`TableError::Taken`], and when there is no such record for the caller and there should be.
pub fn expect(call: &Call<'_>, table: &str, sys_id: SysId, expected: &Expected) -> Result<()> {
    if *expected == Expected::Any {
        return Ok(());
    }
    let current = current(call, table, sys_id)?;
    expect_of(current.as_ref(), (table, sys_id), expected)
}

fn expect_of(current: Option<&Record>, (table, sys_id): (&str, SysId), expected: &Expected) -> Result<()> {
    match (expected, current) {
        (Expected::Any, _) | (Expected::Nothing, None) => Ok(()),
        (Expected::Nothing, Some(record)) => Err(TableError::Taken(record.id.to_string())),
        (Expected::OneOf(versions), Some(record)) if versions.contains(&version(record)) => Ok(()),
        (Expected::OneOf(_), Some(record)) => Err(TableError::Stale(record.id.to_string())),
        (Expected::OneOf(_), None) => Err(TableError::NotFound(format!("{table}/{sys_id}"))),
    }
}

/// Changes a record, or creates it under this identity where there is none; tells whether it did. However often that is
/// repeated, there is one record.
///
/// # Errors
/// As [`expect`], [`table::update`] and [`table::create`].
pub fn put(
    call: &mut Call<'_>,
    (table, class): (&str, &str),
    sys_id: SysId,
    mut input: Input,
    expected: &Expected,
) -> Result<(Detail, bool)> {
    let current = current(call, table, sys_id)?;
    expect_of(current.as_ref(), (table, sys_id), expected)?;
    if current.is_some() {
        return Ok((table::update(call, table, sys_id, &input)?, false));
    }
    input.fields.insert("sys_id".into(), sys_id.to_string());
    Ok((table::create(call, class, &input)?, true))
}

fn current(call: &Call<'_>, table: &str, sys_id: SysId) -> Result<Option<Record>> {
    match table::read(call, table, sys_id) {
        Ok(record) => Ok(Some(record)),
        Err(TableError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What came of a request that carries a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// It was done now; this is its answer.
    Now(Vec<u8>),
    /// It was done before; this is what was answered.
    Before(Vec<u8>),
    /// Another request came under the key before.
    Other,
}

#[derive(Encode, Decode)]
struct Kept {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    fingerprint: [u8; 32],
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    answer: Vec<u8>,
}

/// Does `work` unless the caller's key stands for it already. One transaction holds the work and its answer, so two that are
/// let in at the same time are done one after the other, and the second is given the first one's answer.
///
/// # Errors
/// Whatever `work` returns; nothing is kept then, and the key may be used again.
pub fn once(
    call: &mut Call<'_>,
    key: &str,
    fingerprint: [u8; 32],
    work: impl FnOnce(&mut Call<'_>) -> Result<Vec<u8>>,
) -> Result<Once> {
    let (owner, oldest) = (call.caller.user, call.now.plus_milliseconds(-KEPT_MILLISECONDS));
    if let Some(memo) = call.tx.memo(owner, PURPOSE, key)?.filter(|memo| memo.made_at >= oldest) {
        let damaged = |problem| ServiceError::damaged("a kept answer", problem);
        let kept: Kept = minicbor::decode(&memo.value).map_err(damaged)?;
        return Ok(if kept.fingerprint == fingerprint { Once::Before(kept.answer) } else { Once::Other });
    }
    let answer = work(call)?;
    let kept = Kept { fingerprint, answer: answer.clone() };
    let value = minicbor::to_vec(&kept).expect("encoding to memory cannot fail");
    call.tx.put_memo(owner, PURPOSE, key, &Memo { value, made_at: call.now })?;
    call.tx.forget_memos(owner, PURPOSE, oldest, ANSWERS_EACH)?;
    Ok(Once::Now(answer))
}
