//! What of a description in somebody's own words says what it is about: its words without those that every description has, each
//! as far as it stays the same when the word is bent, and what an organisation calls the same.
//!
//! A word that is cut short is looked for as a beginning, so "configuring" finds "configuration", and so does what is half typed.
//! The endings are English; where a language bends words otherwise, a word is found as it is written.

use std::collections::BTreeSet;

use fieldline_model::Record;

/// Words looked for at the most; of a longer description its beginning says what it is about.
const MOST_WORDS: usize = 48;
/// What is left of a word is at least so long.
const SHORTEST: usize = 3;

/// Words that say nothing of what a text is about.
const EMPTY: [&str; 104] = [
    "a", "an", "and", "any", "are", "as", "at", "be", "because", "been", "but", "by", "can", "cannot", "could", "did",
    "do", "does", "doing", "done", "for", "from", "get", "got", "had", "has", "have", "having", "he", "her", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "my", "no", "not", "of", "on", "onto", "or",
    "our", "out", "over", "please", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "to", "too", "under", "until", "up", "upon", "us", "use", "used",
    "using", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will",
    "with", "within", "without", "would", "you", "your", "after", "before", "during", "about", "again", "all", "also",
    "am",
];
/// Endings of words, the longest first.
const ENDINGS: [&str; 13] = ["ations", "ation", "ings", "ing", "ions", "ion", "ies", "ied", "ed", "es", "s", "e", "y"];

/// The beginnings by which something with these words is looked for, each once.
pub(super) fn beginnings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for beginning in meaningful(text).map(|word| beginning(&word).to_owned()) {
        if !found.contains(&beginning) {
            found.push(beginning);
        }
    }
    found.truncate(MOST_WORDS);
    found
}

/// The words of a text, in lower case, that say something.
pub(super) fn meaningful(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let lower = words.map(str::to_lowercase);
    lower.filter(|word| word.chars().nth(1).is_some() && !EMPTY.contains(&word.as_str()))
}

/// A word without its ending.
pub(super) fn beginning(word: &str) -> &str {
    let cut = |ending: &&str| word.strip_suffix(*ending).filter(|rest| rest.chars().count() >= SHORTEST);
    ENDINGS.iter().find_map(cut).unwrap_or(word)
}

/// Words that an organisation calls the same: `a, b, c`, or `a, b => c` where only what is left of the arrow stands for what is
/// right of it.
pub(super) struct Synonyms {
    given: Vec<Vec<String>>,
    meant: Vec<Vec<String>>,
}

impl Synonyms {
    /// What a row of `ts_synonym_set` says.
    pub fn of(row: &Record) -> Self {
        let text = row.text("synonyms");
        let (given, meant) = text.split_once("=>").unwrap_or((text, text));
        let list = |text: &str| text.split(',').map(beginnings).filter(|words| !words.is_empty()).collect();
        Self { given: list(given), meant: list(meant) }
    }

    /// Adds what is meant, too, by what is there.
    pub fn add_to(&self, wanted: &mut Vec<String>) {
        let there: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        if self.given.iter().any(|words| words.iter().all(|word| there.contains(word.as_str()))) {
            let new: Vec<String> =
                self.meant.iter().flatten().filter(|word| !there.contains(word.as_str())).cloned().collect();
            wanted.extend(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldline_model::{DocumentId, SysId, Value};

    use super::*;

    #[test]
    fn a_description_is_looked_for_by_what_its_words_begin_with() {
        for (text, wanted) in [
            ("How do I configure the VPN?", &["configur", "vpn"][..]),
            ("configuration of VPNs, configured", &["configur", "vpn"]),
            ("The printers are printing blank pages", &["printer", "print", "blank", "pag"]),
            ("user entries and an entry", &["user", "entr"]),
            ("is it on?", &[]),
            ("Störungen im Netz", &["störungen", "im", "netz"]),
            ("red bus", &["red", "bus"]),
        ] {
            assert_eq!(beginnings(text), wanted, "{text}");
        }
        let long: String = (0..99).map(|word| format!("w{word} ")).collect();
        assert_eq!(beginnings(&long).len(), MOST_WORDS);
    }

    #[test]
    fn what_is_called_the_same_is_looked_for_too_and_an_arrow_points_one_way() {
        let added = |synonyms: &str, text: &str| {
            let mut row = Record::new(DocumentId::new("ts_synonym_set", SysId([1; 16])));
            row.set("synonyms", Some(Value::text(synonyms)));
            let mut wanted = beginnings(text);
            Synonyms::of(&row).add_to(&mut wanted);
            wanted
        };
        assert_eq!(added("printer, mfp", "mfp is red"), ["mfp", "red", "printer"]);
        assert_eq!(added("mfp => printer", "mfp"), ["mfp", "printer"]);
        assert_eq!(added("mfp => printer", "printer"), ["printer"]);
        assert_eq!(added("single sign-on, sso", "sso"), ["sso", "singl", "sign"]);
        assert_eq!(added("single sign-on, sso", "a sign"), ["sign"], "half of it is not it");
        assert_eq!(added("", "sign"), ["sign"]);
    }
}
