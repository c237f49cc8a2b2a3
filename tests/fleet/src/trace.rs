//! Everything that happened in a shift, as one hash: the same seed must give the same one.

use fieldline_model::{Timestamp, hex};
use ring::digest::{Context, SHA256};

/// The running hash of a shift's events.
pub struct Trace {
    context: Context,
    prints: bool,
}

impl Trace {
    /// An empty trace, printed line by line if asked.
    pub fn new(prints: bool) -> Self {
        Self { context: Context::new(&SHA256), prints }
    }

    /// Adds an event and the bytes that belong to it.
    pub fn event(&mut self, now: Timestamp, what: &str, bytes: &[u8]) {
        self.context.update(&now.0.to_be_bytes());
        self.context.update(what.as_bytes());
        self.context.update(&(bytes.len() as u64).to_be_bytes());
        self.context.update(bytes);
        if self.prints {
            println!("{now} {what} ({} bytes)", bytes.len());
        }
    }

    /// The hash of everything so far, in hexadecimal.
    pub fn finish(self) -> String {
        hex::encode(self.context.finish().as_ref())
    }
}
