//! Points: how much each failure costs, exactly.
//!
//! A metric measures so many things, of which so many fail; the share that fails, by the weights of the metric in its KPI and of
//! the KPI in the whole, is lost. Points are counted in millionths. What a metric loses is spread over its failures, the first of
//! them carrying one millionth more where it does not divide, so that what is lost adds up to 100 less the score. A metric that
//! measures nothing loses nothing.

use std::collections::BTreeMap;

use serde::Serialize;

/// The whole, in millionths of a point.
pub const WHOLE: i64 = 100_000_000;

/// What health is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kpi {
    /// Fields are filled.
    Completeness,
    /// Items are what they seem.
    Correctness,
    /// Items are as they are expected to be.
    Compliance,
    /// Relations are what they seem.
    Relationships,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mandatory fields are filled.
    Required,
    /// Recommended fields are filled.
    Recommended,
    /// Items are no orphans.
    Orphan,
    /// Items were changed lately.
    Stale,
    /// Items are there once.
    Duplicate,
    /// Items hold the expected values.
    Audit,
    /// Relations are there once.
    DuplicateRelation,
    /// Relations have both ends.
    OrphanRelation,
    /// Relations have ends that were changed lately.
    StaleRelation,
}

impl Kpi {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Completeness, Self::Correctness, Self::Compliance, Self::Relationships];

    /// Its word.
    pub fn word(self) -> &'static str {
        ["completeness", "correctness", "compliance", "relationships"][self as usize]
    }

    /// Its metrics.
    pub fn metrics(self) -> impl Iterator<Item = Metric> {
        Metric::ALL.into_iter().filter(move |metric| metric.kpi() == self)
    }
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Required,
        Self::Recommended,
        Self::Orphan,
        Self::Stale,
        Self::Duplicate,
        Self::Audit,
        Self::DuplicateRelation,
        Self::OrphanRelation,
        Self::StaleRelation,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        [
            "required",
            "recommended",
            "orphan",
            "stale",
            "duplicate",
            "audit",
            "duplicate_relation",
            "orphan_relation",
            "stale_relation",
        ][self as usize]
    }

    /// What it is a part of.
    pub fn kpi(self) -> Kpi {
        match self {
            Self::Required | Self::Recommended => Kpi::Completeness,
            Self::Orphan | Self::Stale | Self::Duplicate => Kpi::Correctness,
            Self::Audit => Kpi::Compliance,
            Self::DuplicateRelation | Self::OrphanRelation | Self::StaleRelation => Kpi::Relationships,
        }
    }
}

/// How much each part contributes, in per cent of what it is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    kpis: BTreeMap<Kpi, i64>,
    metrics: BTreeMap<Metric, i64>,
}

impl Default for Weights {
    fn default() -> Self {
        let metrics = Metric::ALL.into_iter().zip([60, 40, 34, 33, 33, 100, 34, 33, 33]);
        Self { kpis: Kpi::ALL.into_iter().map(|kpi| (kpi, 25)).collect(), metrics: metrics.collect() }
    }
}

impl Weights {
    /// Takes the contributions to one sum: of `overall` its KPIs, of a KPI its metrics.
    ///
    /// # Errors
    /// When one is missing or unknown, or they do not add up to 100.
    pub fn take(&mut self, of: &str, text: &str) -> Result<(), String> {
        let mut given = read(text)?;
        let mut next = |word: &str| {
            given.remove(word).ok_or_else(|| format!("{word} is missing; say {word}=0 if it does not count"))
        };
        match Kpi::ALL.into_iter().find(|kpi| kpi.word() == of) {
            Some(kpi) => {
                for metric in kpi.metrics() {
                    self.metrics.insert(metric, next(metric.word())?);
                }
            }
            None => {
                for kpi in Kpi::ALL {
                    self.kpis.insert(kpi, next(kpi.word())?);
                }
            }
        }
        match given.keys().next() {
            Some(unknown) => Err(format!("\"{unknown}\" is no part of {of}")),
            None => Ok(()),
        }
    }

    /// How much of the whole a metric is, in ten-thousandths.
    fn of(&self, metric: Metric) -> i64 {
        self.kpis.get(&metric.kpi()).unwrap_or(&0) * self.metrics.get(&metric).unwrap_or(&0)
    }

    /// How much of its KPI a metric is, in ten-thousandths.
    fn within(&self, metric: Metric) -> i64 {
        100 * self.metrics.get(&metric).unwrap_or(&0)
    }
}

/// Words with whole numbers that add up to 100.
fn read(text: &str) -> Result<BTreeMap<String, i64>, String> {
    let mut given = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (word, number) = part.split_once('=').ok_or_else(|| format!("\"{part}\" is not written as name=number"))?;
        let number = number.trim().parse::<u8>().ok().filter(|number| *number <= 100);
        let number = number.ok_or_else(|| format!("\"{part}\" does not name a whole number from 0 to 100"))?;
        if given.insert(word.trim().to_owned(), i64::from(number)).is_some() {
            return Err(format!("{} is there twice", word.trim()));
        }
    }
    match given.values().sum::<i64>() {
        100 => Ok(given),
        sum => Err(format!("the contributions add up to {sum}, not to 100")),
    }
}

/// How many things each metric measured, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// By [`Metric`].
    pub tested: [u32; 9],
    /// By [`Metric`].
    pub failed: [u32; 9],
}

impl Counts {
    /// Counts something that was measured.
    pub(super) fn test(&mut self, metric: Metric) {
        self.tested[metric as usize] += 1;
    }

    /// Counts a failure.
    pub(super) fn fail(&mut self, metric: Metric) {
        self.failed[metric as usize] += 1;
    }

    /// Adds others.
    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.tested.iter_mut().zip(other.tested).chain(self.failed.iter_mut().zip(other.failed)) {
            *own += other;
        }
    }
}

/// A score in millionths of a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Of the whole.
    pub overall: i64,
    /// Of each KPI for itself.
    pub kpis: BTreeMap<Kpi, i64>,
    /// What each metric takes from the whole; those that take nothing are left out.
    pub lost: BTreeMap<Metric, i64>,
}

impl Score {
    /// What counts come to.
    pub fn of(counts: &Counts, weights: &Weights) -> Self {
        let lost = Metric::ALL.into_iter().map(|metric| (metric, share(counts, metric, weights.of(metric))));
        let lost: BTreeMap<Metric, i64> = lost.filter(|(_, lost)| *lost > 0).collect();
        let kpi = |kpi: Kpi| WHOLE - kpi.metrics().map(|one| share(counts, one, weights.within(one))).sum::<i64>();
        let kpis = Kpi::ALL.into_iter().map(|one| (one, kpi(one))).collect();
        Self { overall: WHOLE - lost.values().sum::<i64>(), kpis, lost }
    }

    /// What one of a metric's failures costs: the `place`-th of so many.
    pub fn cost(&self, metric: Metric, place: u32, failed: u32) -> i64 {
        let lost = self.lost.get(&metric).copied().unwrap_or(0);
        let failed = i64::from(failed.max(1));
        lost / failed + i64::from(i64::from(place) < lost % failed)
    }
}

/// The part of the whole that a metric loses, rounded down.
fn share(counts: &Counts, metric: Metric, ten_thousandths: i64) -> i64 {
    let (tested, failed) = (counts.tested[metric as usize], counts.failed[metric as usize]);
    if tested == 0 {
        return 0;
    }
    let lost = i128::from(WHOLE) * i128::from(ten_thousandths) * i128::from(failed) / (10_000 * i128::from(tested));
    i64::try_from(lost).unwrap_or(WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_do_not_add_up_to_a_hundred_are_refused_in_words() {
        for (of, text, problem) in [
            ("completeness", "required=60,recommended=30", "add up to 90"),
            ("completeness", "required=100", "recommended is missing"),
            ("completeness", "required=60,recommended=40,orphan=0", "\"orphan\" is no part"),
            ("completeness", "required=60,required=40", "twice"),
            ("completeness", "required=-60,recommended=160", "whole number"),
            ("overall", "completeness=100", "correctness is missing"),
        ] {
            let refused = Weights::default().take(of, text).unwrap_err();
            assert!(refused.contains(problem), "{text}: {refused}");
        }
        let mut weights = Weights::default();
        weights.take("completeness", "required=25, recommended=75").unwrap();
        weights.take("overall", "completeness=40,correctness=30,compliance=30,relationships=0").unwrap();
        assert_eq!((weights.of(Metric::Required), weights.of(Metric::StaleRelation)), (1_000, 0));
    }

    #[test]
    fn the_points_of_all_failures_add_up_to_what_is_lost() {
        let counts = Counts { tested: [7, 3, 11, 13, 9, 2, 5, 5, 5], failed: [3, 1, 7, 13, 4, 1, 0, 2, 3] };
        let score = Score::of(&counts, &Weights::default());
        let costs = Metric::ALL.into_iter().flat_map(|metric| {
            let failed = counts.failed[metric as usize];
            let score = score.clone();
            (0..failed).map(move |place| score.cost(metric, place, failed))
        });
        assert_eq!(costs.sum::<i64>(), WHOLE - score.overall);
        assert_eq!(score.kpis[&Kpi::Compliance], 50_000_000);
    }
}
