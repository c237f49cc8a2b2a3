//! A provider's keys (RFC 7517) and what they may be used for. A key is used only for what it says it is for, and only with
//! the algorithm its kind allows: a token cannot choose (RFC 8725, section 3.1).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Value, json};

use super::Strict;
use super::signed::IdTokenError;

/// Keys looked at: a provider that rotates has a handful.
const KEYS: usize = 64;
/// Below 2048 bits RSA is too weak (NIST SP 800-131A); beyond 8192 checking it takes too long.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Members of a key that are nobody's but its owner's.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];
const KINDS: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];

/// What a token may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA, PKCS#1 v1.5, SHA-256.
    Rs256,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every name there is.
    pub const NAMES: [&'static str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

    /// The algorithm of a name of RFC 7518 or RFC 8037. `none` and everything with a shared secret have none.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn key_type(self) -> &'static str {
        match self {
            Self::Rs256 | Self::Ps256 => "RSA",
            Self::Es256 => "EC",
            Self::EdDsa => "OKP",
        }
    }
}

/// A provider's keys, as it publishes them.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySet(Vec<Value>);

impl KeySet {
    /// Reads a key set; `None` when it is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut set = Strict::read(bytes)?;
        let Value::Array(keys) = set.get_mut("keys")?.take() else { return None };
        (keys.len() <= KEYS && keys.iter().all(Value::is_object)).then_some(Self(keys))
    }

    /// A client's public keys as they are kept: a key set, or one key on its own.
    ///
    /// # Errors
    /// What is wrong with them; a set with a private half in it is not kept.
    pub(in crate::identity) fn registered(text: &str) -> Result<String, &'static str> {
        let given =
            Strict::read(text.as_bytes()).ok_or("are no JSON Web Key Set (RFC 7517), such as {\"keys\": [...]}")?;
        let set = if given.get("kty").is_some() { json!({ "keys": [given] }) } else { given };
        let read = Self::read(set.to_string().as_bytes()).filter(|read| !read.0.is_empty());
        let keys = read.ok_or("need 1 to 64 keys in a member \"keys\"")?.0;
        if keys.iter().any(|key| PRIVATE.iter().any(|name| key.get(*name).is_some())) {
            return Err("hold a private key or a shared secret; register public keys only, and make new ones");
        }
        match keys.iter().all(|key| KINDS.iter().any(|algorithm| fits(key, *algorithm))) {
            true => Ok(set.to_string()),
            false => Err("must be for signatures by RS256, PS256, ES256 or EdDSA"),
        }
    }

    /// The one key a token with this header may be signed with.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Value, IdTokenError> {
        let named = |key: &&Value| kid.is_none() || text(key, "kid") == kid;
        let candidates: Vec<&Value> = self.0.iter().filter(named).collect();
        if candidates.is_empty() {
            return Err(IdTokenError::UnknownKey);
        }
        let mut fitting = candidates.into_iter().filter(|key| fits(key, algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(IdTokenError::Refused("its key is of another kind, or for another use")),
            (Some(_), Some(_)) => Err(IdTokenError::Refused("it does not say which of several keys it is signed with")),
        }
    }
}

fn fits(key: &Value, algorithm: Algorithm) -> bool {
    let said = |name, expected: &str| key.get(name).is_none_or(|given| given.as_str() == Some(expected));
    let verifies = key.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
    });
    let kind = text(key, "kty") == Some(algorithm.key_type());
    kind && said("use", "sig") && said("alg", algorithm.name()) && verifies
}

fn text<'a>(key: &'a Value, name: &str) -> Option<&'a str> {
    key.get(name).and_then(Value::as_str)
}

fn bytes(key: &Value, name: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text(key, name)?).ok()
}

/// Whether a key signed a message.
pub(super) fn is_signed(
    key: &Value,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), IdTokenError> {
    let unreadable = || IdTokenError::Refused("its key cannot be read");
    let verified = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let (n, e) = bytes(key, "n").zip(bytes(key, "e")).ok_or_else(unreadable)?;
            if !MODULUS_BYTES.contains(&n.len()) {
                return Err(IdTokenError::Refused("its key has fewer than 2048 or more than 8192 bits"));
            }
            let parameters = match algorithm {
                Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                _ => &signature::RSA_PKCS1_2048_8192_SHA256,
            };
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
        }
        Algorithm::Es256 => {
            let curve = text(key, "crv") == Some("P-256");
            let (x, y) = bytes(key, "x").zip(bytes(key, "y")).filter(|_| curve).ok_or_else(unreadable)?;
            if x.len() != 32 || y.len() != 32 {
                return Err(unreadable());
            }
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
        }
        Algorithm::EdDsa => {
            let curve = text(key, "crv") == Some("Ed25519");
            let point = bytes(key, "x").filter(|_| curve).ok_or_else(unreadable)?;
            UnparsedPublicKey::new(&signature::ED25519, point).verify(message, signature)
        }
    };
    verified.map_err(|_| IdTokenError::Refused("its signature is wrong"))
}
