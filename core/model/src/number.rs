//! Record numbers (`WOT0042017`) that are final at birth, because a device owns a block of them before it needs one.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A run of numbers that belongs to one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct NumberBlock {
    /// What the numbers begin with, such as `WOT`.
    #[n(0)]
    pub prefix: String,
    /// The next number to give out.
    #[n(1)]
    pub next: u64,
    /// The first number that no longer belongs to the block.
    #[n(2)]
    pub end: u64,
}

impl NumberBlock {
    /// Gives out the next number, `None` when the block is used up.
    pub fn take(&mut self) -> Option<String> {
        let number = self.next;
        (number < self.end).then(|| {
            self.next += 1;
            format!("{}{number:07}", self.prefix)
        })
    }

    /// How many numbers are left.
    pub fn left(&self) -> u64 {
        self.end.saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_each_number_once_and_then_nothing() {
        let mut block = NumberBlock { prefix: "WOT".into(), next: 42_017, end: 42_019 };
        assert_eq!(block.take().as_deref(), Some("WOT0042017"));
        assert_eq!(block.take().as_deref(), Some("WOT0042018"));
        assert_eq!((block.take(), block.left()), (None, 0));
    }
}
