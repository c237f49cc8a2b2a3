//! Counters of what the server did since it started, for people who watch it.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters that only go up.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[$doc])* pub $name: Counter,)*
        }

        impl Metrics {
            /// Every counter with its name, in a fixed order.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)*]
            }
        }
    };
}

counters! {
    /// Sync requests answered.
    syncs,
    /// Sync requests refused as a whole.
    syncs_refused,
    /// Transactions that made answers durable, one or many each.
    transactions,
    /// Edits accepted from devices.
    edits_accepted,
    /// Accepted edits that others had edited concurrently.
    edits_merged,
    /// Accepted edits whose change differs from the device's.
    edits_differing,
    /// Edits seen before and answered again.
    edits_replayed,
    /// Edits kept aside.
    edits_held,
    /// Actor epochs given to copies of a phone.
    epochs_renewed,
    /// Edits sent back because their predecessors are missing.
    edits_waiting,
    /// Edits the server authored itself.
    edits_authored,
    /// Review tasks created for refused steps.
    reviews_created,
    /// Service levels that were breached.
    breaches,
    /// Entries sent to devices.
    entries_sent,
    /// Initial syncs begun.
    bootstraps,
    /// Pieces of captured files received.
    chunks_received,
    /// Captured files completed.
    blobs_completed,
    /// Successful sign-ins.
    sign_ins,
    /// Failed sign-ins.
    sign_ins_failed,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts `more` more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
