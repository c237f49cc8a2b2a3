//! Requests that carry a key and are not answered yet. Who repeats one meanwhile is told so at once instead of waiting for it
//! (draft-ietf-httpapi-idempotency-key-header, section 2.6): a proxy that gave the first one up would give up the second, too.
//!
//! It knows this process only. Two that come to two servers of one database are done one after the other, and as one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_model::SysId;

use crate::refusal::Refusal;

type Key = (SysId, String);

/// The keys of the requests under way, each with its request's fingerprint.
#[derive(Default)]
pub struct UnderWay(Mutex<BTreeMap<Key, [u8; 32]>>);

/// One request under way; it is over when this is dropped.
pub struct Turn(Arc<UnderWay>, Key);

impl UnderWay {
    /// Lets a request of an account begin.
    ///
    /// # Errors
    /// [`Refusal::UnderWay`] while the same one is under way, [`Refusal::OtherRequest`] while another one is under this key.
    pub fn begin(self: &Arc<Self>, account: SysId, key: &str, fingerprint: [u8; 32]) -> Result<Turn, Refusal> {
        let key = (account, key.to_owned());
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match begun.get(&key) {
            Some(same) if *same == fingerprint => Err(Refusal::UnderWay),
            Some(_) => Err(Refusal::OtherRequest),
            None => {
                begun.insert(key.clone(), fingerprint);
                Ok(Turn(self.clone(), key))
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}
