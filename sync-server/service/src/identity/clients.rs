//! OAuth clients: who they are and how they prove it (RFC 6749, section 2).

use std::collections::BTreeSet;
use std::net::IpAddr;

use fieldline_model::{Timestamp, hex};
use fieldline_storage::Client;
use rand_core::Rng;

use super::{OauthError, hash_of, random_hex};
use crate::accounts::{AccountError, only_administrators};
use crate::call::Caller;
use crate::passwords;
use crate::server::Server;

/// How the hash of a generated secret begins: it has 256 bits, so one SHA-256 keeps it as safe as Argon2id keeps a password.
const GENERATED: &str = "sha256:";
/// The shortest secret an operator may give.
const SECRET_CHARACTERS: usize = 16;
/// The longest name of a client.
const NAME_CHARACTERS: usize = 100;

/// A client to make known.
#[derive(Debug, Clone)]
pub struct NewClient<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Its id, when it is set already; else one is made.
    pub id: Option<&'a str>,
    /// Whether it can keep a secret.
    pub confidential: bool,
    /// Its secret, when it is set already; else one is made.
    pub secret: Option<&'a str>,
    /// The sign-in name of whom it acts as by its own credentials.
    pub user_name: Option<&'a str>,
    /// Where browsers may be sent back to.
    pub redirect_uris: BTreeSet<String>,
}

/// What a request says about its client. Not printable, so that no log can hold it.
#[derive(Clone, Copy)]
pub struct ClientCredentials<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its secret, if it sent one.
    pub secret: Option<&'a str>,
    /// Where it asks from, as far as that is known.
    pub address: Option<IpAddr>,
}

impl Server {
    /// Makes a client known; returns it with its generated secret, to be shown once, when it has one and none was given.
    ///
    /// # Errors
    /// When the caller is no administrator, or name, id, secret, user or addresses do not fit.
    pub fn create_client(
        &self,
        caller: &Caller,
        new: &NewClient<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(Client, Option<String>), AccountError> {
        only_administrators(caller)?;
        check_new_client(new)?;
        let user = new.user_name.map(|user_name| self.account(caller, user_name)).transpose()?;
        let generated = (new.confidential && new.secret.is_none()).then(|| random_hex(rng, 32));
        let secret_hash = match (new.secret, &generated) {
            (Some(given), _) => Some(self.password_cost.hash(given, rng)),
            (None, Some(generated)) => Some(format!("{GENERATED}{}", hex::encode(&hash_of(generated)))),
            (None, None) => None,
        };
        let client = Client {
            id: new.id.map_or_else(|| random_hex(rng, 16), str::to_owned),
            name: new.name.trim().to_owned(),
            secret_hash,
            user: user.map(|account| account.user),
            redirect_uris: new.redirect_uris.clone(),
            created_at: now,
        };
        self.write(caller, now, rng, |call| {
            if call.tx.client(&client.id)?.is_some() {
                return invalid(
                    "id",
                    format!("{} is taken; remove that client first, or choose another id", client.id),
                );
            }
            Ok(call.tx.put_client(&client)?)
        })?;
        Ok((client, generated))
    }

    /// Every client.
    ///
    /// # Errors
    /// When the caller is no administrator or the database fails.
    pub fn clients(&self, caller: &Caller) -> Result<Vec<Client>, AccountError> {
        only_administrators(caller)?;
        Ok(self.storage().read()?.clients()?)
    }

    /// Removes a client; its tokens stop working at once.
    ///
    /// # Errors
    /// When the caller is no administrator, or there is no such client.
    pub fn remove_client(
        &self,
        caller: &Caller,
        id: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), AccountError> {
        only_administrators(caller)?;
        let removed = self.write(caller, now, rng, |call| Ok::<_, AccountError>(call.tx.remove_client(id)?))?;
        if removed { Ok(()) } else { Err(AccountError::NotFound(format!("client {id}"))) }
    }

    /// The client that sent these credentials. A public client sends no secret and proves nothing here.
    ///
    /// # Errors
    /// [`OauthError::Client`] or [`OauthError::Locked`].
    pub fn known_client(&self, given: ClientCredentials<'_>, now: Timestamp) -> Result<Client, OauthError> {
        // No sign-in name has a control character, so a client and a person of one name are not locked together. An id is no
        // secret, so failures count where they come from alone: nobody elsewhere locks an integration out.
        let from = given.address.map(|address| address.to_string()).unwrap_or_default();
        let name = format!("\0{from} {}", given.id);
        self.guard.check(&name, given.address, now)?;
        let client = self.storage().read()?.client(given.id)?;
        let proven = client.filter(|client| match (&client.secret_hash, given.secret) {
            (Some(hash), Some(secret)) => is_secret(secret, hash),
            (None, secret) => secret.is_none_or(str::is_empty),
            (Some(_), None) => false,
        });
        if proven.is_none() {
            self.guard.failed(&name, given.address, now);
        }
        proven.ok_or(OauthError::Client)
    }
}

fn is_secret(given: &str, hash: &str) -> bool {
    match hash.strip_prefix(GENERATED) {
        Some(generated) => hex::encode(&hash_of(given)) == generated,
        None => passwords::matches(given, hash),
    }
}

fn invalid<T>(field: &'static str, problem: impl Into<String>) -> Result<T, AccountError> {
    Err(AccountError::Invalid { field, problem: problem.into() })
}

fn check_new_client(new: &NewClient<'_>) -> Result<(), AccountError> {
    if new.name.trim().is_empty() || new.name.chars().count() > NAME_CHARACTERS {
        return invalid("name", format!("must have 1 to {NAME_CHARACTERS} characters"));
    }
    let plain = |id: &str| (1..=NAME_CHARACTERS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if new.id.is_some_and(|id| !plain(id)) {
        return invalid("id", format!("must have 1 to {NAME_CHARACTERS} ASCII characters without spaces"));
    }
    if new.secret.is_some_and(|secret| secret.chars().count() < SECRET_CHARACTERS) {
        return invalid("secret", format!("must have at least {SECRET_CHARACTERS} characters; or let one be made"));
    }
    if !new.confidential && (new.secret.is_some() || new.user_name.is_some()) {
        return invalid("public", "a public client has no secret, so it cannot act as a user by itself");
    }
    match new.redirect_uris.iter().find(|uri| !is_redirect_uri(uri)) {
        Some(uri) => invalid(
            "redirect_uri",
            format!(
                "{uri} must be https://…, http://127.0.0.1… or an app's own scheme such as com.example.app:/back, without a fragment"
            ),
        ),
        None => Ok(()),
    }
}

/// Where a code may be sent: over TLS, to this machine, or to an app's own scheme, which holds a dot (RFC 8252, section 7.1).
fn is_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let host = rest.strip_prefix("//").unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    let loopback = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    let plain = uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte));
    plain
        && match scheme {
            "https" => !host.is_empty() && !host.contains('@'),
            "http" => loopback,
            own => own.contains('.') && own.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sent_over_tls_to_this_machine_or_to_an_app() {
        for good in [
            "https://portal.example/back?x=1",
            "http://127.0.0.1:8123/back",
            "http://localhost/",
            "http://[::1]:1/",
            "com.example.app:/back",
        ] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "",
            "portal.example",
            "http://portal.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://a.example/#here",
            "https:///back",
            "https://a@b.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://a.example/ b",
            "com.example.app:/\"",
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }
}
