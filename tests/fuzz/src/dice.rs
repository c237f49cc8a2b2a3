//! Choices drawn from the input itself, so that a mutated input is a mutated story and libFuzzer can steer it.

use std::convert::Infallible;

use rand_core::TryRng;

/// Bytes as dice; when they run out every throw is zero.
pub struct Dice<'a>(pub &'a [u8]);

impl Dice<'_> {
    /// Whether anything is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let wide = if end > 256 { usize::from(self.byte()) << 8 } else { 0 };
        (wide | usize::from(self.byte())) % end.max(1)
    }

    /// One of several.
    pub fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.below(things.len())]
    }

    /// A number with a liking for the ends of its range.
    pub fn number(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => -1,
            3 => i64::from(u32::MAX) - i64::from(self.byte()),
            4 => i64::from(self.byte()) << (8 * self.below(7)),
            _ => i64::from(self.byte()),
        }
    }

    /// A text, sometimes long, sometimes strange.
    pub fn text(&mut self) -> String {
        const STRANGE: [&str; 6] =
            ["\0", "\u{202e}evil", "' OR 1=1 --", "<script>", "\u{1f469}\u{200d}\u{1f692}", "9e999"];
        match self.below(6) {
            0 => String::new(),
            1 => (*self.one_of(&STRANGE)).to_owned(),
            2 => "x".repeat(self.below(70_000)),
            _ => format!("word {}", self.byte()),
        }
    }
}

impl TryRng for Dice<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.byte());
        Ok(())
    }
}
