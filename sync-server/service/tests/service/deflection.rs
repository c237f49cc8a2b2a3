//! What knowledge spared the desk: three numbers, counted from what people did.

use fieldline_model::{DocumentId, SysId, Timestamp};
use fieldline_service::knowledge::deflection::{self, Activity, Ask, Outcome, What, visits_of};
use fieldline_service::knowledge::used::{self, Led};
use fieldline_service::{Call, Caller};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::house::House;

const MINUTE: i64 = 60_000;
const ALL: [What; 5] = [What::Search, What::View, What::Feedback, What::Praise, What::Case];

fn visitor() -> SysId {
    SysId([7; 16])
}

/// Walks through the minutes one after the other: when a visit is open, when it ends, and what was seen last.
fn naive(done: &[(i64, What)], window: i64, now: i64) -> Vec<(i64, Outcome)> {
    let mut visits = Vec::new();
    let mut open: Option<(i64, Option<What>, bool)> = None;
    for minute in 0..=400 {
        if let Some((from, last, case)) = open
            && minute == from + window
        {
            let outcome = match (case, last) {
                (true, _) => Outcome::NotDeflected,
                _ if now < minute => Outcome::Waiting,
                (_, Some(What::Praise)) => Outcome::Confirmed,
                _ => Outcome::Potential,
            };
            visits.push((from, outcome));
            open = None;
        }
        for what in ALL {
            for _ in done.iter().filter(|(at, done)| *at == minute && *done == what) {
                match (&mut open, what) {
                    (Some((_, _, case)), What::Case) => *case = true,
                    (Some((_, last, _)), what) => *last = Some(what),
                    (None, What::Case) => {}
                    (None, what) => open = Some((minute, Some(what), false)),
                }
            }
        }
    }
    visits
}

fn activity(at: i64, what: What, number: u8) -> Activity {
    Activity { at: Timestamp(at * MINUTE), what, row: DocumentId::new("row", SysId([number; 16])) }
}

#[test]
fn visits_end_as_walking_through_the_minutes_says() {
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    let mut draw = |below: u32| i64::from(dice.next_u32() % below);
    let mut seen = [0; 4];
    for _ in 0..3_000 {
        let (window, now) = (1 + draw(60), draw(360));
        let done: Vec<(i64, What)> = (0..draw(14)).map(|_| (draw(200), ALL[draw(5) as usize])).collect();
        let rows = done.iter().zip(0..).map(|((at, what), number)| activity(*at, *what, number)).collect();
        let visits = visits_of(visitor(), rows, window * MINUTE, Timestamp(now * MINUTE));
        let ours: Vec<(i64, Outcome)> = visits.iter().map(|visit| (visit.from.0 / MINUTE, visit.outcome)).collect();
        assert_eq!(ours, naive(&done, window, now), "{done:?}, window {window}, now {now}");
        for (_, outcome) in ours {
            seen[outcome as usize] += 1;
        }
        let kept: usize = visits.iter().map(|visit| visit.activities.len()).sum();
        assert!(kept <= done.len() && visits.iter().all(|visit| visit.activities[0].what != What::Case));
    }
    assert!(seen.iter().all(|times| *times > 200), "every outcome was drawn: {seen:?}");
}

#[test]
fn an_hour_later_or_another_window_is_told_apart() {
    let done = || vec![activity(0, What::View, 1), activity(10, What::Praise, 2), activity(60, What::Case, 3)];
    let ended =
        |window: i64, now: i64| visits_of(visitor(), done(), window * MINUTE, Timestamp(now * MINUTE))[0].outcome;
    assert_eq!(ended(60, 100), Outcome::Confirmed, "the case came when the window was over");
    assert_eq!(ended(61, 100), Outcome::NotDeflected);
    assert_eq!(ended(60, 59), Outcome::Waiting);
    assert_eq!(ended(10, 100), Outcome::Potential, "praise came when the window was over");
}

fn search(house: &mut House, who: &Caller, words: &str) -> SysId {
    house.server.write(who, house.now, &mut house.rng, |call| used::note_search(call, words, 1)).unwrap()
}

fn view(house: &mut House, who: &Caller, article: SysId) {
    let view = |call: &mut Call<'_>| used::note_view(call, article, Led::default());
    house.server.write(who, house.now, &mut house.rng, view).unwrap();
}

#[test]
fn each_number_has_its_visits_and_each_visit_its_rows() {
    let mut house = House::new();
    let (system, mia, leo, dora) = (house.server.system(), house.mia.clone(), house.leo.clone(), house.dora.clone());
    let fields = [("short_description", "Bleed a radiator"), ("workflow_state", "published")];
    let article = house.create(&system, "kb_knowledge", &fields).unwrap().record.id;
    let article_id = article.sys_id.to_string();
    let began = house.now;
    for who in [&mia, &leo, &dora] {
        search(&mut house, who, "radiator cold");
        view(&mut house, who, article.sys_id);
    }
    house.wait(5 * MINUTE);
    house.create(&mia, "kb_feedback", &[("article", &article_id), ("useful", "yes")]).unwrap();
    house.create(&leo, "incident", &[("short_description", "Radiator cold")]).unwrap();
    let ask = |house: &mut House, who: &Caller| {
        let ask = Ask { from: began, until: house.now, window_milliseconds: 60 * MINUTE };
        house.server.read(who, house.now, &mut house.rng, |call| deflection::visits(call, &ask))
    };
    let refused = ask(&mut house, &dora).expect_err("not for everybody").to_string();
    assert!(refused.contains("knowledge_manager"), "{refused}");
    let manager = house.person("kim", "Kim Knows", &["knowledge_manager"]);
    let outcomes = |house: &mut House| {
        let visits = ask(house, &manager).unwrap();
        let of = |who: &Caller| visits.iter().find(|visit| visit.visitor == who.user).map(|visit| visit.outcome);
        [of(&mia), of(&leo), of(&dora)]
    };
    let (waiting, not) = (Some(Outcome::Waiting), Some(Outcome::NotDeflected));
    assert_eq!(outcomes(&mut house), [waiting, not, waiting]);
    house.wait(55 * MINUTE);
    assert_eq!(outcomes(&mut house), [Some(Outcome::Confirmed), not, Some(Outcome::Potential)]);
    let visits = ask(&mut house, &manager).unwrap();
    let of_mia = visits.iter().find(|visit| visit.visitor == mia.user).unwrap();
    let tables: Vec<String> = of_mia.activities.iter().map(|done| done.row.table.to_string()).collect();
    assert_eq!(tables, ["ts_query_kb", "kb_use", "kb_feedback"]);
    let told = house.get(&system, &article).unwrap().record;
    assert_eq!(told.get("view_count").unwrap().to_string(), "3");
    assert_eq!(told.get("sys_mod_count").unwrap().to_string(), "0", "who reads changes nothing");
}

#[test]
fn an_article_is_attached_to_a_task_once_and_counted_as_used() {
    let mut house = House::new();
    let (system, mia, leo) = (house.server.system(), house.mia.clone(), house.leo.clone());
    let fields = [("short_description", "Bleed a radiator")];
    let article = house.create(&system, "kb_knowledge", &fields).unwrap().record.id;
    let (_, task) = house.job(mia.user, "Radiator");
    let attach = |house: &mut House, who: &Caller| {
        house.server.write(who, house.now, &mut house.rng, |call| used::attach(call, article.sys_id, task.sys_id))
    };
    assert!(attach(&mut house, &mia).is_err(), "a draft is not hers to see");
    house.update(&system, &article, &[("workflow_state", "published")]).unwrap();
    for _ in 0..2 {
        let attached = attach(&mut house, &mia).unwrap();
        assert_eq!(attached.get("use_count").unwrap().to_string(), "1");
    }
    assert!(attach(&mut house, &leo).is_err(), "the task is not his");
    assert_eq!(house.query(&system, "m2m_kb_task", "").len(), 1);
    let used = house.query(&system, "kb_use", "used=true");
    assert_eq!((used.len(), used[0].reference("task")), (1, Some(task.sys_id)));
    let notes = house.get(&system, &task).unwrap().projection_of_document.unwrap().work_notes;
    assert!(notes.last().unwrap().what.text.contains("Bleed a radiator"));
}
