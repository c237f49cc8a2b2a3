//! What people write, as far as a search index notices: real words in the frequencies of real text.
//!
//! The words are those of texts in this repository (the log of an incident process, the places of Monaco, the dictionary,
//! the licence, the front page), most frequent first; how often each is drawn follows Zipf's law, as in any language.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use rand_core::Rng;

const TEXTS: [&str; 8] = [
    include_str!("../../data/monaco_places.csv"),
    include_str!("../../../README.md"),
    include_str!("../../../LICENSE"),
    include_str!("../../../core/model/dictionary/task.toml"),
    include_str!("../../../core/model/dictionary/wm_task.toml"),
    include_str!("../../../core/model/dictionary/incident.toml"),
    include_str!("../../../core/model/dictionary/alm_asset.toml"),
    include_str!("../../../core/model/dictionary/life_cycles/incident.toml"),
];
const LOG: &[u8] = include_bytes!("../../data/incident_event_log.csv.gz");
/// Enough that most are rare.
const FEWEST: usize = 1_300;

/// Words by frequency, and how much of all text the words up to each one make up.
struct Vocabulary {
    words: Vec<String>,
    sums: Vec<f64>,
}

fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
    VOCABULARY.get_or_init(|| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut log = String::new();
        GzDecoder::new(LOG).read_to_string(&mut log).expect("the log is text");
        for text in TEXTS.into_iter().chain([log.as_str()]) {
            let words = text.split(|letter: char| !letter.is_alphabetic()).filter(|word| word.chars().count() > 1);
            words.for_each(|word| *counts.entry(word.to_lowercase()).or_default() += 1);
        }
        let mut words: Vec<String> = counts.keys().cloned().collect();
        words.sort_by_key(|word| std::cmp::Reverse(counts[word]));
        assert!(words.len() >= FEWEST, "{} words are no language", words.len());
        let shares = (1..=words.len()).map(|rank| 1.0 / rank as f64);
        let sums = shares.scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        });
        Vocabulary { sums: sums.collect(), words }
    })
}

/// The word of a rank, 0 being the most frequent.
pub fn word(rank: usize) -> &'static str {
    &vocabulary().words[rank]
}

/// A text of so many words.
pub fn text(rng: &mut impl Rng, words: usize) -> String {
    let Vocabulary { words: all, sums } = vocabulary();
    let total = sums.last().copied().unwrap_or_default();
    let draw = |_| {
        let at = f64::from(rng.next_u32()) / f64::from(u32::MAX) * total;
        all[sums.partition_point(|sum| *sum < at).min(all.len() - 1)].as_str()
    };
    (0..words).map(draw).collect::<Vec<_>>().join(" ")
}
