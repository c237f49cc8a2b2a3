//! Identity tokens of an outside provider: whatever comes, only what the provider signed is believed.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::Timestamp;
use fieldline_service::identity::oidc::{Expected, KeySet, verify};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::cost::measured;
use crate::house::NOW;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "tokens",
    about: "identity tokens of an outside provider, altered in any byte",
    share: 50,
    open: || Box::new(Tokens::new()),
};

struct Tokens {
    keys: KeySet,
    honest: String,
}

impl Tokens {
    fn new() -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any seed is a key");
        let x = BASE64_URL_SAFE_NO_PAD.encode(key.public_key());
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"1","x":"{x}"}}]}}"#);
        let seconds = NOW.0 / 1_000;
        let claims = format!(
            r#"{{"iss":"https://id.example","aud":"us","sub":"7","nonce":"n","iat":{seconds},"exp":{}}}"#,
            seconds + 300
        );
        let message = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"1"}"#),
            BASE64_URL_SAFE_NO_PAD.encode(claims)
        );
        let honest = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())));
        Self { keys: KeySet::read(set.as_bytes()).expect("a key set"), honest }
    }

    fn believes(&self, token: &str, now: Timestamp) -> bool {
        let algorithms = BTreeSet::from(["EdDSA".to_owned()]);
        let (issuer, client_id, nonce) = ("https://id.example", "us", "n");
        let expected = Expected { issuer, client_id, nonce, access_token: None, algorithms: &algorithms };
        verify(token, &self.keys, &expected, now).is_ok()
    }
}

impl Guard for Tokens {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        vec![self.honest.clone().into_bytes()]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let text = String::from_utf8_lossy(input);
        let (believed, cost) = measured(|| self.believes(&text, NOW));
        if believed && text != self.honest {
            return Err("a token nobody signed is believed".into());
        }
        Ok(Taken::when(believed, input.len(), cost))
    }
}
