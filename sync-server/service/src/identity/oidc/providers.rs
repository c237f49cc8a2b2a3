//! Which providers are believed, and about what.

use std::collections::BTreeSet;

use fieldline_model::Timestamp;
use fieldline_storage::Provider;
use rand_core::Rng;

use super::Algorithm;
use crate::accounts::{AccountError, only_administrators};
use crate::call::{Call, Caller};
use crate::identity::noted;
use crate::server::Server;

/// The longest name of a provider.
const NAME_CHARACTERS: usize = 40;

/// A provider to believe.
#[derive(Debug, Clone)]
pub struct NewProvider<'a> {
    /// What its button and address say.
    pub name: &'a str,
    /// Its issuer identifier.
    pub issuer: &'a str,
    /// What this server is called there.
    pub client_id: &'a str,
    /// What this server proves that with; a known provider's stays when it is left out.
    pub client_secret: Option<&'a str>,
    /// The claim that names the person.
    pub claim: &'a str,
    /// The field of `sys_user` it is looked up in.
    pub field: &'a str,
    /// Signature algorithms its tokens may have.
    pub algorithms: BTreeSet<String>,
    /// Whether people may sign in through it.
    pub active: bool,
}

impl Server {
    /// Believes a provider from now on, or under other terms.
    ///
    /// # Errors
    /// When the caller is no administrator, or a part does not fit.
    pub fn put_provider(
        &self,
        caller: &Caller,
        new: &NewProvider<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Provider, AccountError> {
        only_administrators(caller)?;
        self.check_provider(new)?;
        self.write(caller, now, rng, |call| {
            let before = known(call, new.name)?;
            let kept = before.as_ref().map(|before| before.client_secret.clone());
            let secret = new.client_secret.map(str::to_owned).filter(|secret| !secret.is_empty()).or(kept.clone());
            let missing =
                || AccountError::Invalid { field: "client_secret", problem: "a new provider needs one".into() };
            let provider = Provider {
                name: new.name.to_owned(),
                issuer: new.issuer.to_owned(),
                client_id: new.client_id.to_owned(),
                client_secret: secret.ok_or_else(missing)?,
                claim: new.claim.to_owned(),
                field: new.field.to_owned(),
                algorithms: new.algorithms.clone(),
                active: new.active,
            };
            call.tx.put_provider(&provider)?;
            let is_another = kept.is_some_and(|kept| kept != provider.client_secret);
            let after = noted::with_secret(noted::provider(&provider), is_another);
            call.note_way_in(before.as_ref().map(noted::provider), Some(after))?;
            Ok(provider)
        })
    }

    /// Every provider.
    ///
    /// # Errors
    /// When the caller is no administrator or the database fails.
    pub fn providers(&self, caller: &Caller) -> Result<Vec<Provider>, AccountError> {
        only_administrators(caller)?;
        Ok(self.storage().read()?.providers()?)
    }

    /// Believes a provider no more; people who signed in through it stay signed in until their sessions end.
    ///
    /// # Errors
    /// When the caller is no administrator, or there is no such provider.
    pub fn remove_provider(
        &self,
        caller: &Caller,
        name: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), AccountError> {
        only_administrators(caller)?;
        self.write(caller, now, rng, |call| {
            let gone = known(call, name)?.ok_or_else(|| AccountError::NotFound(format!("provider {name}")))?;
            call.tx.remove_provider(name)?;
            Ok(call.note_way_in(Some(noted::provider(&gone)), None)?)
        })
    }

    fn check_provider(&self, new: &NewProvider<'_>) -> Result<(), AccountError> {
        let invalid = |field, problem: String| Err(AccountError::Invalid { field, problem });
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(1..=NAME_CHARACTERS).contains(&new.name.len()) || !new.name.bytes().all(plain) {
            return invalid(
                "name",
                format!("must have 1 to {NAME_CHARACTERS} letters, digits, hyphens or underscores"),
            );
        }
        if !is_issuer(new.issuer) {
            return invalid(
                "issuer",
                "must be https://… without a query, exactly as the provider's tokens have it".into(),
            );
        }
        if new.client_id.is_empty() || new.claim.is_empty() {
            return invalid("client", "needs the client id and a claim".into());
        }
        let dictionary = self.dictionary();
        if dictionary.table("sys_user").is_none_or(|users| users.field(new.field).is_none()) {
            return invalid("field", format!("{} is no field of sys_user; email or user_name is usual", new.field));
        }
        match new.algorithms.iter().find(|name| Algorithm::named(name).is_none()) {
            None if !new.algorithms.is_empty() => Ok(()),
            _ => invalid("algorithm", format!("use some of {}", Algorithm::NAMES.join(", "))),
        }
    }
}

fn known(call: &Call<'_>, name: &str) -> Result<Option<Provider>, AccountError> {
    Ok(call.tx.providers()?.into_iter().find(|provider| provider.name == name))
}

/// Whether a provider can be asked there without being overheard; this machine is for trying things out.
fn is_issuer(issuer: &str) -> bool {
    let local = issuer.strip_prefix("http://127.0.0.1:").or_else(|| issuer.strip_prefix("http://localhost:"));
    let rest = issuer.strip_prefix("https://").or(local).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte);
    !rest.is_empty() && rest.bytes().all(plain)
}
