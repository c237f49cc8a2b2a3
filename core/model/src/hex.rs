//! Bytes as people and JSON write them: two lower-case digits each.

use std::fmt::{self, Write};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of bytes.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    write(bytes, &mut text).expect("writing into memory does not fail");
    text
}

/// The bytes of exactly `2 * N` digits, in either case.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let (high, low) = digit(pair[0]).zip(digit(pair[1]))?;
        *byte = high << 4 | low;
    }
    Some(bytes)
}

/// Writes up to 32 bytes at once: ids are put into words millions of times.
pub(crate) fn write(bytes: &[u8], to: &mut impl Write) -> fmt::Result {
    for piece in bytes.chunks(32) {
        let mut digits = [0; 64];
        let written = &mut digits[..2 * piece.len()];
        for (pair, byte) in written.chunks_exact_mut(2).zip(piece) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        to.write_str(std::str::from_utf8(written).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_went_and_nothing_else_is_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encode(&bytes);
        assert_eq!(&text[..8], "00010203");
        assert_eq!(decode::<256>(&text).unwrap()[..], bytes);
        assert_eq!(decode::<256>(&text.to_uppercase()).unwrap()[..], bytes);
        for other in ["", "0", "000", "0g", "é", "+1"] {
            assert_eq!(decode::<1>(other), None, "{other}");
        }
    }
}
