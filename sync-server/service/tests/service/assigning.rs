//! Crews, order, territories and assignments by hand or by themselves.

use fieldline_model::{DocumentId, SysId, Timestamp};
use fieldline_service::dispatch::report::Assigned;
use fieldline_service::dispatch::{self, Assignment, Wanted};

use crate::district::{DEPOT, District, HOUR, MENTON, NICE, at, refusal, unserved};

fn text(record: &fieldline_model::Record, field: &str) -> String {
    record.get(field).map(ToString::to_string).unwrap_or_default()
}

fn assign(district: &mut District, wanted: &Assignment) -> Assigned {
    let house = &mut district.house;
    let days = (house.now, 1);
    dispatch::assign(&house.server, &house.dora, wanted, days, house.now, &mut house.rng).unwrap()
}

fn by_hand(task: &DocumentId, technician: SysId, start: Option<Timestamp>, force: bool) -> Assignment {
    Assignment { task: task.sys_id, technician: Some(technician), start, force }
}

/// What checking an assignment says, by its words for rules.
fn rules(district: &mut District, task: &DocumentId, user: SysId, start: Option<Timestamp>) -> Vec<&'static str> {
    let house = &mut district.house;
    let asked = (task.sys_id, user, start);
    let checked = dispatch::check(&house.server, &house.dora, asked, house.now, &mut house.rng).unwrap();
    checked.violations.iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_crew_is_sent_together_and_none_of_them_anywhere_else_meanwhile() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 2);
    district.rosters(leo, 0, 2);
    let site = district.site(DEPOT);
    let both = district.task(site, &[("needs_crew", "true"), ("crew_size", "2"), ("impact", "1"), ("urgency", "1")]);
    let one = district.task(site, &[]);
    let third = district.task(site, &[("estimated_work_duration", "7200")]);
    let report = district.plans();
    let planned = report.planned.iter().find(|planned| planned.task.sys_id == both.sys_id).unwrap();
    assert_eq!((planned.technician.name.as_str(), planned.crew.len()), ("Leo Lang", 1));
    let record = district.record(&both);
    assert_eq!(
        (record.reference("assigned_to"), record.references("additional_assignee_list")),
        (Some(leo), vec![mia])
    );
    assert!(district.record(&one).reference("assigned_to").is_some());
    assert_eq!(unserved(&report, &third).len(), 2, "nobody has two hours left");
    let again = district.plans();
    assert_eq!((again.published, again.planned.len()), (0, 3), "the crew stands, once for each: {again:?}");

    let unsaid = district.task(site, &[("needs_crew", "true")]);
    assert!(refusal(&district.plans(), &unsaid).unwrap().contains("fill in crew_size"));
}

#[test]
fn a_crew_is_offered_hours_and_assigned_by_itself_when_all_of_it_is_free() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 4);
    district.rosters(leo, 2, 8);
    let site = district.site(DEPOT);
    let both = district.task(site, &[("needs_crew", "true"), ("crew_size", "2")]);
    let house = &mut district.house;
    let (wanted, days) = (Wanted::Task(both.sys_id), (house.now, 1));
    let slots = dispatch::slots(&house.server, &house.dora, &wanted, days, house.now, &mut house.rng).unwrap().slots;
    let told: Vec<_> = slots.iter().map(|slot| (slot.slot_start, &*slot.technician.name, slot.crew.len())).collect();
    assert_eq!(told, [(at(2), "Leo Lang", 1)], "one has gone home before, the other not come yet");
    let assigned = assign(&mut district, &Assignment { technician: None, ..by_hand(&both, mia, None, false) });
    assert_eq!(assigned.crew.iter().map(|who| who.user).collect::<Vec<_>>(), [mia], "{assigned:?}");
    let record = district.record(&both);
    let held_by = (record.reference("assigned_to"), record.references("additional_assignee_list"));
    assert_eq!((held_by, record.time("expected_start")), ((Some(leo), vec![mia]), Some(at(2))));

    let more = district.task(site, &[("needs_crew", "true"), ("crew_size", "2"), ("estimated_work_duration", "7200")]);
    let none = assign(&mut district, &Assignment { technician: None, ..by_hand(&more, mia, None, false) });
    let reasons: Vec<&str> = none.in_the_way.iter().map(|way| way.reason.as_str()).collect();
    assert!(!none.is_assigned && reasons.contains(&"has room, but not together with 1 more"), "{reasons:?}");
}

#[test]
fn what_comes_after_something_is_planned_after_it() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 8);
    district.rosters(district.house.leo.user, 0, 8);
    let (near, far) = (district.site(DEPOT), district.site(NICE));
    let (second, first) = (district.task(near, &[]), district.task(far, &[]));
    let (up, down) = (first.sys_id.to_string(), second.sys_id.to_string());
    district.row("wm_task_dependency", &[("upstream_task", &up), ("downstream_task", &down), ("lag_seconds", "600")]);
    let report = district.plans();
    assert_eq!(report.published, 2, "{report:?}");
    let (ends, begins) = (
        district.record(&first).time("estimated_end").unwrap(),
        district.record(&second).time("expected_start").unwrap(),
    );
    assert!(ends.plus_milliseconds(600_000) <= begins, "{ends} {begins}");
}

#[test]
fn what_comes_after_something_without_a_time_waits_for_it() {
    let mut district = District::new();
    district.rosters(district.house.mia.user, 0, 8);
    let near = district.site(DEPOT);
    let (waits, draft) = (district.task(near, &[]), district.task(near, &[("state", "1")]));
    let (up, down) = (draft.sys_id.to_string(), waits.sys_id.to_string());
    district.row("wm_task_dependency", &[("upstream_task", &up), ("downstream_task", &down)]);
    let reason = refusal(&district.plans(), &waits).map(str::to_owned).unwrap();
    assert!(reason.contains("neither planned nor has a time"), "{reason}");
}

#[test]
fn a_locked_schedule_is_left_alone_and_technicians_are_wanted_needed_or_excluded() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 8);
    district.rosters(leo, 0, 8);
    let site = district.site(DEPOT);
    let locked = district.task(site, &[("schedule_lock", "true")]);
    let (mia_text, leo_text) = (mia.to_string(), leo.to_string());
    let needed = district.task(site, &[("required_agents", &leo_text)]);
    let excluded = district.task(site, &[("excluded_agents", &leo_text)]);
    let wanted: Vec<DocumentId> = (0..3).map(|_| district.task(site, &[("preferred_agents", &mia_text)])).collect();
    let report = district.plans();
    assert!(refusal(&report, &locked).unwrap().contains("locked"));
    let mut who = |task: &DocumentId| district.record(task).reference("assigned_to");
    assert_eq!((who(&needed), who(&excluded)), (Some(leo), Some(mia)));
    assert!(wanted.iter().all(|task| who(task) == Some(mia)), "a wish holds where it costs little");
}

#[test]
fn a_territory_is_served_by_its_members_the_primary_ones_first() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 8);
    district.rosters(leo, 0, 8);
    let west = r#"{"type":"Polygon","coordinates":[[[7.2,43.6],[7.3,43.6],[7.3,43.8],[7.2,43.8],[7.2,43.6]]]}"#;
    let west = district.row("sn_tp_territory", &[("name", "West"), ("geography", west)]).to_string();
    let menton = district.site(MENTON);
    let east = district.row("sn_tp_territory", &[("name", "East"), ("locations", &menton.to_string())]).to_string();
    let member = "sn_tp_territory_membership_override";
    district.row(member, &[("territory", &west), ("user", &mia.to_string())]);
    district.row(member, &[("territory", &west), ("user", &leo.to_string()), ("type", "secondary")]);
    district.row(member, &[("territory", &east), ("user", &leo.to_string())]);
    let nice = district.site(NICE);
    let (in_the_west, in_the_east) = (district.task(nice, &[]), district.task(menton, &[]));
    assert!(rules(&mut district, &in_the_east, mia, None).contains(&"territory"));
    district.plans();
    assert_eq!(district.record(&in_the_west).reference("assigned_to"), Some(mia));
    assert_eq!(district.record(&in_the_east).reference("assigned_to"), Some(leo));
    let system = district.house.server.system();
    let refused = district.house.create(&system, "sn_tp_territory", &[("name", "Nowhere"), ("geography", "{}")]);
    assert!(refused.unwrap_err().to_string().contains("GeoJSON"));
}

#[test]
fn an_assignment_by_hand_says_what_it_goes_against_and_is_made_all_the_same_if_that_is_said() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 4);
    let (gas, site) = (district.skill("Gas"), district.site(NICE));
    let gas = gas.to_string();
    let (morning, noon) = (at(1).to_string(), at(3).to_string());
    let window = [("window_start", &*morning), ("window_end", &*noon), ("skills", &*gas)];
    let task = district.task(site, &window);
    assert_eq!(rules(&mut district, &task, leo, None), ["group", "skill"]);
    assert_eq!(rules(&mut district, &task, mia, Some(at(0))), ["skill", "window"]);
    assert_eq!(rules(&mut district, &task, mia, Some(at(6))), ["skill", "window", "working_hours"]);
    let told = assign(&mut district, &by_hand(&task, mia, Some(at(1)), false));
    assert_eq!((told.is_assigned, text(&district.record(&task), "state")), (false, "10".into()));

    let told = assign(&mut district, &by_hand(&task, mia, Some(at(1)), true));
    assert!(told.is_assigned && told.times.is_some_and(|times| times.travel_seconds > 600), "{:?}", told.violations);
    let record = district.record(&task);
    assert_eq!((record.reference("assigned_to"), record.time("expected_start")), (Some(mia), Some(at(1))));
    let dora = district.house.dora.clone();
    let notes = district.house.get(&dora, &task).unwrap().projection_of_document.unwrap().work_notes;
    assert!(notes[0].what.text.contains("although: lacks the skill Gas"), "{notes:?}");

    let second = district.task(district.depot, &[]);
    let soon = at(1).plus_milliseconds(HOUR + 60_000);
    assert_eq!(rules(&mut district, &second, mia, Some(soon)), ["overlap"], "the way back from Nice takes longer");
    assert_eq!(rules(&mut district, &second, mia, Some(at(0))), ["overlap"], "and so does the way there");
    assert_eq!(rules(&mut district, &second, mia, Some(at(3))), [""; 0]);
}

#[test]
fn a_locked_task_is_reassigned_by_force_and_stays_locked() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 8);
    district.rosters(leo, 0, 8);
    let task = district.task(district.depot, &[]);
    assert!(assign(&mut district, &by_hand(&task, mia, None, false)).is_assigned);
    let dora = district.house.dora.clone();
    district.house.update(&dora, &task, &[("schedule_lock", "true")]).unwrap();
    assert_eq!(rules(&mut district, &task, leo, None), ["schedule_lock"]);
    assert!(assign(&mut district, &by_hand(&task, leo, None, true)).is_assigned);
    let record = district.record(&task);
    assert_eq!((record.reference("assigned_to"), record.says("schedule_lock")), (Some(leo), true));
}

#[test]
fn a_task_goes_to_the_best_there_is_by_itself_or_says_why_to_nobody() {
    let mut district = District::new();
    let (mia, leo) = (district.house.mia.user, district.house.leo.user);
    district.rosters(mia, 0, 2);
    district.rosters(leo, 0, 2);
    let (gas, site) = (district.skill("Gas"), district.site(DEPOT));
    district.learns(leo, gas);
    let gas = gas.to_string();
    let tasks: Vec<DocumentId> = (0..3).map(|_| district.task(site, &[("skills", &gas)])).collect();
    let lost = district.task(site, &[("state", "1")]);
    let house = &mut district.house;
    let all: Vec<SysId> = tasks.iter().chain([&lost]).map(|task| task.sys_id).collect();
    let assigned =
        dispatch::assign_all(&house.server, &house.dora, &all, (house.now, 1), house.now, &mut house.rng).unwrap();
    let who: Vec<Option<SysId>> = assigned.iter().map(|one| one.technician.as_ref().map(|who| who.user)).collect();
    assert_eq!(who, [Some(leo), Some(leo), None, None]);
    assert!(assigned[0].times.as_ref().unwrap().estimated_end <= assigned[1].times.as_ref().unwrap().expected_start);
    let reasons: Vec<&str> = assigned[2].in_the_way.iter().map(|way| way.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("lacks the skill Gas")), "{reasons:?}");
    assert!(assigned[3].reason.as_deref().unwrap().contains("is a draft"), "{:?}", assigned[3]);
    let mia_asks = dispatch::assign_all(&house.server, &house.mia, &all, (house.now, 1), house.now, &mut house.rng);
    assert!(mia_asks.is_err(), "only dispatchers assign");
}
