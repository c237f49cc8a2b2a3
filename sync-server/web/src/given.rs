//! Texts that clients of native paths give, read as what they stand for.

use fieldline_model::{SysId, Timestamp};

use crate::refusal::Refusal;

/// The record in an address.
///
/// # Errors
/// What an identity looks like.
pub fn sys_id(text: &str) -> Result<SysId, Refusal> {
    text.parse().map_err(|_| Refusal::Malformed(format!("\"{text}\" is no sys_id (32 hexadecimal digits)")))
}

/// A moment under a name.
///
/// # Errors
/// How a moment is written.
pub fn moment(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    let problem = || format!("{name}: \"{text}\" is no moment; write it as 2026-06-01T06:00:00Z");
    Timestamp::parse(text).ok_or_else(|| Refusal::Malformed(problem()))
}
