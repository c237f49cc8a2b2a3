//! Articles for what somebody describes, while they type or when they ask: the ones that answer it should be the first three.
//!
//! Any word may be missing from an article. What counts is how many of the words it has and how rare they are among articles (BM25,
//! a word of the title four times), and then how much of its title was said, rare words more than common ones: an article whose
//! whole title is in the description is about it. What that leaves as good as equal is decided by readers: rated better, then
//! viewed more often. What is out of date comes after everything that is not, and only where no newer version was found.
//!
//! How good that is, is measured on a labelled set (`tests/service/knowledge_search.rs`). Left out: misspelt words, other
//! languages' endings, what words mean.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Record, SysId, Value};
use fieldline_storage::{Hit, Selection};

use super::words::{Synonyms, beginning, beginnings, meaningful};
use super::{ARTICLES, STATE};
use crate::call::Call;
use crate::query::number_field;
use crate::reading::{self, Kind};
use crate::table::{self, Result};

const SYNONYMS: &str = "ts_synonym_set";
/// What may be shown to whoever looks for an answer.
const SHOWN: &str = "workflow_stateINpublished,pending_retirement,outdated";
/// Articles that are ranked, and found at the most.
const MOST_FOUND: u32 = 60;
/// Scores that differ by less than one part in so many are as good as equal.
const EQUAL_PARTS: f64 = 50.0;
/// Characters of an article that are shown with it.
const SNIPPET_CHARACTERS: usize = 240;

/// An article that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The article.
    pub article: Record,
    /// How well it fits; larger is better.
    pub score: f64,
}

impl Found {
    /// What the article says around the first of these words it has, or at its beginning.
    pub fn snippet(&self, words: &str) -> String {
        let said = reading::text_of(Kind::Markup, self.article.text("text").as_bytes());
        let said: Vec<&str> = said.split_whitespace().collect();
        let wanted = beginnings(words);
        let has = |word: &&str| meaningful(word).any(|word| begins_as(&word, &wanted));
        let at = said.iter().position(has).unwrap_or_default();
        let mut snippet = String::new();
        for word in &said[at.saturating_sub(8)..] {
            if snippet.chars().count() + word.chars().count() > SNIPPET_CHARACTERS {
                break;
            }
            snippet += word;
            snippet.push(' ');
        }
        snippet.trim_end().to_owned()
    }
}

/// The articles the caller sees that fit a description, the best first. `filter` says which are looked at.
///
/// # Errors
/// When the database fails.
pub fn search(call: &Call<'_>, words: &str, filter: &Query) -> Result<Vec<Found>> {
    let wanted = wanted(call, words)?;
    let (filter, sight) = (shown(call, filter), call.sight()?);
    let tables = table::family(call, ARTICLES)?;
    let selection = Selection { tables, filter: &filter, order: &[], sight: &sight };
    let hits = call.tx.described(&wanted, &selection, MOST_FOUND)?;
    Ok(ranked(newest_of_each(hits), &wanted))
}

/// What articles somebody may be shown who looks for an answer.
pub(super) fn shown(call: &Call<'_>, filter: &Query) -> Filter {
    let shown = call.resolve(ARTICLES, &Query::parse(SHOWN).query).filter;
    shown.and(call.resolve(ARTICLES, filter).filter)
}

fn wanted(call: &Call<'_>, words: &str) -> Result<Vec<String>> {
    let mut wanted = beginnings(words);
    for row in call.rows(SYNONYMS, &Filter::equals("active", true))? {
        Synonyms::of(&row).add_to(&mut wanted);
    }
    Ok(wanted)
}

/// Leaves out versions that a newer one took the place of.
fn newest_of_each(mut hits: Vec<Hit>) -> Vec<Hit> {
    let current = |hit: &&Hit| !is_outdated(&hit.record) && !hit.record.text("number").is_empty();
    let numbers: BTreeSet<String> =
        hits.iter().filter(current).map(|hit| hit.record.text("number").to_owned()).collect();
    hits.retain(|hit| !is_outdated(&hit.record) || !numbers.contains(hit.record.text("number")));
    hits
}

fn is_outdated(article: &Record) -> bool {
    article.text(STATE) == "outdated"
}

fn ranked(hits: Vec<Hit>, wanted: &[String]) -> Vec<Found> {
    let titles: Vec<Vec<String>> =
        hits.iter().map(|hit| meaningful(hit.record.text("short_description")).collect()).collect();
    let rarity = Rarity::among(&titles);
    let weighed = hits.into_iter().zip(&titles).map(|(hit, title)| {
        let score = hit.score * (1.0 + rarity.share_said(title, wanted));
        Found { article: hit.record, score }
    });
    let mut found: Vec<Found> = weighed.collect();
    found.sort_by_cached_key(|found| {
        let article = &found.article;
        let level = Reverse((found.score.ln() * EQUAL_PARTS).round() as i64);
        let rating = match article.get("rating") {
            Some(Value::Decimal(rating)) => rating.millionths,
            _ => 0,
        };
        let views = number_field(article, "view_count").unwrap_or_default();
        (is_outdated(article), level, Reverse(rating), Reverse(views), article.id.sys_id)
    });
    found
}

/// How rare words are in titles.
struct Rarity {
    titles: f64,
    having: BTreeMap<String, f64>,
}

impl Rarity {
    fn among(titles: &[Vec<String>]) -> Self {
        let mut having = BTreeMap::new();
        for title in titles {
            let words: BTreeSet<&str> = title.iter().map(|word| beginning(word)).collect();
            for word in words {
                *having.entry(word.to_owned()).or_insert(0.0) += 1.0;
            }
        }
        Self { titles: titles.len() as f64, having }
    }

    /// How much of a title was said, from 0 to 1.
    fn share_said(&self, title: &[String], wanted: &[String]) -> f64 {
        let of = |word: &String| (1.0 + self.titles / self.having.get(beginning(word)).copied().unwrap_or(1.0)).ln();
        let whole: f64 = title.iter().map(of).sum();
        let said: f64 = title.iter().filter(|word| begins_as(word, wanted)).map(of).sum();
        if whole > 0.0 { said / whole } else { 0.0 }
    }
}

fn begins_as(word: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|beginning| word.starts_with(beginning.as_str()))
}

/// Whether somebody looks for articles of these knowledge bases only; everywhere where none is named.
pub fn in_bases(bases: &[SysId]) -> String {
    let names: Vec<String> = bases.iter().map(SysId::to_string).collect();
    if names.is_empty() { String::new() } else { format!("kb_knowledge_baseIN{}", names.join(",")) }
}
