//! Which providers are believed, and about what.

use std::collections::BTreeSet;

use fieldline_model::Timestamp;
use fieldline_storage::Provider;
use rand_core::Rng;

use super::Algorithm;
use crate::accounts::{AccountError, only_administrators};
use crate::call::Caller;
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
    /// What this server proves that with.
    pub client_secret: &'a str,
    /// The claim that names the person.
    pub claim: &'a str,
    /// The field of `sys_user` it is looked up in.
    pub field: &'a str,
    /// Signature algorithms its tokens may have.
    pub algorithms: BTreeSet<String>,
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
        let provider = Provider {
            name: new.name.to_owned(),
            issuer: new.issuer.to_owned(),
            client_id: new.client_id.to_owned(),
            client_secret: new.client_secret.to_owned(),
            claim: new.claim.to_owned(),
            field: new.field.to_owned(),
            algorithms: new.algorithms.clone(),
        };
        self.write(caller, now, rng, |call| Ok::<_, AccountError>(call.tx.put_provider(&provider)?))?;
        Ok(provider)
    }

    /// Every provider.
    ///
    /// # Errors
    /// When the database fails.
    pub fn providers(&self) -> Result<Vec<Provider>, AccountError> {
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
        let removed = self.write(caller, now, rng, |call| Ok::<_, AccountError>(call.tx.remove_provider(name)?))?;
        if removed { Ok(()) } else { Err(AccountError::NotFound(format!("provider {name}"))) }
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
        if new.client_id.is_empty() || new.client_secret.is_empty() || new.claim.is_empty() {
            return invalid("client", "needs the client id, the secret and a claim".into());
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

/// Whether a provider can be asked there without being overheard; this machine is for trying things out.
fn is_issuer(issuer: &str) -> bool {
    let local = issuer.strip_prefix("http://127.0.0.1:").or_else(|| issuer.strip_prefix("http://localhost:"));
    let rest = issuer.strip_prefix("https://").or(local).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte);
    !rest.is_empty() && rest.bytes().all(plain)
}
