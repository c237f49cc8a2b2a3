//! Tells outside systems what happens to records, as an organisation's rows of `fl_webhook` say (`rules/hook.rs`).
//!
//! * An event is a CloudEvent (`event.rs`), signed as Standard Webhooks has it, and waits in the outbox (`outgoing/`), written in
//!   the transaction of what it tells. `webhook-id` is the event's id and stays the same however often it is sent.
//! * What a record was before a call and is after it is one event.
//! * Fields that not everybody may read, and journals, are left out.
//!
//! Events about one record may overtake each other when one is tried again; `sequence` counts the changes of the record.

mod event;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use ring::hmac;

use crate::call::Call;
use crate::error::Result;
use crate::outgoing::{Asked, Cause};
use crate::rules::{Action, Hook, Rule};

pub(crate) use event::Told;

/// Where webhooks are.
pub(crate) const WEBHOOKS: &str = "fl_webhook";
/// What secrets begin with.
const SECRET_PREFIX: &str = "whsec_";
/// How many bytes a secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How long an answer may take.
const TIMEOUT_SECONDS: i64 = 20;

/// The key a secret stands for.
///
/// # Errors
/// When it is none.
pub(crate) fn key_of(secret: &str) -> Result<Vec<u8>, String> {
    let key = secret.strip_prefix(SECRET_PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok());
    key.filter(|key| SECRET_BYTES.contains(&key.len())).ok_or_else(|| {
        format!(
            "must be {SECRET_PREFIX} and then 24 to 64 random bytes in base64, as `openssl rand -base64 32` makes them"
        )
    })
}

/// The headers that say which message this is, when it was sent, and that it comes from here.
pub(crate) fn signed(secret: &str, id: SysId, now: Timestamp, body: &str) -> Result<[(String, String); 3], String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key_of(secret)?);
    let seconds = now.0.div_euclid(1_000);
    let signature = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Ok([
        ("webhook-id".into(), id.to_string()),
        ("webhook-timestamp".into(), seconds.to_string()),
        ("webhook-signature".into(), format!("v1,{}", BASE64_STANDARD.encode(signature))),
    ])
}

impl Call<'_> {
    /// Tells a webhook that a record was created or updated.
    pub(crate) fn tell_webhook(
        &mut self,
        rule: &Rule,
        hook: &Hook,
        before: Option<&Record>,
        after: &Record,
    ) -> Result<()> {
        let event = if before.is_none() { "created" } else { "updated" };
        let told = Told::of_record(self, event, hook, before, after);
        self.post_event(rule.id.sys_id, &hook.url, &told)
    }

    /// Tells webhooks that a record is gone.
    pub(crate) fn tell_of_deletion(&mut self, record: &Record) -> Result<()> {
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for rule in book.of(&dictionary, record.id.table.as_str()) {
            let Action::Post(hook) = &rule.action else { continue };
            if hook.hears("deleted") && self.holds(&rule.when.condition.of_change(None, record), record) {
                let told = Told::of_record(self, "deleted", hook, None, record);
                self.post_event(rule.id.sys_id, &hook.url, &told)?;
            }
        }
        Ok(())
    }

    /// Writes an event into the outbox.
    pub(crate) fn post_event(&mut self, webhook: SysId, url: &str, told: &Told) -> Result<()> {
        let id = self.new_sys_id();
        let content = ("content-type".to_owned(), "application/cloudevents+json; charset=utf-8".to_owned());
        let asked = Asked {
            method: "POST".into(),
            url: url.to_owned(),
            headers: BTreeMap::from([content]),
            body: told.body(id, self.now),
            timeout_seconds: TIMEOUT_SECONDS,
        };
        let about = DocumentId::new(told.table.as_str(), told.sys_id);
        self.send_out(id, &asked, &Cause::Event { webhook, event: told.kind.clone(), about: Some(about) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_published_example_of_standard_webhooks_is() {
        // The parts of the example in the specification's reference libraries; the id there is no identity of ours.
        let key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signature = hmac::sign(&key, br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#);
        assert_eq!(BASE64_STANDARD.encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_long_enough_and_says_that_it_is_one() {
        for (secret, is_one) in [
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("whsec_c2hvcnQ=", false),
            ("whsec_???", false),
        ] {
            assert_eq!(key_of(secret).is_ok(), is_one, "{secret}");
        }
    }
}
