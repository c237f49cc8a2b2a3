//! OAuth clients: who they are and how they prove it (RFC 6749, section 2).

use std::collections::BTreeSet;
use std::net::IpAddr;

use fieldline_model::{Timestamp, hex};
use fieldline_storage::Client;
use rand_core::Rng;

use super::oidc::KeySet;
use super::{OauthError, hash_of, noted, random_hex};
use crate::accounts::{AccountError, only_administrators};
use crate::call::{Call, Caller};
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
    /// The public keys it signs assertions with: a JSON Web Key Set, or one key.
    pub keys: Option<&'a str>,
}

/// What changes of a client; what is `None` stays, and an empty text empties what it names.
#[derive(Debug, Clone, Default)]
pub struct ClientChange<'a> {
    /// What people call it.
    pub name: Option<&'a str>,
    /// Whether it may ask for anything.
    pub active: Option<bool>,
    /// The sign-in name of whom it acts as.
    pub user_name: Option<&'a str>,
    /// Where browsers may be sent back to.
    pub redirect_uris: Option<BTreeSet<String>>,
    /// The public keys it signs assertions with.
    pub keys: Option<&'a str>,
    /// Whether a confidential client gets another secret; the old one stops working at once.
    pub new_secret: bool,
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
        if new.secret.is_some_and(|secret| secret.chars().count() < SECRET_CHARACTERS) {
            return invalid("secret", format!("must have at least {SECRET_CHARACTERS} characters; or let one be made"));
        }
        if !new.confidential && new.secret.is_some() {
            return invalid("public", "a public client has no secret");
        }
        let generated = (new.confidential && new.secret.is_none()).then(|| random_hex(rng, 32));
        let given = new.secret.map(|given| self.password_cost.hash(given, rng));
        let client = Client {
            id: new.id.map_or_else(|| random_hex(rng, 16), str::to_owned),
            name: new.name.trim().to_owned(),
            secret_hash: given.or(generated.as_deref().map(generated_hash)),
            user: new
                .user_name
                .map(|user_name| self.account(caller, user_name))
                .transpose()?
                .map(|account| account.user),
            redirect_uris: new.redirect_uris.clone(),
            keys: new.keys.map(registered).transpose()?,
            active: true,
            created_at: now,
        };
        check_client(&client)?;
        self.write(caller, now, rng, |call| {
            if call.tx.client(&client.id)?.is_some() {
                return invalid(
                    "id",
                    format!("{} is taken; remove that client first, or choose another id", client.id),
                );
            }
            call.tx.put_client(&client)?;
            Ok(call.note_way_in(None, Some(noted::client(&client)))?)
        })?;
        Ok((client, generated))
    }

    /// Changes a client; returns it with its new secret, to be shown once, if one was asked for. The tokens of one that is set
    /// inactive stop working at once.
    ///
    /// # Errors
    /// When the caller is no administrator, there is no such client, or what changes does not fit.
    pub fn change_client(
        &self,
        caller: &Caller,
        id: &str,
        change: &ClientChange<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(Client, Option<String>), AccountError> {
        only_administrators(caller)?;
        let filled = |text: &&str| !text.is_empty();
        let user =
            change.user_name.map(|name| Some(name).filter(filled).map(|name| self.account(caller, name)).transpose());
        let user = user.transpose()?;
        let keys = change.keys.map(|keys| Some(keys).filter(filled).map(registered).transpose()).transpose()?;
        let generated = change.new_secret.then(|| random_hex(rng, 32));
        self.write(caller, now, rng, |call| {
            let before = known(call, id)?;
            if change.new_secret && before.secret_hash.is_none() {
                return invalid("new_secret", "a public client has no secret");
            }
            let client = Client {
                name: change.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
                active: change.active.unwrap_or(before.active),
                user: user.as_ref().map_or(before.user, |user| user.as_ref().map(|account| account.user)),
                redirect_uris: change.redirect_uris.clone().unwrap_or_else(|| before.redirect_uris.clone()),
                keys: keys.clone().unwrap_or_else(|| before.keys.clone()),
                secret_hash: generated.as_deref().map(generated_hash).or_else(|| before.secret_hash.clone()),
                ..before.clone()
            };
            check_client(&client)?;
            call.tx.put_client(&client)?;
            if !client.active {
                call.tx.remove_grants_of(id)?;
            }
            let after = noted::with_secret(noted::client(&client), change.new_secret);
            call.note_way_in(Some(noted::client(&before)), Some(after))?;
            Ok((client, generated))
        })
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
        self.write(caller, now, rng, |call| {
            let gone = known(call, id)?;
            call.tx.remove_client(id)?;
            Ok(call.note_way_in(Some(noted::client(&gone)), None)?)
        })
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
        let client = self.storage().read()?.client(given.id)?.filter(|client| client.active);
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

fn known(call: &Call<'_>, id: &str) -> Result<Client, AccountError> {
    call.tx.client(id)?.ok_or_else(|| AccountError::NotFound(format!("client {id}")))
}

fn generated_hash(secret: &str) -> String {
    format!("{GENERATED}{}", hex::encode(&hash_of(secret)))
}

fn registered(keys: &str) -> Result<String, AccountError> {
    KeySet::registered(keys).or_else(|problem| invalid("keys", problem))
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

fn check_client(client: &Client) -> Result<(), AccountError> {
    if !(1..=NAME_CHARACTERS).contains(&client.name.chars().count()) {
        return invalid("name", format!("must have 1 to {NAME_CHARACTERS} characters"));
    }
    if !(1..=NAME_CHARACTERS).contains(&client.id.len()) || !client.id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return invalid("id", format!("must have 1 to {NAME_CHARACTERS} ASCII characters without spaces"));
    }
    if client.user.is_some() && client.secret_hash.is_none() && client.keys.is_none() {
        return invalid(
            "public",
            "a client without secret and keys proves nothing, so it cannot act as a user by itself",
        );
    }
    match client.redirect_uris.iter().find(|uri| !is_redirect_uri(uri)) {
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
