//! Tokens of the grant "client credentials" (RFC 6749, section 4.4), kept until shortly before they end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldline_model::{SysId, Timestamp};
use fieldline_service::outgoing::Credential;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use crate::sender::{Sender, Trouble, taken, trouble};

/// How long before its end a token is no longer used.
const EARLY_MILLISECONDS: i64 = 30_000;
/// How long a token holds that does not say so.
const USUAL_SECONDS: i64 = 300;

/// The tokens of credentials.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<BTreeMap<SysId, (String, Timestamp)>>);

impl Tokens {
    fn held(&self) -> MutexGuard<'_, BTreeMap<SysId, (String, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the token of a credential.
    pub fn forget(&self, credential: SysId) {
        self.held().remove(&credential);
    }

    /// The token of a credential, asked for when there is none.
    pub async fn token(&self, sender: &Sender, credential: &Credential, now: Timestamp) -> Result<String, Trouble> {
        let Credential::ClientCredentials { credential, token_url, client_id, client_secret, scope } = credential
        else {
            return Err(Trouble::last("it needs no token"));
        };
        let held = self.held().get(credential).filter(|(_, until)| *until > now).map(|(token, _)| token.clone());
        if let Some(token) = held {
            return Ok(token);
        }
        let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let asking = sender
            .telling()
            .post(sender.checked(token_url)?)
            .basic_auth(escaped(client_id), Some(escaped(client_secret)))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form(scope));
        let answer = taken(asking.send().await.map_err(|error| trouble(&error))?).await?;
        let (token, seconds) = match answer.status {
            200 => read(answer.body.as_deref().unwrap_or_default())?,
            status @ (429 | 500..) => return Err(Trouble::passing(format!("no token was given: status {status}"))),
            status => return Err(Trouble::last(format!("no token was given: status {status}; check the credential"))),
        };
        let until = now.plus_milliseconds(seconds.saturating_mul(1_000) - EARLY_MILLISECONDS);
        self.held().insert(*credential, (token.clone(), until));
        Ok(token)
    }
}

/// What is asked for.
fn form(scope: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !scope.is_empty() {
        form.append_pair("scope", scope);
    }
    form.finish()
}

fn read(body: &str) -> Result<(String, i64), Trouble> {
    let unfit = || Trouble::last("no token was given: the answer has no access_token of the type Bearer");
    let answer: Value = serde_json::from_str(body).map_err(|_| unfit())?;
    let is_bearer = answer["token_type"].as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let token = answer["access_token"].as_str().filter(|token| !token.is_empty() && is_bearer).ok_or_else(unfit)?;
    Ok((token.to_owned(), answer["expires_in"].as_i64().unwrap_or(USUAL_SECONDS)))
}
