//! The two faces a sheet is set in, how wide text is in them, and where its lines break.

use std::sync::LazyLock;

use rustybuzz::{Face, UnicodeBuffer, shape};

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

static REGULAR_FACE: LazyLock<Face<'static>> = LazyLock::new(|| face(REGULAR));
static BOLD_FACE: LazyLock<Face<'static>> = LazyLock::new(|| face(BOLD));

fn face(bytes: &'static [u8]) -> Face<'static> {
    Face::from_slice(bytes, 0).expect("the font that is shipped can be read")
}

impl Weight {
    /// The font file.
    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    /// How wide a line is, in points.
    pub(crate) fn width(self, text: &str, size: f32) -> f32 {
        let face = match self {
            Self::Regular => &*REGULAR_FACE,
            Self::Bold => &*BOLD_FACE,
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let units: i32 = shape(face, &[], buffer).glyph_positions().iter().map(|glyph| glyph.x_advance).sum();
        units as f32 * size / face.units_per_em() as f32
    }

    /// Text in lines of at most this width: broken between words, and within a word that is longer than a line.
    pub(crate) fn lines(self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace().flat_map(|word| self.pieces(word, size, width)) {
                let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
                if line.is_empty() || self.width(&longer, size) <= width {
                    line = longer;
                } else {
                    lines.push(std::mem::replace(&mut line, word));
                }
            }
            lines.push(line);
        }
        lines
    }

    /// A word, in pieces where it is longer than a line.
    fn pieces(self, word: &str, size: f32, width: f32) -> Vec<String> {
        let word: String = word.chars().filter(|letter| !letter.is_control()).collect();
        if self.width(&word, size) <= width {
            return vec![word];
        }
        let (mut pieces, mut piece) = (Vec::new(), String::new());
        for letter in word.chars() {
            piece.push(letter);
            if self.width(&piece, size) > width && piece.chars().count() > 1 {
                piece.pop();
                pieces.push(std::mem::replace(&mut piece, letter.to_string()));
            }
        }
        pieces.push(piece);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_breaks_between_words_and_a_long_word_within() {
        let lines = Weight::Regular.lines("the pump of the east wing\n\nleaks", 10.0, 80.0);
        assert_eq!(lines, ["the pump of", "the east wing", "", "leaks"]);
        let word = "x".repeat(100);
        let pieces = Weight::Regular.lines(&word, 10.0, 80.0);
        assert!(pieces.len() > 5);
        assert_eq!(pieces.concat(), word);
    }

    proptest! {
        #[test]
        fn every_letter_is_in_some_line_and_no_line_is_too_wide(text in "[a-zA-Zäßéжا0-9 ]{0,300}", width in 40.0_f32..500.0) {
            let lines = Weight::Bold.lines(&text, 9.0, width);
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            for line in lines {
                prop_assert!(Weight::Bold.width(&line, 9.0) <= width + 0.01, "{line}");
            }
        }
    }
}
