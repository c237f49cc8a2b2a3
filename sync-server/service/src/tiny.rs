//! Short names for long addresses: clients keep a query of many kilobytes here and then ask by its name.

use fieldline_model::hex;
use fieldline_storage::Memo;

use crate::call::Call;
use crate::error::Result;

const PURPOSE: &str = "tinyurl";
/// Addresses one account may keep; the oldest go first.
const ADDRESSES_EACH: u32 = 1_000;
/// How long an address is kept.
const ADDRESS_MILLISECONDS: i64 = 30 * 86_400_000;

impl Call<'_> {
    /// Keeps an address for the caller; the same address has the same name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_address(&mut self, address: &str) -> Result<String> {
        let digest = ring::digest::digest(&ring::digest::SHA256, address.as_bytes());
        let name = hex::encode(&digest.as_ref()[..16]);
        let (owner, memo) = (self.caller.user, Memo { value: address.into(), made_at: self.now });
        self.tx.put_memo(owner, PURPOSE, &name, &memo)?;
        let oldest = self.now.plus_milliseconds(-ADDRESS_MILLISECONDS);
        self.tx.forget_memos(owner, PURPOSE, oldest, ADDRESSES_EACH)?;
        Ok(name)
    }

    /// An address the caller keeps.
    ///
    /// # Errors
    /// When the database fails.
    pub fn kept_address(&self, name: &str) -> Result<Option<String>> {
        let memo = self.tx.memo(self.caller.user, PURPOSE, name)?;
        Ok(memo.and_then(|memo| String::from_utf8(memo.value).ok()))
    }
}
