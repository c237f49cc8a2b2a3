//! Planning a dispatch group's day.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use fieldline_model::{DocumentId, Place, SysId, Value};
use fieldline_routing::{KnownWays, Source, Travel};
use fieldline_service::Call;
use fieldline_service::dispatch::{self, Ask, DispatchError, Wanted, Wish};
use fieldline_service::table::{self, Input};
use rand_core::TryRng;

use crate::district::{DEPOT, District, MENTON, NICE, at, refusal, unserved};
use crate::house::step;

fn text(record: &fieldline_model::Record, field: &str) -> String {
    record.get(field).map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_plan_is_published_as_the_dispatchers_edits_and_a_second_one_changes_nothing() {
    let mut district = District::new();
    let mia = district.house.mia.user;
    district.rosters(mia, 0, 8);
    let (nice, menton) = (district.site(NICE), district.site(MENTON));
    let (first, second) = (district.task(nice, &[]), district.task(menton, &[]));
    let report = district.plans();
    assert_eq!((report.planned.len(), report.published, report.unserved.len()), (2, 2, 0), "{report:?}");
    for task in [&first, &second] {
        let record = district.record(task);
        let planned = report.planned.iter().find(|one| one.task.sys_id == task.sys_id).unwrap();
        assert_eq!(record.reference("assigned_to"), Some(mia));
        assert_eq!(text(&record, "state"), "16");
        assert_eq!(record.time("expected_start"), Some(planned.times.expected_start));
        assert_eq!(record.time("estimated_end"), Some(planned.times.expected_start.plus_milliseconds(3_600_000)));
        assert_eq!(record.time("scheduled_travel_start"), Some(planned.times.scheduled_travel_start));
        assert_eq!(record.get("estimated_travel_duration"), Some(&Value::Integer(planned.times.travel_seconds)));
        let (dora, detail) = (district.house.dora.clone(), task.clone());
        let document = district.house.get(&dora, &detail).unwrap().projection_of_document.unwrap();
        assert_eq!(document.refused, []);
    }
    let authored = district.house.server.metrics.edits_authored.get();
    let again = district.tries(&Ask { seed: None, ..district.ask() }).unwrap();
    assert_eq!((again.published, again.planned.len()), (0, 2));
    assert!(again.planned.iter().all(|planned| planned.stands && !planned.changes));
    assert_eq!(district.house.server.metrics.edits_authored.get(), authored);
}

#[test]
fn a_dry_run_says_what_would_happen_and_does_nothing() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 8);
    let site = district.site(NICE);
    let task = district.task(site, &[]);
    let before = district.record(&task);
    let dry = district.tries(&Ask { dry_run: true, ..district.ask() }).unwrap();
    assert_eq!((dry.published, dry.planned[0].changes), (0, true));
    assert_eq!(district.record(&task), before);
    let wet = district.tries(&Ask { seed: Some(dry.seed), ..district.ask() }).unwrap();
    assert_eq!((wet.published, &wet.planned), (1, &dry.planned));
}

#[test]
fn what_cannot_be_planned_is_refused_by_name_and_the_rest_is_planned() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 8);
    let (site, nowhere) = (district.site(NICE), district.row("cmn_location", &[("name", "Nowhere")]));
    let (morning, noon) = (at(0).to_string(), at(4).to_string());
    let gone = SysId([9; 16]).to_string();
    let no_position = district.task(nowhere, &[]);
    let reversed = district.task(site, &[("window_start", &noon), ("window_end", &morning)]);
    let long =
        district.task(site, &[("estimated_work_duration", "90000"), ("window_start", &morning), ("window_end", &noon)]);
    let over = district.task(site, &[("window_end", &morning), ("is_fixed_window", "true")]);
    let unknown = district.task(site, &[("skills", &gone)]);
    let crew = district.task(site, &[("needs_crew", "true")]);
    let draft = district.task(site, &[("state", "1")]);
    let late = at(30).to_string();
    let later = district.task(site, &[("window_start", &late)]);
    let good = district.task(site, &[("estimated_work_duration", "")]);
    let report = district.plans();
    for (task, words) in [
        (&no_position, "has no position"),
        (&reversed, "is before window_start"),
        (&long, "takes 90000 seconds"),
        (&over, "which is over"),
        (&unknown, "cmn_skill does not have"),
        (&crew, "needs a crew"),
        (&draft, "is a draft"),
    ] {
        assert!(refusal(&report, task).is_some_and(|reason| reason.contains(words)), "{words}: {report:?}");
    }
    assert_eq!((report.refused.len(), report.later, report.published), (7, 1, 1));
    assert_eq!(report.planned[0].task.sys_id, good.sys_id);
    assert!(report.planned[0].notes[0].contains("3600 seconds were taken"), "{:?}", report.planned[0]);
    assert_eq!(text(&district.record(&later), "state"), "10");
}

#[test]
fn a_window_that_is_not_fixed_is_kept_where_that_can_be_and_missed_by_as_little_as_can_be() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 8);
    let site = district.site(DEPOT);
    let noon = at(1).to_string();
    let both: Vec<DocumentId> = (0..2).map(|_| district.task(site, &[("window_end", &noon)])).collect();
    let report = district.plans();
    assert_eq!((report.published, both.len()), (2, 2));
    let mut told: Vec<(_, &[String])> =
        report.planned.iter().map(|one| (one.times.expected_start, one.notes.as_slice())).collect();
    told.sort_unstable();
    assert_eq!((told[0], told[1].0), ((at(0), &[][..]), at(1)));
    assert!(told[1].1[0].contains("3600 seconds after its window"), "{told:?}");
    let fixed = district.task(site, &[("window_end", &noon), ("is_fixed_window", "true")]);
    let report = district.plans();
    assert!(unserved(&report, &fixed)[0].contains("would have to give way"), "{report:?}");
}

#[test]
fn an_unserved_task_is_explained_for_each_technician() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 2);
    district.rosters(leo, 0, 2);
    let (gas, site) = (district.skill("Gas"), district.site(DEPOT));
    district.learns(mia, gas);
    let gas = gas.to_string();
    let urgent = district.task(site, &[("skills", &gas), ("impact", "1"), ("urgency", "1")]);
    let long = district.task(site, &[("skills", &gas), ("estimated_work_duration", "7000")]);
    let report = district.plans();
    assert_eq!(district.record(&urgent).reference("assigned_to"), Some(mia), "the urgent one comes first");
    let number = text(&district.record(&urgent), "number");
    assert_eq!(
        unserved(&report, &long),
        [format!("has no room left; {number} would have to give way").as_str(), "lacks the skill Gas",]
    );
}

#[test]
fn rosters_are_kept_with_what_cuts_into_them_and_who_has_none_is_named() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 8);
    district.span(mia, "time_off", 1, 7);
    let group = district.group.to_string();
    district.row("sys_user_grmember", &[("user", &leo.to_string()), ("group", &group)]);
    let site = district.site(DEPOT);
    let tasks: Vec<DocumentId> = (0..3).map(|_| district.task(site, &[])).collect();
    let report = district.plans();
    let mut starts: Vec<_> = report.planned.iter().map(|planned| planned.times.expected_start).collect();
    starts.sort_unstable();
    assert_eq!(starts, [at(0), at(7)]);
    assert_eq!((report.unserved.len(), tasks.len()), (1, 3));
    assert_eq!(report.absent.len(), 1);
    assert!(report.absent[0].reason.contains("cmn_schedule_span"), "{:?}", report.absent);
    district.span(leo, "work", 0, 8);
    let report = district.plans();
    assert!(report.absent[0].reason.contains("wm_agent_schedule_attribute_plan"), "{:?}", report.absent);
}

#[test]
fn what_a_technician_has_in_hand_keeps_its_time_and_a_cancelled_task_only_makes_room() {
    let mut district = District::new();
    let mia = district.house.mia.clone();
    district.rosters(mia.user, 0, 4);
    let site = district.site(DEPOT);
    let tasks: Vec<DocumentId> = (0..5).map(|_| district.task(site, &[])).collect();
    let report = district.plans();
    assert_eq!((report.published, report.unserved.len()), (4, 1));
    let stands = |district: &mut District| {
        let record = |task| district.record(task);
        tasks
            .iter()
            .map(record)
            .map(|one| (one.reference("assigned_to"), one.time("expected_start")))
            .collect::<Vec<_>>()
    };
    let before = stands(&mut district);
    let left = tasks.iter().position(|task| !unserved(&report, task).is_empty()).unwrap();
    let cancelled = (left + 1) % tasks.len();
    let mut phone = district.house.phone(&mia);
    phone.sync(&mut district.house);
    let at_work = (left + 2) % tasks.len();
    for name in ["accept", "start_travel"] {
        let edit = phone.edit(district.house.now, &tasks[at_work], &[step(name)]);
        phone.push(&mut district.house, &[edit]);
    }
    let dora = district.house.dora.clone();
    district.house.update(&dora, &tasks[cancelled], &[("state", "7")]).unwrap();
    let report = district.plans();
    assert_eq!((report.published, report.unserved.len(), report.planned.len()), (1, 0, 4), "{report:?}");
    let after = stands(&mut district);
    for (task, (before, after)) in before.iter().zip(&after).enumerate().filter(|(task, _)| *task != left) {
        assert_eq!(before, after, "task {task} did not move");
    }
    assert_eq!(after[left], before[cancelled], "it takes the place of the cancelled one");
}

#[test]
fn a_task_handed_out_without_a_time_gets_one_with_its_technician_and_a_rejected_one_goes_to_another() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.clone(), district.house.leo.user);
    district.rosters(mia.user, 0, 8);
    district.rosters(leo, 0, 8);
    let site = district.site(NICE);
    let handed = district.task(site, &[("assigned_to", &leo.to_string()), ("state", "16")]);
    let rejected = district.task(site, &[("assigned_to", &mia.user.to_string()), ("state", "16")]);
    let mut phone = district.house.phone(&mia);
    phone.sync(&mut district.house);
    let reject = fieldline_documents::Act::Transition { step: "reject".into(), reason: Some("too_far".into()) };
    let edit = phone.edit(district.house.now, &rejected, &[reject]);
    phone.push(&mut district.house, &[edit]);
    let report = district.plans();
    assert_eq!(report.published, 2, "{report:?}");
    for task in [handed, rejected] {
        let record = district.record(&task);
        assert_eq!((record.reference("assigned_to"), text(&record, "state")), (Some(leo), "16".into()));
        assert!(record.time("expected_start").is_some());
    }
}

#[test]
fn technicians_are_ranked_for_one_task_with_what_is_in_the_way_of_the_others() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 8);
    district.rosters(leo, 0, 8);
    let (gas, nice) = (district.skill("Gas"), district.site(NICE));
    let standing = district.task(nice, &[]);
    district.plans();
    let near = district.record(&standing).reference("assigned_to").unwrap();
    let task = district.task(nice, &[]);
    let house = &mut district.house;
    let days = (at(0), 1);
    let found = dispatch::candidates(&house.server, &house.dora, task.sys_id, days, house.now, &mut house.rng).unwrap();
    let ranked: Vec<SysId> = found.candidates.iter().map(|one| one.technician.user).collect();
    assert_eq!(ranked[0], near, "who is in Nice anyway");
    let rooms: Vec<i64> = found.candidates.iter().map(|one| one.room.as_ref().unwrap().added_travel_seconds).collect();
    assert!(rooms[0] == 0 && rooms[1] > 1_800, "{rooms:?}");
    let special = district.task(nice, &[("skills", &gas.to_string())]);
    let house = &mut district.house;
    let found = dispatch::candidates(&house.server, &house.dora, special.sys_id, days, house.now, &mut house.rng);
    assert!(found.unwrap().candidates.iter().all(|one| one.reason.as_deref() == Some("lacks the skill Gas")));
}

#[test]
fn a_technician_is_where_the_last_task_ended() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.clone(), district.house.leo.user);
    district.rosters(mia.user, 0, 8);
    let nice = district.site(NICE);
    let first = district.task(nice, &[]);
    district.plans();
    district.rosters(leo, 0, 8);
    let mut phone = district.house.phone(&mia);
    phone.sync(&mut district.house);
    for (name, minutes) in [("accept", 0), ("start_travel", 0), ("arrive", 40), ("start_work", 0), ("complete", 60)] {
        district.house.wait(minutes * 60_000);
        let edit = phone.edit(district.house.now, &first, &[step(name)]);
        phone.push(&mut district.house, &[edit]);
    }
    let second = district.task(nice, &[]);
    let report = district.plans();
    let planned = report.planned.iter().find(|one| one.task.sys_id == second.sys_id).unwrap();
    assert_eq!((planned.technician.user, planned.times.travel_seconds), (mia.user, 0));
    assert_eq!(planned.times.expected_start, district.house.now);
}

#[test]
fn what_changes_while_the_search_is_on_is_left_alone_and_named() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 8);
    let site = district.site(NICE);
    let (called_off, good) = (district.task(site, &[]), district.task(site, &[]));
    let house = &mut district.house;
    let call_off = Input { fields: [("state".to_owned(), "7".to_owned())].into(), as_displayed: false };
    let mut meddler = Meddler(|| {
        let change = |call: &mut Call<'_>| table::update(call, "wm_task", called_off.sys_id, &call_off).map(drop);
        house.server.write(&house.dora, house.now, &mut house.rng, change).unwrap();
    });
    let ask = Ask { group: district.group, from: at(0), days: 1, iterations: 100, seed: None, dry_run: false };
    let report = dispatch::plan(&house.server, &house.dora, &ask, house.now, &mut meddler).unwrap();
    assert!(refusal(&report, &called_off).unwrap().starts_with("was changed while"), "{report:?}");
    assert_eq!((report.published, report.planned[0].task.sys_id), (1, good.sys_id));
    assert_eq!(text(&district.record(&called_off), "state"), "7");
}

#[test]
fn a_technician_who_is_given_something_else_while_the_search_is_on_gets_nothing_on_top() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user.to_string(), district.house.leo.user);
    district.rosters(district.house.mia.user, 0, 1);
    district.rosters(leo, 0, 1);
    let site = district.site(DEPOT);
    let tasks = [district.task(site, &[]), district.task(site, &[])];
    let noon = at(0).to_string();
    let elsewhere = district.task(site, &[("dispatch_group", "")]);
    let house = &mut district.house;
    let fields = [("assigned_to", mia), ("expected_start", noon), ("state", "16".to_owned())];
    let by_hand = Input { fields: fields.map(|(field, text)| (field.to_owned(), text)).into(), as_displayed: false };
    let mut meddler = Meddler(|| {
        let change = |call: &mut Call<'_>| table::update(call, "wm_task", elsewhere.sys_id, &by_hand).map(drop);
        house.server.write(&house.dora, house.now, &mut house.rng, change).unwrap();
    });
    let ask = Ask { group: district.group, from: at(0), days: 1, iterations: 100, seed: None, dry_run: false };
    let report = dispatch::plan(&house.server, &house.dora, &ask, house.now, &mut meddler).unwrap();
    assert_eq!((report.published, report.planned[0].technician.user), (1, leo));
    assert!(report.refused[0].reason.contains("its technician's day was changed"), "{report:?}");
    let states: Vec<String> = tasks.iter().map(|task| text(&district.record(task), "state")).collect();
    assert!(states.contains(&"16".to_owned()) && states.contains(&"10".to_owned()), "{states:?}");
}

#[test]
fn what_should_have_been_done_yesterday_is_still_to_be_done_today() {
    let mut district = District::new();
    let mia = district.house.mia.user;
    district.rosters(mia, 0, 2);
    let site = district.site(DEPOT);
    let yesterday = at(-20).to_string();
    let overdue = [("assigned_to", mia.to_string()), ("expected_start", yesterday), ("state", "16".to_owned())];
    let overdue: Vec<(&str, &str)> = overdue.iter().map(|(field, text)| (*field, text.as_str())).collect();
    district.task(site, &overdue);
    district.house.now = at(-1);
    let new = district.task(site, &[]);
    let report = district.tries(&Ask { from: at(-1), ..district.ask() }).unwrap();
    let starts: Vec<_> = report.planned.iter().map(|one| (one.stands, one.times.expected_start)).collect();
    assert_eq!((starts, report.published), (vec![(true, at(0)), (false, at(1))], 1));
    assert_eq!(report.planned[0].notes, ["cannot be reached by its scheduled start"]);
    assert_eq!(district.record(&new).time("expected_start"), Some(at(1)));
}

/// Chance that is asked for once everything is read; somebody does something just then.
struct Meddler<F>(F);

impl<F: FnMut()> TryRng for Meddler<F> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        (self.0)();
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(7);
        Ok(())
    }
}

#[test]
fn free_times_are_offered_beside_what_stands() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 4);
    let site = district.site(DEPOT);
    let from = at(1).to_string();
    let until = at(2).to_string();
    district.task(site, &[("window_start", &from), ("window_end", &until)]);
    district.plans();
    let place = Place::from_degrees(43.7384, 7.4246).unwrap();
    let wish = Wish { place, work_seconds: 3_600, skills: BTreeSet::new() };
    let house = &mut district.house;
    let (group, days) = (district.group, (at(0), 1));
    let mut ask = |wish: &Wish| {
        let wanted = Wanted::Wish { group, wish: wish.clone() };
        dispatch::slots(&house.server, &house.dora, &wanted, days, house.now, &mut house.rng)
    };
    let slots = ask(&wish).unwrap().slots;
    let hours: Vec<_> = slots.iter().map(|slot| (slot.slot_start, slot.slot_end)).collect();
    assert_eq!(hours, [(at(0), at(2)), (at(2), at(4))]);
    let begins: Vec<_> = slots.iter().map(|slot| slot.room.times.expected_start).collect();
    assert_eq!(begins, [at(0), at(2)], "the hour between is taken");
    let none = ask(&Wish { work_seconds: 3 * 3_600, ..wish.clone() }).unwrap();
    assert!(none.slots.is_empty() && none.in_the_way[0].reason.contains("(in hand)"), "{none:?}");
    let wrong = ask(&Wish { work_seconds: 0, ..wish }).unwrap_err().to_string();
    assert!(wrong.starts_with("work_seconds"), "{wrong}");
}

#[test]
fn only_a_dispatcher_plans_and_nonsense_is_named() {
    let mut district = District::new();
    let ask = district.ask();
    let house = &mut district.house;
    let denied = dispatch::plan(&house.server, &house.mia, &ask, house.now, &mut house.rng).unwrap_err();
    assert!(matches!(denied, DispatchError::Denied));
    for (ask, field) in [
        (Ask { days: 0, ..ask.clone() }, "days"),
        (Ask { iterations: u64::MAX, ..ask.clone() }, "iterations"),
        (Ask { group: SysId([7; 16]), ..ask }, "sys_user_group/0707"),
    ] {
        let wrong = district.tries(&ask).unwrap_err().to_string();
        assert!(wrong.contains(field), "{wrong}");
    }
    assert_eq!(district.plans().published, 0, "a group of nobody has nothing to do");
}

/// The road to Nice takes two hours today; nobody has measured the one to Menton.
#[test]
fn ways_on_roads_are_taken_where_there_are_roads_and_the_report_says_so() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 12);
    let place = |(latitude, longitude): (&str, &str)| {
        Place::from_degrees(latitude.parse().unwrap(), longitude.parse().unwrap()).unwrap()
    };
    let travel = Travel::new(2, [0, 7_200, 7_200, 0].into(), [0, 30_000, 30_000, 0].into()).unwrap();
    district.house.server.use_roads(Arc::new(KnownWays::new(vec![place(DEPOT), place(NICE)], travel).unwrap()));
    let (nice, menton) = (district.site(NICE), district.site(MENTON));
    district.task(nice, &[]);
    let dry = district.tries(&Ask { dry_run: true, ..district.ask() }).unwrap();
    assert_eq!(dry.planned[0].times.travel_seconds, 7_200);
    district.task(menton, &[]);
    let report = district.plans();
    assert_eq!([report.ways.get(&Source::Known), report.ways.get(&Source::GreatCircle)], [Some(&2), Some(&4)]);
}
