//! Whether what somebody describes finds the article that answers it, measured on a labelled set: `tests/data/knowledge_search.tsv`.
//!
//! Weights were chosen by the articles of even rows; the promise is made about the odd ones.

use std::collections::BTreeMap;

use fieldline_model::DocumentId;
use fieldline_model::condition::Query;
use fieldline_service::knowledge::search;
use fieldline_service::{Call, Caller};
use rand_core::Rng;

use crate::house::House;

/// An article, what it is about (articles about the same answer the same), and what somebody wrote who had that trouble.
struct Labelled {
    title: &'static str,
    resolution: &'static str,
    trouble: u32,
    described: &'static str,
}

fn labelled() -> Vec<Labelled> {
    let text = include_str!("../../../../tests/data/knowledge_search.tsv");
    let row = |line: &'static str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [title, resolution, trouble, described] = fields[..] else { panic!("four fields: {line}") };
        Labelled { title, resolution, trouble: trouble.parse().unwrap(), described }
    };
    text.lines().skip(1).map(row).collect()
}

/// A server with these articles, and each article's row in the set.
fn filled(set: &[Labelled]) -> (House, BTreeMap<DocumentId, usize>) {
    let mut house = House::new();
    let system = house.server.system();
    let mut rows = BTreeMap::new();
    for (at, one) in set.iter().enumerate() {
        let text = format!("<p class=\"error merchant\">{}</p>", one.resolution);
        let fields = [("short_description", one.title), ("text", &text), ("workflow_state", "published")];
        rows.insert(house.create(&system, "kb_knowledge", &fields).unwrap().record.id, at);
    }
    house.server.index_due(1_000, house.now, &mut house.rng).unwrap();
    (house, rows)
}

/// How often an answer is the first, how often among the first three, and the mean of one over its rank.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Success {
    at_1: f64,
    at_3: f64,
    reciprocal_rank: f64,
}

/// Measures a way to look, by the descriptions of even or of odd rows.
fn measured(set: &[Labelled], odd: usize, mut look: impl FnMut(&str) -> Vec<usize>) -> Success {
    let asked: Vec<&Labelled> = set.iter().skip(odd).step_by(2).filter(|one| !one.described.is_empty()).collect();
    let mut sum = Success::default();
    for one in &asked {
        let found = look(one.described);
        let Some(rank) = found.iter().position(|at| set[*at].trouble == one.trouble) else { continue };
        sum.at_1 += f64::from(u8::from(rank == 0));
        sum.at_3 += f64::from(u8::from(rank < 3));
        sum.reciprocal_rank += 1.0 / (rank as f64 + 1.0);
    }
    let of = asked.len() as f64;
    Success { at_1: sum.at_1 / of, at_3: sum.at_3 / of, reciprocal_rank: sum.reciprocal_rank / of }
}

fn found(house: &mut House, who: &Caller, words: &str) -> Vec<DocumentId> {
    let look = |call: &mut Call<'_>| search::search(call, words, &Query::default());
    let found = house.server.read(who, house.now, &mut house.rng, look).unwrap();
    found.into_iter().map(|found| found.article.id).collect()
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// BM25 over every word as it stands: what any full-text index does, written down once more.
struct Plain {
    articles: Vec<BTreeMap<String, f64>>,
    having: BTreeMap<String, f64>,
}

impl Plain {
    fn of(set: &[Labelled]) -> Self {
        let (mut articles, mut having) = (Vec::new(), BTreeMap::new());
        for one in set {
            let mut counts = BTreeMap::new();
            words_of(one.title)
                .into_iter()
                .chain(words_of(one.resolution))
                .for_each(|word| *counts.entry(word).or_insert(0.0) += 1.0);
            counts.keys().for_each(|word: &String| *having.entry(word.clone()).or_insert(0.0) += 1.0);
            articles.push(counts);
        }
        Self { articles, having }
    }

    fn ranked(&self, words: &str) -> Vec<usize> {
        let (k1, b, count) = (1.2, 0.75, self.articles.len() as f64);
        let length = |counts: &BTreeMap<String, f64>| counts.values().sum::<f64>();
        let mean = self.articles.iter().map(length).sum::<f64>() / count;
        let score = |counts: &BTreeMap<String, f64>| -> f64 {
            let of_word = |word: &String| {
                let having = self.having.get(word).copied().unwrap_or(0.0);
                let rarity = ((count - having + 0.5) / (having + 0.5)).ln().max(1e-6);
                let times = counts.get(word).copied().unwrap_or(0.0);
                rarity * times * (k1 + 1.0) / (times + k1 * (1.0 - b + b * length(counts) / mean))
            };
            words_of(words).iter().map(of_word).sum()
        };
        let mut ranked: Vec<(f64, usize)> =
            self.articles.iter().map(score).zip(0..).filter(|(score, _)| *score > 0.0).collect();
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        ranked.into_iter().map(|(_, at)| at).collect()
    }
}

#[test]
fn what_answers_a_description_is_among_the_first_three() {
    let set = labelled();
    let (mut house, rows) = filled(&set);
    let (system, plain) = (house.server.system(), Plain::of(&set));
    for (odd, name) in [(0, "chosen by"), (1, "promised for")] {
        let ours = measured(&set, odd, |words| found(&mut house, &system, words).iter().map(|id| rows[id]).collect());
        let every_word = measured(&set, odd, |words| {
            let look = |call: &mut Call<'_>| fieldline_service::search::search(call, words, &[], 60);
            let hits = house.server.read(&system, house.now, &mut house.rng, look).unwrap();
            hits.iter().map(|hit| rows[&hit.record.id]).collect()
        });
        let any_word = measured(&set, odd, |words| plain.ranked(words));
        let mut dice = house.rng.clone();
        let shuffled = measured(&set, odd, |words| {
            let mut found: Vec<usize> = found(&mut house, &system, words).iter().map(|id| rows[id]).collect();
            for at in (1..found.len()).rev() {
                found.swap(at, dice.next_u32() as usize % (at + 1));
            }
            found
        });
        println!(
            "{name}: ours {ours:?}\n every word {every_word:?}\n any word, plain BM25 {any_word:?}\n shuffled {shuffled:?}"
        );
        assert!(ours.at_3 >= 0.95 && ours.reciprocal_rank >= 0.90, "{name}: {ours:?}");
        assert!(
            ours.reciprocal_rank > any_word.reciprocal_rank + 0.03,
            "{name}: {ours:?} is no better than {any_word:?}"
        );
        assert!(shuffled.at_3 < 0.5, "{name}: a ranking by chance does as well, so the set says nothing: {shuffled:?}");
    }
}

#[test]
fn a_word_half_typed_and_a_bent_one_find_it_as_well() {
    let set = labelled();
    let (mut house, rows) = filled(&set);
    let mia = house.mia.clone();
    let mut first = |words: &str| found(&mut house, &mia, words).first().map(|id| set[rows[id]].title);
    assert_eq!(first("scann"), Some("Inability to scan documents due to scanner malfunction"));
    assert_eq!(first("my scanners are malfunctioning"), Some("Inability to scan documents due to scanner malfunction"));
    assert_eq!(first("how do I log in? button does nothing"), Some("Login button unresponsive for Merchant"));
    assert_eq!(first("elephants"), None);
    assert_eq!(first("class"), None, "what is in a tag is not said");
}

#[test]
fn what_may_not_be_read_is_not_found_and_what_is_out_of_date_comes_last() {
    let mut house = House::new();
    let (system, mia, dora) = (house.server.system(), house.mia.clone(), house.dora.clone());
    let article = |house: &mut House, more: &[(&str, &str)]| {
        let fields = [&[("short_description", "Bleed a radiator")], more].concat();
        house.create(&system, "kb_knowledge", &fields).unwrap().record.id
    };
    let old =
        article(&mut house, &[("workflow_state", "outdated"), ("text", "radiator radiator radiator bleed bleed")]);
    let draft = article(&mut house, &[("workflow_state", "draft")]);
    let open = article(&mut house, &[("workflow_state", "published")]);
    let desk = article(&mut house, &[("workflow_state", "published"), ("roles", "itil"), ("text", "radiator")]);
    let liked = article(&mut house, &[("workflow_state", "published"), ("rating", "4.5"), ("view_count", "3")]);
    let seen = article(&mut house, &[("workflow_state", "published"), ("view_count", "9")]);
    house.server.index_due(100, house.now, &mut house.rng).unwrap();
    assert_eq!(found(&mut house, &mia, "bleeding radiators"), [liked.clone(), seen.clone(), open.clone(), old.clone()]);
    let of_desk = found(&mut house, &dora, "bleeding radiators");
    assert!(of_desk.contains(&desk) && !of_desk.contains(&draft) && of_desk.last() == Some(&old), "{of_desk:?}");
    let second = house
        .server
        .write(&system, house.now, &mut house.rng, |call| fieldline_service::knowledge::check_out(call, open.sys_id));
    let second = second.unwrap().id;
    house.update(&system, &second, &[("workflow_state", "published")]).unwrap();
    house.server.index_due(100, house.now, &mut house.rng).unwrap();
    let now = found(&mut house, &mia, "radiator");
    assert!(now.contains(&second) && !now.contains(&open), "a newer version takes its place: {now:?}");
    assert_eq!(now.last(), Some(&old));
}

#[test]
fn what_an_organisation_calls_the_same_is_found_by_either_word() {
    let mut house = House::new();
    let (system, mia) = (house.server.system(), house.mia.clone());
    let fields = [("short_description", "Clean the multifunction printer"), ("workflow_state", "published")];
    let article = house.create(&system, "kb_knowledge", &fields).unwrap().record.id;
    house.server.index_due(100, house.now, &mut house.rng).unwrap();
    assert_eq!(found(&mut house, &mia, "copier dirty"), []);
    let set = house.create(&system, "ts_synonym_set", &[("synonyms", "copier, printer")]).unwrap().record.id;
    assert_eq!(found(&mut house, &mia, "copier dirty"), [article]);
    house.update(&system, &set, &[("active", "false")]).unwrap();
    assert_eq!(found(&mut house, &mia, "copier dirty"), []);
}
