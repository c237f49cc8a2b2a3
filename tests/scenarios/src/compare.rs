//! Whether an answer is what was expected, and what of it is the same in every run.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Says where an answer is not as expected. Objects may have more fields; lists are as long as expected.
///
/// # Errors
/// The place and both values.
pub fn matches(expected: &Json, answer: &Json, place: &str) -> Result<(), String> {
    let differs = || Err(format!("{place}: expected {expected}, got {answer}"));
    match (expected, answer) {
        (Json::String(any), _) if any == "*" => Ok(()),
        (Json::String(part), Json::String(text)) if part.starts_with('~') => match text.contains(&part[1..]) {
            true => Ok(()),
            false => differs(),
        },
        (Json::Object(expected), Json::Object(answer)) => expected.iter().try_for_each(|(name, value)| {
            matches(value, answer.get(name).unwrap_or(&Json::Null), &format!("{place}.{name}"))
        }),
        (Json::Array(wanted), Json::Array(got)) if wanted.len() == got.len() => {
            let mut pairs = wanted.iter().zip(got).enumerate();
            pairs.try_for_each(|(at, (wanted, got))| matches(wanted, got, &format!("{place}[{at}]")))
        }
        _ if expected == answer => Ok(()),
        _ => differs(),
    }
}

/// Where two answers differ first.
///
/// # Errors
/// The place and both values.
pub fn is_same(first: &Json, second: &Json, place: &str) -> Result<(), String> {
    match (first, second) {
        (Json::Object(one), Json::Object(other)) if one.len() == other.len() => {
            one.iter().try_for_each(|(name, value)| {
                is_same(value, other.get(name).unwrap_or(&Json::Null), &format!("{place}.{name}"))
            })
        }
        (Json::Array(one), Json::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.try_for_each(|(at, (one, other))| is_same(one, other, &format!("{place}[{at}]")))
        }
        _ if first == second => Ok(()),
        _ => Err(format!("{place}: the first language got {first}, this one {second}")),
    }
}

/// Names for what differs from run to run: identities by the order they come in, moments and free text that holds them not at all.
#[derive(Default)]
pub struct Mask {
    seen: BTreeMap<String, usize>,
    /// Texts of this run alone, and what stands for them.
    pub texts: Vec<(String, &'static str)>,
}

/// Moments of these days, in milliseconds.
const MOMENTS: std::ops::Range<i64> = 1_600_000_000_000..2_300_000_000_000;

impl Mask {
    /// The answer with everything named that differs from run to run.
    pub fn masked(&mut self, answer: &Json) -> Json {
        match answer {
            Json::Number(number) if number.as_i64().is_some_and(|number| MOMENTS.contains(&number)) => {
                "a moment".into()
            }
            Json::String(text) => self.text(text).into(),
            Json::Array(items) => items.iter().map(|item| self.masked(item)).collect(),
            Json::Object(fields) => {
                // By name: each language writes an object's fields in an order of its own.
                let fields: BTreeMap<&String, &Json> = fields.iter().collect();
                let masked = fields.into_iter().map(|(name, value)| (name.clone(), self.masked(value)));
                Json::Object(masked.collect())
            }
            other => other.clone(),
        }
    }

    /// Identities inside a text are named, digits of times are dropped.
    fn text(&mut self, text: &str) -> String {
        let mut masked = String::new();
        let text = self.texts.iter().fold(text.to_owned(), |text, (own, name)| text.replace(own, name));
        let words =
            text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != ':');
        for word in words {
            let letters = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
            let rest = &word[letters.len()..];
            let is_identity = [8, 16, 32, 64].contains(&letters.len())
                && letters.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            let is_time = letters.len() >= 8
                && letters.starts_with(|letter: char| letter.is_ascii_digit())
                && letters.contains([':', '-'])
                && letters.bytes().all(|byte| byte.is_ascii_digit() || b":-TZ".contains(&byte));
            if is_identity {
                let next = self.seen.len();
                let number = *self.seen.entry(letters.to_owned()).or_insert(next);
                masked.push_str(&format!("id{number}"));
            } else if is_time {
                masked.push_str("time");
            } else {
                masked.push_str(letters);
            }
            masked.push_str(rest);
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_expectation_names_what_must_be_there_and_lists_are_whole() {
        let answer = json!({ "a": 1, "b": ["the x is here", { "c": null }] });
        assert_eq!(matches(&json!({ "b": ["~x", {}] }), &answer, ""), Ok(()));
        assert_eq!(matches(&json!({ "b": ["*", "*"], "d": null }), &answer, ""), Ok(()));
        for wrong in [json!({ "a": 2 }), json!({ "b": [] }), json!({ "b": ["~y", {}] }), json!({ "d": 1 })] {
            assert!(matches(&wrong, &answer, "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_runs_that_differ_in_identities_and_moments_only_are_alike() {
        let run = |id: &str, at: i64| json!({ "hex": id, "at": at, "text": format!("{id}: 2026-11-28 10:00:{:02}", at % 60) });
        let (one, two) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
        let mut masks = (Mask::default(), Mask::default());
        let first = masks.0.masked(&run(one, 1_780_000_000_001));
        assert_eq!(first, masks.1.masked(&run(two, 1_780_000_000_007)));
        assert_ne!(masks.0.masked(&json!([one, two])), masks.1.masked(&json!([two, two])));
    }
}
