//! What a signed token says, once its signature is right and its times are (RFC 7515, RFC 7519, with the advice of RFC 8725).
//! Nothing is taken from a token to decide how it is judged but the name of its key. Whom it is from, for and about is for
//! those to judge who asked for it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::Timestamp;
use serde_json::{Map, Value};

use super::Strict;
use super::key_set::{Algorithm, KeySet, is_signed};

/// The largest token: one with a hundred groups in it has half of it.
pub const TOKEN_BYTES: usize = 16_384;
/// How far two clocks may be apart.
pub(in crate::identity) const SKEW_SECONDS: i64 = 60;
/// The longest `sub` (OpenID Connect Core 1.0, section 2).
const SUBJECT_CHARACTERS: usize = 255;
/// Headers that bring or point to a key: the token would say whom to believe.
const KEY_HEADERS: [&str; 4] = ["jwk", "jku", "x5u", "x5c"];

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// The key is not among those known; newer ones may have it.
    #[error("the identity token is refused: its key is not one of the provider's")]
    UnknownKey,
    /// Something is wrong with it.
    #[error("the identity token is refused: {0}")]
    Refused(&'static str),
}

use IdTokenError::Refused;

/// The claims of a token that one of these keys signed, in one of these ways, and which way it was.
pub(in crate::identity) fn signed(
    token: &str,
    keys: &KeySet,
    algorithms: &BTreeSet<String>,
) -> Result<(Map<String, Value>, Algorithm), IdTokenError> {
    if token.len() > TOKEN_BYTES {
        return Err(Refused("it is too large"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err(Refused("it has not three parts")) };
    let header = object(header)?;
    let algorithm = judge_header(&header, algorithms)?;
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.as_str()),
        Some(_) => return Err(Refused("its kid is no text")),
    };
    let key = keys.find(kid, algorithm)?;
    let message = &token[..token.len() - signature.len() - 1];
    is_signed(key, algorithm, message.as_bytes(), &decoded(signature)?)?;
    Ok((object(payload)?, algorithm))
}

fn decoded(part: &str) -> Result<Vec<u8>, IdTokenError> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused("a part of it is not base64url"))
}

fn object(part: &str) -> Result<Map<String, Value>, IdTokenError> {
    match Strict::read(&decoded(part)?) {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(Refused("a part of it is not JSON, or repeats a name")),
    }
}

fn judge_header(header: &Map<String, Value>, algorithms: &BTreeSet<String>) -> Result<Algorithm, IdTokenError> {
    let name = header.get("alg").and_then(Value::as_str).ok_or(Refused("it names no algorithm"))?;
    let algorithm = Algorithm::named(name).filter(|_| algorithms.contains(name));
    let algorithm = algorithm.ok_or(Refused("its algorithm is not one that was agreed on"))?;
    if header.contains_key("crit") {
        return Err(Refused("it demands extensions"));
    }
    if KEY_HEADERS.iter().any(|name| header.contains_key(*name)) {
        return Err(Refused("it brings its own key"));
    }
    match header.get("typ") {
        None => Ok(algorithm),
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("jwt") => Ok(algorithm),
        Some(_) => Err(Refused("it is of another type")),
    }
}

/// Whom it is about.
pub(in crate::identity) fn subject(claims: &Map<String, Value>) -> Result<&str, IdTokenError> {
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    match subject.chars().count() {
        1..=SUBJECT_CHARACTERS => Ok(subject),
        _ => Err(Refused("it is about nobody")),
    }
}

/// That it holds now; tells from when until when it does, in seconds.
pub(in crate::identity) fn judge_times(
    claims: &Map<String, Value>,
    now: Timestamp,
) -> Result<(i64, i64), IdTokenError> {
    let seconds = |name| match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|given| given.abs() < 1e15).map(|given| given.floor() as i64))
            .map(Some)
            .ok_or(Refused("one of its times is no moment")),
        Some(_) => Err(Refused("one of its times is not a number")),
    };
    let now = now.0.div_euclid(1_000);
    let (until, issued) = (seconds("exp")?.ok_or(Refused("it never ends"))?, seconds("iat")?);
    let issued = issued.ok_or(Refused("it does not say when it was made"))?;
    if until <= now - SKEW_SECONDS {
        return Err(Refused("it has expired"));
    }
    if issued > now + SKEW_SECONDS || seconds("nbf")?.is_some_and(|from| from > now + SKEW_SECONDS) {
        return Err(Refused("it is from the future"));
    }
    if until < issued {
        return Err(Refused("it ends before it begins"));
    }
    Ok((issued, until))
}
