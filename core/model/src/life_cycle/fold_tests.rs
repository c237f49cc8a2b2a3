//! The rule for each pair of concurrent steps, and the algebra: order, duplicates and forgeries do not matter.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::{Folded, LifeCycle, Refusal, Step, StepId};
use crate::dictionary::Dictionary;
use crate::id::{DeviceId, SysId};
use crate::time::Timestamp;
use crate::value::Value;

const MIA: u8 = 1;
const BEN: u8 = 2;
const OFFICE: u8 = 3;

fn task() -> &'static LifeCycle {
    Dictionary::shipped().life_cycle("work_order_task").expect("shipped")
}

fn id(device: u8, counter: u64) -> StepId {
    StepId { device: DeviceId([device; 16]), epoch: 0, counter, act: 0 }
}

/// A history written down as it happened: each step names what its author knew.
#[derive(Default)]
struct History(Vec<Step>);

impl History {
    fn step(&mut self, by: u8, name: &str, at: i64, after: &[StepId]) -> StepId {
        let id = id(by, self.0.len() as u64 + 1);
        let (name, reason) = (name.to_owned(), Some("other".to_owned()));
        self.0.push(Step { id, name, after: after.to_vec(), by: SysId([by; 16]), at: Timestamp(at * 1000), reason });
        id
    }

    /// The shortest way to a stage, which everybody knows of.
    fn upto(stage: &str) -> (Self, Vec<StepId>) {
        let mut ways: Vec<(String, Vec<&str>)> = vec![(task().initial.clone(), Vec::new())];
        let mut next = 0;
        while let Some((at, way)) = ways.get(next).cloned() {
            for rule in task().steps_from(&at) {
                if ways.iter().all(|(seen, _)| *seen != rule.to) {
                    ways.push((rule.to.clone(), way.iter().copied().chain([rule.name.as_str()]).collect()));
                }
            }
            next += 1;
        }
        let way = ways.into_iter().find(|(end, _)| end == stage).expect("every stage can be reached").1;
        let mut history = Self::default();
        let mut known = Vec::new();
        for (at, name) in way.into_iter().enumerate() {
            known = vec![history.step(OFFICE, name, at as i64, &known)];
        }
        (history, known)
    }
}

fn refused(folded: &Folded) -> Vec<(&str, String)> {
    let word = |refusal: &Refusal| match refusal {
        Refusal::NotFrom { stage } => format!("not from {stage}"),
        Refusal::WorkWasDone { stage } => format!("work was done: {stage}"),
        Refusal::AlreadyThere { stage, by } => format!("{stage} already by {}", by.0[0]),
        Refusal::UnknownStep => "unknown".into(),
    };
    folded.refused.iter().map(|refused| (refused.step.name.as_str(), word(&refused.refusal))).collect()
}

#[test]
fn every_named_pair_of_concurrent_steps_has_its_rule() {
    for (stage, mia, other, end, refusal) in [
        ("assigned", "accept", "cancel", "cancelled", None),
        ("accepted", "start_travel", "cancel", "cancelled", None),
        ("accepted", "start_work", "cancel", "work_in_progress", Some(("cancel", "work was done: work_in_progress"))),
        (
            "work_in_progress",
            "complete",
            "cancel",
            "closed_complete",
            Some(("cancel", "work was done: closed_complete")),
        ),
        (
            "on_site",
            "close_incomplete",
            "cancel",
            "closed_incomplete",
            Some(("cancel", "work was done: closed_incomplete")),
        ),
        ("work_in_progress", "pause", "cancel", "cancelled", None),
        ("assigned", "accept", "accept", "accepted", Some(("accept", "accepted already by 1"))),
        (
            "accepted",
            "start_work",
            "start_work",
            "work_in_progress",
            Some(("start_work", "work_in_progress already by 1")),
        ),
        ("assigned", "accept", "assign", "assigned", None),
        ("assigned", "reject", "assign", "assigned", None),
        ("assigned", "withdraw", "assign", "assigned", None),
        ("accepted", "start_travel", "assign", "assigned", None),
        ("accepted", "start_work", "assign", "work_in_progress", Some(("assign", "work was done: work_in_progress"))),
        (
            "on_site",
            "start_work",
            "withdraw",
            "work_in_progress",
            Some(("withdraw", "work was done: work_in_progress")),
        ),
        ("pending_dispatch", "assign", "assign", "assigned", None),
        ("pending_dispatch", "assign", "schedule", "assigned", Some(("schedule", "not from assigned"))),
        ("pending_dispatch", "assign", "cancel", "cancelled", None),
        ("assigned", "accept", "reject", "pending_dispatch", None),
        ("work_in_progress", "complete", "pause", "closed_complete", Some(("pause", "not from closed_complete"))),
        (
            "work_in_progress",
            "complete",
            "close_incomplete",
            "closed_complete",
            Some(("close_incomplete", "not from closed_complete")),
        ),
        (
            "work_in_progress",
            "complete",
            "complete",
            "closed_complete",
            Some(("complete", "closed_complete already by 1")),
        ),
        ("paused", "resume", "close_incomplete", "closed_incomplete", Some(("resume", "not from closed_incomplete"))),
        ("draft", "cancel", "cancel", "cancelled", Some(("cancel", "cancelled already by 1"))),
    ] {
        let (mut history, known) = History::upto(stage);
        history.step(MIA, mia, 100, &known);
        history.step(BEN, other, 101, &known);
        let folded = task().fold(history.0);
        assert_eq!(folded.stage, end, "{stage}: {mia} and {other}");
        let expected: Vec<(&str, String)> = refusal.map(|(step, why)| (step, why.to_owned())).into_iter().collect();
        assert_eq!(refused(&folded), expected, "{stage}: {mia} and {other}");
    }
}

#[test]
fn of_any_two_concurrent_steps_the_work_stands_and_the_furthest_is_followed() {
    for stage in &task().stages {
        let steps: Vec<_> = task().steps_from(&stage.name).collect();
        for (one, other) in steps.iter().flat_map(|one| steps.iter().map(move |other| (one, other))) {
            let (mut history, known) = History::upto(&stage.name);
            history.step(MIA, &one.name, 200, &known);
            history.step(BEN, &other.name, 100, &known);
            let folded = task().fold(history.0);
            let does_work = |name: &str| task().stage(name).expect("declared").work;
            let worked = !stage.work && (does_work(&one.to) || does_work(&other.to));
            let pair = format!("{}: {} and {}", stage.name, one.name, other.name);
            assert!(!worked || does_work(&folded.stage), "{pair} lost the work");
            let furthest = [one, other].into_iter().max_by_key(|rule| task().rank_of_step(&rule.name)).expect("two");
            assert!(folded.accepted.iter().any(|step| step.name == furthest.name), "{pair} ended as {}", folded.stage);
        }
    }
}

#[test]
fn a_whole_day_offline_beats_the_cancel_it_did_not_see_and_bows_to_the_one_it_saw() {
    let (mut history, known) = History::upto("accepted");
    let started = history.step(MIA, "start_work", 10, &known);
    let paused = history.step(MIA, "pause", 20, &[started]);
    let resumed = history.step(MIA, "resume", 30, &[paused]);
    let cancelled = history.step(OFFICE, "cancel", 5, &known);
    history.step(MIA, "complete", 40, &[resumed]);
    let folded = task().fold(history.0.clone());
    assert_eq!(folded.stage, "closed_complete");
    assert_eq!(refused(&folded), [("cancel", "work was done: closed_complete".into())]);

    history.0.retain(|step| step.name != "complete" && step.id != cancelled);
    history.step(OFFICE, "cancel", 50, &[started]);
    assert_eq!(task().fold(history.0).stage, "cancelled");
}

#[test]
fn of_two_accepts_the_earlier_counts_even_when_the_later_ones_journey_is_known() {
    let (mut history, known) = History::upto("assigned");
    let accepted = history.step(BEN, "accept", 50, &known);
    history.step(BEN, "start_travel", 51, &[accepted]);
    history.step(MIA, "accept", 60, &known);
    let folded = task().fold(history.0);
    assert_eq!(folded.stage, "en_route");
    assert_eq!(refused(&folded), [("accept", "accepted already by 2".into())]);
}

#[test]
fn the_same_step_taken_again_by_the_same_person_on_another_device_is_nobodys_conflict() {
    let (mut history, known) = History::upto("assigned");
    history.step(MIA, "accept", 50, &known);
    let mut again = history.0.last().expect("just made").clone();
    again.id = id(9, 1);
    history.0.push(again);
    let folded = task().fold(history.0);
    assert_eq!((folded.stage.as_str(), folded.repeated.len(), folded.refused.len()), ("accepted", 1, 0));
}

#[test]
fn reopening_is_heard_before_a_close_that_had_not_seen_it() {
    let incident = Dictionary::shipped().life_cycle("incident").expect("shipped");
    let mut history = History::default();
    let resolved = history.step(OFFICE, "resolve", 1, &[]);
    history.step(OFFICE, "close", 2, &[resolved]);
    history.step(MIA, "reopen", 3, &[resolved]);
    let folded = incident.fold(history.0);
    assert_eq!(folded.stage, "in_progress");
    let table = Dictionary::shipped().table("incident").expect("shipped");
    let facts = incident.facts(table, &folded);
    assert_eq!(facts.get("reopen_count"), Some(&Value::Integer(1)));
    assert_eq!(facts.get("last_reopened_by"), Some(&Value::Reference(SysId([MIA; 16]))));
    assert_eq!((facts.get("resolved_at"), facts.get("closed_at")), (None, None));
}

#[test]
fn facts_keep_the_times_the_reason_and_the_work_without_its_pauses() {
    let (mut history, known) = History::upto("en_route");
    let started = history.step(MIA, "start_work", 1000, &known);
    let paused = history.step(MIA, "pause", 1060, &[started]);
    let table = Dictionary::shipped().table("wm_task").expect("shipped");
    let facts = task().facts(table, &task().fold(history.0.clone()));
    assert_eq!(facts.get("sub_state"), Some(&Value::text("paused")));
    assert_eq!(facts.get("pause_reason"), Some(&Value::text("other")));
    let resumed = history.step(MIA, "resume", 5000, &[paused]);
    history.step(MIA, "complete", 5030, &[resumed]);
    let facts = task().facts(table, &task().fold(history.0));
    assert_eq!(facts.get("state"), Some(&Value::Integer(3)));
    assert_eq!(facts.get("active"), Some(&Value::Boolean(false)));
    assert_eq!(facts.get("actual_work_duration"), Some(&Value::Integer(90)));
    assert_eq!(facts.get("work_start"), Some(&Value::Time(Timestamp(1_000_000))));
    assert_eq!(facts.get("work_end"), Some(&Value::Time(Timestamp(5_030_000))));
    assert_eq!((facts.get("sub_state"), facts.get("pause_reason")), (None, None));
}

/// Steps as only a forger could make them: circles, missing predecessors, unknown names, one identity twice.
fn hostile_steps() -> impl Strategy<Value = Vec<Step>> {
    let names: Vec<String> = task().steps.iter().map(|rule| rule.name.clone()).chain(["fly".to_owned()]).collect();
    let step_id = || (0..3_u8, 0..8_u64).prop_map(|(device, counter)| id(device, counter));
    let step = (step_id(), prop::sample::select(names), prop::collection::vec(step_id(), 0..3), 0..3_u8, 0..6_i64);
    let step = step.prop_map(|(id, name, after, by, at)| Step {
        id,
        name,
        after,
        by: SysId([by; 16]),
        at: Timestamp(at),
        reason: None,
    });
    prop::collection::vec(step, 0..20)
}

/// Steps as honest devices make them: each knows only of earlier ones.
fn honest_steps() -> impl Strategy<Value = Vec<Step>> {
    let rule = prop::sample::select(task().steps.clone());
    let step = (rule, prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..4_u8, 0..6_i64);
    prop::collection::vec(step, 0..20).prop_map(|drawn| {
        let mut history = History::default();
        for (number, (rule, after, by, at)) in drawn.into_iter().enumerate() {
            let known = after.iter().filter(|_| number > 0);
            let known: Vec<StepId> = known.map(|index| history.0[index.index(number)].id).collect();
            history.step(by, &rule.name, at, &known);
        }
        history.0
    })
}

/// What the author of each step knew, found the slow way.
fn ancestors(steps: &[Step], of: StepId) -> Vec<StepId> {
    let mut found = vec![of];
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        let after = steps.iter().filter(|step| step.id == id).flat_map(|step| step.after.iter().copied());
        let fresh: Vec<StepId> = after.filter(|id| !found.contains(id)).collect();
        found.extend(fresh);
        next += 1;
    }
    found
}

proptest! {
    #[test]
    fn the_fold_is_the_same_for_every_order_of_arrival_and_for_duplicates(
        (steps, shuffled) in hostile_steps().prop_flat_map(|steps| {
            let twice: Vec<Step> = steps.iter().chain(&steps).cloned().collect();
            (Just(steps), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(task().fold(steps), task().fold(shuffled));
    }

    #[test]
    fn every_step_is_judged_once_and_every_followed_step_leads_on(steps in hostile_steps()) {
        let ids: std::collections::BTreeSet<StepId> = steps.iter().map(|step| step.id).collect();
        let folded = task().fold(steps);
        prop_assert_eq!(folded.accepted.len() + folded.refused.len() + folded.repeated.len(), ids.len());
        let mut stage = &task().initial;
        for step in &folded.accepted {
            let rule = task().step(&step.name).expect("followed steps are known");
            prop_assert!(rule.from.contains(stage));
            stage = &rule.to;
        }
        prop_assert_eq!(stage, &folded.stage);
    }

    #[test]
    fn no_step_undoes_work_that_its_author_had_not_seen(steps in honest_steps()) {
        let folded = task().fold(steps.clone());
        let does_work = |stage: &str| task().stage(stage).is_some_and(|stage| stage.work);
        let (mut stage, mut began) = (task().initial.clone(), None);
        for step in &folded.accepted {
            let to = &task().step(&step.name).expect("followed steps are known").to;
            if does_work(&stage) && !does_work(to) {
                let began = began.expect("a stage of work was entered");
                prop_assert!(ancestors(&steps, step.id).contains(&began), "{} undid unseen work", step.name);
            }
            if !does_work(&stage) && does_work(to) {
                began = Some(step.id);
            }
            stage.clone_from(to);
        }
    }

    #[test]
    fn whoever_is_told_that_somebody_was_first_had_not_known(steps in honest_steps()) {
        let folded = task().fold(steps.clone());
        for refused in &folded.refused {
            if let Refusal::AlreadyThere { stage, by } = &refused.refusal {
                let known = ancestors(&steps, refused.step.id);
                let leads = |step: &&Step| task().step(&step.name).is_some_and(|rule| rule.to == *stage);
                let first = folded.accepted.iter().filter(leads).find(|step| step.by == *by && !known.contains(&step.id));
                prop_assert!(first.is_some() && *by != refused.step.by);
            }
        }
    }
}

#[test]
fn five_thousand_hostile_steps_are_judged_at_once() {
    let names = ["start_work", "pause", "resume", "complete", "cancel", "fly"];
    let mut history = History::default();
    for number in 0..5_000_u64 {
        let around = [number.wrapping_mul(7919) % 5_000, number.wrapping_mul(104_729) % 5_000, number + 1];
        let after = around.map(|counter| id(MIA, counter + 1));
        history.step(MIA, names[number as usize % names.len()], (number % 17) as i64, &after);
    }
    let folded = task().fold(history.0);
    assert_eq!(folded.accepted.len() + folded.refused.len() + folded.repeated.len(), 5_000);

    let mut chain = History::default();
    let mut known = vec![chain.step(MIA, "take", 0, &[])];
    known = vec![chain.step(MIA, "start_work", 0, &known)];
    for number in 0..5_000 {
        known = vec![chain.step(MIA, if number % 2 == 0 { "pause" } else { "resume" }, number, &known)];
    }
    assert_eq!(task().fold(chain.0).accepted.len(), 5_002);
}
