//! What is kept and not answered: mail of programs, our own, and more from one sender than people write.
//!
//! A loop of two programs that answer each other stops by any of these: the other says that it is one, it is known by the address
//! as ours, or it is too much in an hour.

use fieldline_model::Timestamp;
use fieldline_storage::Memo;

use super::letter::Letter;
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;

/// How many mails of one sender are followed in an hour, unless the property says otherwise.
const USUAL_PER_HOUR: usize = 20;
const PER_HOUR: &str = "fieldline.mail.most_per_hour";
/// More addresses that are ours, with commas, beside those the server was started with.
const OWN: &str = "fieldline.mail.own_addresses";
const HOUR_MILLISECONDS: i64 = 60 * 60_000;
const PURPOSE: &str = "mail_in";
/// Senders remembered at the same time.
const SENDERS: u32 = 10_000;

impl Call<'_> {
    /// Why a letter is kept and not followed, if it is not. Who asks has counted it.
    pub(super) fn not_followed(&mut self, letter: &Letter<'_>) -> Result<Option<String>> {
        let Some(from) = &letter.from else { return Ok(Some("it does not say from one address that it comes".into())) };
        if let Some(why) = letter.automatic {
            return Ok(Some(why.to_owned()));
        }
        if self.is_own(from)? {
            return Ok(Some("it comes from an address of this server".into()));
        }
        let most = self.property_as(PER_HOUR)?.unwrap_or(USUAL_PER_HOUR);
        let written = self.count_mail_of(from)?;
        Ok((written > most).then(|| format!("its sender wrote more than {most} mails within an hour")))
    }

    fn is_own(&self, address: &str) -> Result<bool> {
        let said = self.property(OWN)?.unwrap_or_default();
        let mut own = said.split(',').map(str::trim).chain(self.server.mail_addresses().iter().map(String::as_str));
        Ok(own.any(|own| own.eq_ignore_ascii_case(address)))
    }

    /// Counts one more mail of a sender; how many they wrote within an hour.
    fn count_mail_of(&mut self, address: &str) -> Result<usize> {
        let owner = self.server.identity().system_user;
        // The memory keeps no addresses.
        let name = sys_id_of(address).to_string();
        let since = self.now.plus_milliseconds(-HOUR_MILLISECONDS);
        let held = self.tx.memo(owner, PURPOSE, &name)?;
        let mut moments: Vec<i64> = held.and_then(|memo| minicbor::decode(&memo.value).ok()).unwrap_or_default();
        moments.retain(|moment| Timestamp(*moment) > since);
        moments.push(self.now.0);
        let value = minicbor::to_vec(&moments).expect("encoding to memory cannot fail");
        self.tx.put_memo(owner, PURPOSE, &name, &Memo { value, made_at: self.now })?;
        self.tx.forget_memos(owner, PURPOSE, since, SENDERS)?;
        Ok(moments.len())
    }
}
