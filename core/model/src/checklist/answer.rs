//! Whether one answer fits its question.

use std::collections::BTreeSet;

use super::{Choice, Kind, Limits, Question};
use crate::id::BlobHash;
use crate::time::Timestamp;
use crate::value::Decimal;

/// An answer somebody gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given<'a> {
    /// Its text.
    pub text: &'a str,
    /// The picture that shows it.
    pub picture: Option<BlobHash>,
}

/// What there is to say about an answer that fits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Why it is not normal; a remark has to say more then.
    pub warning: Option<String>,
    /// What it scores.
    pub points: i64,
}

impl Question {
    /// Whether an answer fits.
    ///
    /// # Errors
    /// Says what was given and what would be right.
    pub fn check(&self, given: &Given<'_>) -> Result<Verdict, String> {
        let text = given.text.trim();
        match &self.kind {
            Kind::Section => Err(format!("\"{}\" is a heading; answer the questions below it", self.text)),
            Kind::YesNo { points } => match text {
                "yes" => Ok(scoring(*points)),
                "no" => Ok(Verdict::default()),
                _ => Err(format!("\"{text}\" is neither yes nor no")),
            },
            Kind::Number { unit, limits } | Kind::Reading { unit, limits, .. } => limits.check(text, unit),
            Kind::Choice { choices } => chosen(choices, text).map(|choice| scoring(choice.points)),
            Kind::Multi { choices } => several(choices, text),
            Kind::Text | Kind::Barcode if text.is_empty() => Err("is empty; write something, or leave it open".into()),
            Kind::Text | Kind::Barcode => Ok(Verdict::default()),
            Kind::Date if is_day(text) => Ok(Verdict::default()),
            Kind::Date => Err(format!("\"{text}\" is no day; write it as 2026-03-31")),
            Kind::Photo | Kind::Signature if given.picture.is_none() => {
                Err(format!("\"{}\" wants a picture; take one and answer with it", self.text))
            }
            Kind::Photo | Kind::Signature => Ok(Verdict::default()),
            Kind::Rating { most } => match text.parse() {
                Ok(stars) if (1..=*most).contains(&stars) => Ok(scoring(stars)),
                _ => Err(format!("\"{text}\" is no rating; give 1 to {most}")),
            },
        }
    }

    /// The most an answer can score.
    pub(super) fn most_points(&self) -> i64 {
        let gains = |choices: &[Choice]| choices.iter().map(|choice| choice.points.max(0)).collect::<Vec<_>>();
        match &self.kind {
            Kind::YesNo { points } => (*points).max(0),
            Kind::Choice { choices } => gains(choices).into_iter().max().unwrap_or(0),
            Kind::Multi { choices } => gains(choices).into_iter().fold(0, i64::saturating_add),
            Kind::Rating { most } => *most,
            _ => 0,
        }
    }
}

fn scoring(points: i64) -> Verdict {
    Verdict { points, ..Verdict::default() }
}

fn chosen<'c>(choices: &'c [Choice], value: &str) -> Result<&'c Choice, String> {
    let offered = || choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", ");
    let found = choices.iter().find(|choice| choice.value == value);
    found.ok_or_else(|| format!("\"{value}\" is not among the choices; use one of {}", offered()))
}

fn several(choices: &[Choice], text: &str) -> Result<Verdict, String> {
    let values: BTreeSet<&str> = text.split(',').map(str::trim).collect();
    let points = values.into_iter().map(|value| chosen(choices, value).map(|choice| choice.points));
    Ok(scoring(points.collect::<Result<Vec<i64>, String>>()?.into_iter().fold(0, i64::saturating_add)))
}

fn is_day(text: &str) -> bool {
    text.len() == "2026-03-31".len() && Timestamp::parse(&format!("{text} 00:00:00")).is_some()
}

impl Limits {
    fn check(&self, text: &str, unit: &str) -> Result<Verdict, String> {
        let with_unit = |number: Decimal| format!("{number} {unit}").trim_end().to_owned();
        let number: Decimal = text.parse().map_err(|()| format!("\"{text}\" is no number; write it in digits"))?;
        let (less, more) = (|limit: &Decimal| number < *limit, |limit: &Decimal| number > *limit);
        let shown = with_unit(number);
        if let Some(limit) = self.lower.filter(less) {
            return Err(format!("{shown} is less than {}, which cannot be; read it again", with_unit(limit)));
        }
        if let Some(limit) = self.upper.filter(more) {
            return Err(format!("{shown} is more than {}, which cannot be; read it again", with_unit(limit)));
        }
        let low = self.normal_from.filter(less).map(|limit| format!("{shown} is below {}", with_unit(limit)));
        let high = || self.normal_to.filter(more).map(|limit| format!("{shown} is above {}", with_unit(limit)));
        let warning = low.or_else(high).map(|what| format!("{what}; say in a remark why, or what was done"));
        Ok(Verdict { warning, points: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: Kind) -> Question {
        Question { key: "q".into(), text: "Q".into(), kind, mandatory: false, show_if: None }
    }

    fn check(kind: Kind, text: &str) -> Result<Verdict, String> {
        question(kind).check(&Given { text, picture: None })
    }

    fn choices() -> Vec<Choice> {
        [("ok", 2), ("worn", 0), ("broken", -1)]
            .map(|(value, points)| Choice { value: value.into(), label: value.into(), points })
            .into()
    }

    #[test]
    fn a_hard_limit_refuses_and_what_is_not_normal_wants_a_remark() {
        let limits = Limits {
            lower: Some(Decimal::whole(0)),
            upper: Some(Decimal::whole(10)),
            normal_from: Some(Decimal::whole(1)),
            normal_to: Some(Decimal::whole(2)),
        };
        let number = || Kind::Number { unit: "bar".into(), limits };
        assert_eq!(check(number(), "1.4"), Ok(Verdict::default()));
        let warning = check(number(), "2.5").unwrap().warning.unwrap();
        assert!(warning.starts_with("2.5 bar is above 2 bar; say in a remark"), "{warning}");
        assert!(check(number(), "0.5").unwrap().warning.unwrap().contains("below 1 bar"));
        for (text, problem) in [
            ("11", "11 bar is more than 10 bar"),
            ("-1", "-1 bar is less than 0 bar"),
            ("1,4", "\"1,4\" is no number"),
            ("", "\"\" is no number"),
        ] {
            let error = check(number(), text).expect_err(problem);
            assert!(error.starts_with(problem), "{error}");
        }
    }

    #[test]
    fn each_kind_takes_what_fits_it_and_says_what_would() {
        for (kind, fits, fails, problem) in [
            (Kind::YesNo { points: 1 }, "yes", "maybe", "neither yes nor no"),
            (Kind::Choice { choices: choices() }, "worn", "gone", "use one of ok, worn, broken"),
            (Kind::Multi { choices: choices() }, "ok, broken", "ok,gone", "\"gone\" is not among the choices"),
            (Kind::Date, "2026-02-28", "2026-02-30", "is no day"),
            (Kind::Rating { most: 5 }, "5", "6", "give 1 to 5"),
            (Kind::Text, "cleaned", " ", "is empty"),
            (Kind::Barcode, "4006381333931", "", "is empty"),
        ] {
            assert!(check(kind.clone(), fits).is_ok(), "{fits}");
            let error = check(kind, fails).expect_err(problem);
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn a_picture_is_answered_with_a_picture() {
        let photo = question(Kind::Photo);
        assert!(photo.check(&Given { text: "done", picture: None }).unwrap_err().contains("wants a picture"));
        assert!(photo.check(&Given { text: "", picture: Some(BlobHash([1; 32])) }).is_ok());
        assert!(check(Kind::Section, "x").unwrap_err().contains("is a heading"));
    }

    #[test]
    fn points_add_up_and_a_choice_named_twice_counts_once() {
        assert_eq!(check(Kind::Multi { choices: choices() }, "ok,ok,broken").unwrap().points, 1);
        assert_eq!(question(Kind::Multi { choices: choices() }).most_points(), 2);
        assert_eq!(question(Kind::Choice { choices: choices() }).most_points(), 2);
        assert_eq!(check(Kind::Rating { most: 5 }, "3").unwrap().points, 3);
    }
}
