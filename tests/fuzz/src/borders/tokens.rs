//! Identity tokens of an outside provider and assertions of a client: whatever comes, only what they signed is believed.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::Timestamp;
use fieldline_service::identity::oidc::{Expected, KeySet, verify};
use fieldline_service::identity::{Assertion, claimed_issuer};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::cost::measured;
use crate::house::NOW;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "tokens",
    about: "identity tokens of an outside provider and assertions of a client, altered in any byte",
    share: 50,
    open: || Box::new(Tokens::new()),
};

struct Tokens {
    keys: KeySet,
    token: String,
    assertion: String,
}

impl Tokens {
    fn new() -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any seed is a key");
        let x = BASE64_URL_SAFE_NO_PAD.encode(key.public_key());
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"1","x":"{x}"}}]}}"#);
        let seconds = NOW.0 / 1_000;
        let (from, until) = (seconds, seconds + 300);
        let sign = |claims: String| {
            let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"1"}"#);
            let message = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
            format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())))
        };
        let token = sign(format!(
            r#"{{"iss":"https://id.example","aud":"us","sub":"7","nonce":"n","iat":{from},"exp":{until}}}"#
        ));
        let assertion =
            sign(format!(r#"{{"iss":"robot","aud":"us","sub":"mia","jti":"1","iat":{from},"exp":{until}}}"#));
        Self { keys: KeySet::read(set.as_bytes()).expect("a key set"), token, assertion }
    }

    fn believes(&self, token: &str, now: Timestamp) -> bool {
        let algorithms = BTreeSet::from(["EdDSA".to_owned()]);
        let (issuer, client_id, nonce) = ("https://id.example", "us", "n");
        let expected = Expected { issuer, client_id, nonce, access_token: None, algorithms: &algorithms };
        verify(token, &self.keys, &expected, now).is_ok()
    }

    fn acts_on(&self, assertion: &str, now: Timestamp) -> bool {
        let claimed = claimed_issuer(assertion).unwrap_or_default();
        Assertion::verify(assertion, &self.keys, &claimed, &["us".to_owned()], now).is_ok()
    }
}

impl Guard for Tokens {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        [&self.token, &self.assertion].map(|honest| honest.clone().into_bytes()).into()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let text = String::from_utf8_lossy(input);
        let ((believed, acted), cost) = measured(|| (self.believes(&text, NOW), self.acts_on(&text, NOW)));
        if believed && text != self.token || acted && text != self.assertion {
            return Err("a token nobody signed is believed".into());
        }
        Ok(Taken::when(believed || acted, input.len(), cost))
    }
}
