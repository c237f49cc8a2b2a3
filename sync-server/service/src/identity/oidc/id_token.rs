//! Judges an ID token: OpenID Connect Core 1.0 section 3.1.3.7.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::Timestamp;
use ring::digest;
use serde_json::{Map, Value};

use super::key_set::{Algorithm, KeySet};
use super::signed::IdTokenError::{self, Refused};
use super::signed::{judge_times, signed, subject};

/// What a token must say.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// The provider's issuer identifier.
    pub issuer: &'a str,
    /// What this server is called there.
    pub client_id: &'a str,
    /// What was sent along when the sign-in began.
    pub nonce: &'a str,
    /// The access token that came with it.
    pub access_token: Option<&'a str>,
    /// Algorithms the provider signs with.
    pub algorithms: &'a BTreeSet<String>,
}

/// What a believed token says.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// A claim that is text. An e-mail address counts only when the provider has verified it.
    pub fn text(&self, name: &str) -> Result<&str, IdTokenError> {
        if name == "email" && self.0.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(Refused("its e-mail address is not verified"));
        }
        let text = self.0.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        text.ok_or(Refused("it does not name the person"))
    }
}

/// Believes a token or says why not.
///
/// # Errors
/// [`IdTokenError::UnknownKey`] when its key is not in `keys`, else [`IdTokenError::Refused`].
pub fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>, now: Timestamp) -> Result<Claims, IdTokenError> {
    let (claims, algorithm) = signed(token, keys, expected.algorithms)?;
    judge_parties(&claims, expected)?;
    judge_times(&claims, now)?;
    judge_binding(&claims, expected, algorithm)?;
    Ok(Claims(claims))
}

/// By whom, for whom, about whom.
fn judge_parties(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
        return Err(Refused("its issuer is another"));
    }
    let (audiences, has_others) = match claims.get("aud") {
        Some(Value::String(one)) => (one == expected.client_id, false),
        Some(Value::Array(many)) => (many.iter().any(|one| one == expected.client_id), many.len() > 1),
        _ => (false, false),
    };
    if !audiences {
        return Err(Refused("it is for somebody else"));
    }
    match claims.get("azp") {
        None if has_others => return Err(Refused("it is for several and does not say who asked for it")),
        Some(party) if party != expected.client_id => return Err(Refused("somebody else asked for it")),
        _ => {}
    }
    subject(claims).map(drop)
}

/// That it belongs to this sign-in and to the access token beside it.
fn judge_binding(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
    algorithm: Algorithm,
) -> Result<(), IdTokenError> {
    if claims.get("nonce").and_then(Value::as_str) != Some(expected.nonce) {
        return Err(Refused("it belongs to another sign-in"));
    }
    let Some(given) = claims.get("at_hash") else { return Ok(()) };
    let function = if algorithm == Algorithm::EdDsa { &digest::SHA512 } else { &digest::SHA256 };
    let hash = digest::digest(function, expected.access_token.unwrap_or_default().as_bytes());
    let half = BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
    if given == half.as_str() { Ok(()) } else { Err(Refused("it belongs to another access token")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Signed outside this program, by OpenSSL: the same claims under keys of 2048 and of 1024 bits.
    const STRONG_MODULUS: &str = "4WjRnIeoobJ4td5Wj5RxP3kQzxTrvKxw19o6EpMsYvPmP750hlcPa5cSDKbREbQdyjx-a_zKapKDWvbG4jtptZdrr4UPwq7dISLoHhURuDQzciXg8icckHl1xGb8QaCtazGRcmDw1NKg2fdaZeNXQg1Yxtn8HL5irZkV0LGCKbHeIHp8mkKNBrgLplO9mhum_wJvetPgF07BXPA2AH95z3Bw1If3piZQXV3fM7UCj7dsSO28DtDjfZzcWfJBibFYxcpDjcV2MFYzYpoMuf_sJvRaKEuirexb7LWTuVjhX1aSaqSS_z9YAnWnUMHT3A6AUQgPIGeOueLIiOZk587edQ";
    const STRONG: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInN0cm9uZyJ9.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJmaWVsZGxpbmUiLCAic3ViIjogIjciLCAiZXhwIjogMTc4MDMwMDkwMCwgImlhdCI6IDE3ODAzMDA4MDAsICJub25jZSI6ICJuMSIsICJlbWFpbCI6ICJtaWFAZXhhbXBsZS5vcmciLCAiZW1haWxfdmVyaWZpZWQiOiB0cnVlfQ.h4Q3Lw9z-gy9QIHmzKyIIV_AMosBjhktJGvZt__7sxlg-9BeJ1Kdjgr4HsrX3U-0VsjHvSRYb-UCACRbJRXF9Qmbz1fTK7XeV7i3I2C2vuW-3jShw8729_FgFoRVrzd7068ku1VOYlwIGMjrCVXVSaE588NK2-1aDXRyOiOSYTKQE5SqmCJcaPKZAyAnRH1JldRrMJklkI-MiAbO2GwHB8znt34v0FQv7XPlM0vj1rx9w2KDp_vm5qDOc8J0ICC51RLj6ZpEo8hXLqJq1FmUpggykcjnCpREaZnoNDiMmgmVlZ2pFCNsDgbFzLQYlJNXV6vIguOdaver7aNlRhoHlA";
    const WEAK_MODULUS: &str = "uJEx0-DZcNyg-Uc3Z07tlAr2OEM3ElgWy45FiG-IppVlqfdRyNrnq9yf-vouUbJ8j-BqB5VUS5gmyKJS-ex7Kisa3HwyiPGRANyJ5xwsQImSmY9Vs5Y9ft4EF29sZ90xX9qB_68J-zncpZGVTxxSJj-nEOsLqihNNX17lcFU5Q0";
    const WEAK: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIndlYWsifQ.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJmaWVsZGxpbmUiLCAic3ViIjogIjciLCAiZXhwIjogMTc4MDMwMDkwMCwgImlhdCI6IDE3ODAzMDA4MDAsICJub25jZSI6ICJuMSIsICJlbWFpbCI6ICJtaWFAZXhhbXBsZS5vcmciLCAiZW1haWxfdmVyaWZpZWQiOiB0cnVlfQ.gzS7TthTpeFIw9t0EGi1iAYo-7fMog5je5x0Kf4074rJxYgEpn-vjSXhaCQ0AySL5KDU9_DGFGc8MN8xbxTdjl78NcEmEFDnvGLTHMLnyi8A5j9jhRhCKusING_dO6ZiuvbEI60zSl3XEhAofwafyr3Uf_k7oBbUJ6dmhEzxuKY";
    const NOW: Timestamp = Timestamp(1_780_300_800_000);

    fn keys() -> KeySet {
        let set = format!(
            r#"{{"keys":[{{"kty":"RSA","kid":"strong","use":"sig","e":"AQAB","n":"{STRONG_MODULUS}"}},
                        {{"kty":"RSA","kid":"weak","e":"AQAB","n":"{WEAK_MODULUS}"}}]}}"#
        );
        KeySet::read(set.as_bytes()).expect("a key set")
    }

    fn verified(token: &str, now: Timestamp) -> Result<Claims, IdTokenError> {
        let algorithms = BTreeSet::from(["RS256".to_owned()]);
        let (issuer, client_id, nonce) = ("https://id.example", "fieldline", "n1");
        let expected = Expected { issuer, client_id, nonce, access_token: None, algorithms: &algorithms };
        verify(token, &keys(), &expected, now)
    }

    #[test]
    fn a_token_made_elsewhere_is_believed_and_one_under_a_short_key_is_not() {
        let claims = verified(STRONG, NOW).expect("OpenSSL signed it");
        assert_eq!((claims.text("email"), claims.text("sub")), (Ok("mia@example.org"), Ok("7")));
        assert_eq!(claims.text("name"), Err(Refused("it does not name the person")));
        let weak = Refused("its key has fewer than 2048 or more than 8192 bits");
        assert_eq!(verified(WEAK, NOW), Err(weak));
        let late = Timestamp(NOW.0 + 160_000);
        assert_eq!(verified(STRONG, late), Err(Refused("it has expired")));
        assert!(verified(STRONG, Timestamp(late.0 - 1_000)).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_and_so_is_a_token_with_one_character_changed(
            noise in "[ -~]{0,99}(\\.[A-Za-z0-9_-]{0,99}){0,4}",
            at in 0..STRONG.len(),
            to in "[A-Za-z0-9._=-]",
        ) {
            prop_assert!(verified(&noise, NOW).is_err());
            let changed = format!("{}{to}{}", &STRONG[..at], &STRONG[at + 1..]);
            prop_assert_eq!(verified(&changed, NOW).is_ok(), changed == STRONG);
        }
    }
}
