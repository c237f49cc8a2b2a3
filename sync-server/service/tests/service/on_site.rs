//! What follows from work on site: checklists, time cards, meters, and somebody who is not heard of.

use fieldline_documents::Act;
use fieldline_model::{Decimal, DocumentId, SysId, Value};
use fieldline_service::on_site;
use fieldline_service::{Caller, TableError};

use crate::house::{House, Phone, note, step};

const MINUTE: i64 = 60_000;

fn publish(house: &mut House, by: &Caller, checklist: &DocumentId) -> Result<DocumentId, TableError> {
    let version = house.server.write(by, house.now, &mut house.rng, |call| on_site::publish(call, checklist.sys_id));
    version.map(|version| version.id)
}

/// A published checklist for inspections with one question, and who may change it.
fn boiler(house: &mut House, before: &str) -> (Caller, DocumentId) {
    let boss = house.person("max", "Max Manager", &["wm_manager"]);
    let fields = [("name", "boiler"), ("title", "Boiler"), ("before", before), ("condition", "work_type=inspection")];
    let checklist = house.create(&boss, "fl_checklist", &fields).unwrap().record.id;
    let of_it = checklist.sys_id.to_string();
    let question = [("checklist", &*of_it), ("name", "leaks"), ("question", "Does it leak?"), ("type", "yes_no")];
    let question = question.into_iter().chain([("mandatory", "true")]).collect::<Vec<_>>();
    house.create(&boss, "fl_checklist_question", &question).unwrap();
    publish(house, &boss, &checklist).unwrap();
    (boss, checklist)
}

fn inspection(house: &mut House, who: SysId) -> DocumentId {
    let dora = house.dora.clone();
    let who = who.to_string();
    let fields =
        [("short_description", "Boiler"), ("assigned_to", &*who), ("state", "16"), ("work_type", "inspection")];
    house.create(&dora, "wm_task", &fields).unwrap().record.id
}

fn does(house: &mut House, phone: &mut Phone, task: &DocumentId, acts: &[Act]) {
    let edit = phone.edit(house.now, task, acts);
    phone.push(house, &[edit]);
}

fn answers(question: String, answer: &str) -> Act {
    Act::Answer { question, answer: answer.into(), photo: None }
}

#[test]
fn a_task_keeps_the_version_it_was_given_and_is_not_closed_over_the_record_api_before_it_is_done() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (boss, checklist) = boiler(&mut house, "complete");
    let task = inspection(&mut house, mia.user);
    let other = house.job(mia.user, "Repair").1;
    let first = house.get(&dora, &task).unwrap().record.references("checklists");
    assert_eq!((first.len(), house.get(&dora, &other).unwrap().record.references("checklists").len()), (1, 0));
    let same = publish(&mut house, &boss, &checklist).unwrap();
    assert_eq!(same.sys_id, first[0], "publishing the same again makes nothing new");
    let of_it = checklist.sys_id.to_string();
    let more = [("checklist", &*of_it), ("name", "soot"), ("question", "Is there soot?"), ("type", "yes_no")];
    house.create(&boss, "fl_checklist_question", &more).unwrap();
    let second = publish(&mut house, &boss, &checklist).unwrap();
    assert_ne!(second.sys_id, first[0]);
    house.update(&dora, &task, &[("work_type", "install")]).unwrap();
    house.update(&dora, &task, &[("work_type", "inspection")]).unwrap();
    assert_eq!(house.get(&dora, &task).unwrap().record.references("checklists"), first);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let travels = DocumentId::new("fl_checklist_version", first[0]);
    assert!(phone.rows.contains_key(&travels), "the version travels with the task");
    does(&mut house, &mut phone, &task, &[step("accept"), step("start_work")]);
    let refused = house.update(&mia, &task, &[("state", "3")]).unwrap_err().to_string();
    assert!(refused.contains("\"Boiler\" is not done: \"Does it leak?\" is not answered"), "{refused}");
    does(&mut house, &mut phone, &task, &[answers("boiler.leaks".into(), "no")]);
    assert_eq!(house.update(&mia, &task, &[("state", "3")]).unwrap().record.text("number").len(), 10);
}

#[test]
fn what_a_phone_closed_all_the_same_stands_and_says_what_is_missing() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    boiler(&mut house, "complete");
    let task = inspection(&mut house, mia.user);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    does(&mut house, &mut phone, &task, &[step("accept"), step("start_work"), step("complete")]);
    let detail = house.get(&dora, &task).unwrap();
    assert_eq!(detail.record.get("state"), Some(&Value::Integer(3)), "work that was done merges");
    let notes = detail.projection_of_document.unwrap().work_notes;
    let note = &notes[0].what.text;
    assert!(note.contains("Closed although \"Boiler\" is not done") && notes.len() == 1, "{note}");
}

#[test]
fn a_checklist_that_could_not_be_answered_is_not_published_and_not_by_everybody() {
    let mut house = House::new();
    let (boss, checklist) = boiler(&mut house, "complete");
    let dora = house.dora.clone();
    assert!(publish(&mut house, &dora, &checklist).unwrap_err().to_string().contains("wm_manager publish checklists"));
    let of_it = checklist.sys_id.to_string();
    let lost = [("checklist", &*of_it), ("name", "a"), ("question", "A?"), ("show_if_question", "z"), ("order", "200")];
    house.create(&boss, "fl_checklist_question", &lost).unwrap();
    let problem = publish(&mut house, &boss, &checklist).unwrap_err().to_string();
    assert!(problem.contains("no earlier question is called \"z\""), "{problem}");
    house.update(&boss, &checklist, &[("condition", "colour=red")]).unwrap();
    assert!(publish(&mut house, &boss, &checklist).is_err());
}

#[test]
fn what_a_crew_answers_apart_is_kept_and_flagged() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    boiler(&mut house, "complete");
    let task = inspection(&mut house, mia.user);
    let (mut mias, mut leos) = (house.phone(&mia), house.phone(&leo));
    mias.sync(&mut house);
    house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
    leos.sync(&mut house);
    house.wait(MINUTE);
    let first = mias.edit(house.now, &task, &[answers("boiler.leaks".into(), "yes")]);
    house.wait(MINUTE);
    let second = leos.edit(house.now, &task, &[answers("boiler.leaks".into(), "no")]);
    leos.push(&mut house, &[second]);
    house.update(&dora, &task, &[("assigned_to", &mia.user.to_string())]).unwrap();
    mias.push(&mut house, &[first]);
    let projection = house.get(&dora, &task).unwrap().projection_of_document.unwrap();
    let answered = projection.answer("boiler.leaks").unwrap();
    assert_eq!((answered.latest.what.answer.as_str(), answered.is_disputed), ("no", true));
    assert_eq!(answered.others[0].what.answer, "yes");
}

#[test]
fn time_cards_follow_steps_and_entries_and_a_pause_that_comes_late_is_no_time() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (order, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let begun = house.now;
    let at = |minutes: i64| begun.plus_milliseconds(minutes * MINUTE);
    let mut edits = Vec::new();
    for (minute, name) in [
        (0, "accept"),
        (1, "start_travel"),
        (21, "arrive"),
        (25, "start_work"),
        (40, "pause"),
        (50, "resume"),
        (80, "complete"),
    ] {
        let reason = (name == "pause").then(|| "break".to_owned());
        edits.push(phone.edit(at(minute), &task, &[Act::Transition { step: name.into(), reason }]));
    }
    let entry = |kind: &str, from: i64, until: i64| Act::LogTime {
        kind: kind.into(),
        started_at: at(from),
        ended_at: at(until),
    };
    edits.push(phone.edit(at(81), &task, &[entry("work", 60, 90), entry("break", 40, 50)]));
    house.now = at(120);
    phone.push(&mut house, &edits);
    let seconds = |house: &mut House, category: &str| -> Vec<i64> {
        let cards = house.query(&dora, "time_card", &format!("category={category}^ORDERBYstarted_at"));
        cards.iter().map(|card| card.get("total_seconds").unwrap().as_integer().unwrap() / 60).collect()
    };
    assert_eq!(seconds(&mut house, "task_travel"), [20]);
    assert_eq!(seconds(&mut house, "task_work"), [15, 30, 30]);
    assert_eq!(seconds(&mut house, "break"), [10]);
    house.update(&dora, &task, &[("work_notes", "again")]).unwrap();
    assert_eq!(seconds(&mut house, "task_work").len(), 3, "what was noted once is noted once");
    let boss = house.person("max", "Max Manager", &["wm_manager"]);
    let parking = [("task", &*task.sys_id.to_string()), ("type", "parking"), ("cost", "4.5"), ("currency", "EUR")];
    house.create(&boss, "sm_incidentals", &parking).unwrap();
    house.create(&boss, "sm_incidentals", &parking).unwrap();
    let bill = |house: &mut House, by: &Caller| {
        house.server.read(by, house.now, &mut house.rng, |call| on_site::billing(call, order.sys_id))
    };
    let billing = bill(&mut house, &boss).unwrap();
    let work = billing.time.iter().find(|time| time.category == "task_work").unwrap();
    assert_eq!((work.user, work.seconds / 60), (mia.user, 55), "the overlap of steps and entry counts once");
    assert_eq!((billing.expenses.len(), billing.expenses[0].cost.to_string()), (1, "9".to_owned()));
    assert!(matches!(bill(&mut house, &mia), Err(TableError::Denied { .. })));
}

#[test]
fn a_reading_on_a_task_is_kept_with_the_asset_once() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let asset = house.create(&dora, "alm_asset", &[("display_name", "Boiler 12")]).unwrap().record.id;
    let task = house.job(mia.user, "Boiler").1;
    house.update(&dora, &task, &[("asset", &asset.sys_id.to_string())]).unwrap();
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let reading = Act::Read { meter: "gas".into(), value: Decimal::whole(900), unit: "m3".into() };
    does(&mut house, &mut phone, &task, &[reading]);
    does(&mut house, &mut phone, &task, &[note("read")]);
    let kept = house.query(&dora, "fl_meter_reading", "");
    assert_eq!((kept.len(), kept[0].reference("asset")), (1, Some(asset.sys_id)));
    phone.sync(&mut house);
    assert!(phone.rows.contains_key(&kept[0].id), "it travels with the asset");
}

#[test]
fn an_article_that_is_attached_to_a_task_comes_to_the_phone_and_goes_with_it() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let task = house.job(mia.user, "Boiler").1;
    let author = house.person("kim", "Kim", &["knowledge_admin", "itil"]);
    let article = [("short_description", "How to bleed a boiler"), ("text", "Open the valve")];
    let article = house.create(&author, "kb_knowledge", &article).unwrap().record.id;
    for state in ["review", "published"] {
        house.update(&author, &article, &[("workflow_state", state)]).unwrap();
    }
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    assert!(!phone.rows.contains_key(&article));
    let attach = |call: &mut fieldline_service::Call<'_>| {
        fieldline_service::knowledge::used::attach(call, article.sys_id, task.sys_id).map(drop)
    };
    house.server.write(&dora, house.now, &mut house.rng, attach).unwrap();
    phone.sync(&mut house);
    assert!(phone.rows.contains_key(&article), "whoever works on the task has it at hand");
    house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
    phone.sync(&mut house);
    assert!(!phone.rows.contains_key(&article));
}

/// A dangerous job on which Mia has set out, with Leo as her buddy.
fn dangerous(house: &mut House) -> (Phone, DocumentId) {
    let (mia, dora, leo) = (house.mia.clone(), house.dora.clone(), house.leo.clone());
    let task = house.job(mia.user, "Mast").1;
    let buddy = leo.user.to_string();
    house.update(&dora, &task, &[("check_in_interval", "1800"), ("buddy", &buddy)]).unwrap();
    let mut phone = house.phone(&mia);
    phone.sync(house);
    does(house, &mut phone, &task, &[step("accept"), step("start_travel")]);
    (phone, task)
}

fn told(house: &mut House, who: &Caller) -> Vec<String> {
    let rows = house.query(who, "sn_inapp_notification", &format!("user={}", who.user));
    rows.iter().map(|row| row.text("title").to_owned()).collect()
}

fn alerts(house: &mut House) -> Vec<(String, String, i64)> {
    let dora = house.dora.clone();
    let rows = house.query(&dora, "fl_safety_alert", "ORDERBYsys_created_on");
    let level = |row: &fieldline_model::Record| row.get("escalation_level").and_then(Value::as_integer).unwrap_or(0);
    rows.iter().map(|row| (row.text("kind").to_owned(), row.text("state").to_owned(), level(row))).collect()
}

#[test]
fn a_phone_that_says_nothing_at_all_is_looked_for_step_by_step_until_somebody_sees_to_it() {
    let mut house = House::new();
    let (leo, dora) = (house.leo.clone(), house.dora.clone());
    let (_phone, task) = dangerous(&mut house);
    house.wait(31 * MINUTE);
    house.ring();
    assert_eq!(alerts(&mut house), [], "a sign of life may still be on its way");
    house.wait(2 * MINUTE);
    house.ring();
    assert_eq!(alerts(&mut house), [("silent".into(), "active".into(), 1)]);
    assert_eq!((told(&mut house, &leo).len(), told(&mut house, &dora).len()), (1, 0));
    house.restart();
    house.wait(5 * MINUTE);
    house.ring();
    assert_eq!((told(&mut house, &leo).len(), told(&mut house, &dora).len()), (1, 1), "then dispatch");
    house.wait(5 * MINUTE);
    house.ring();
    assert_eq!(told(&mut house, &dora).len(), 2, "the last step is repeated");
    let notes = house.get(&dora, &task).unwrap().projection_of_document.unwrap().work_notes;
    assert!(notes[0].what.text.contains("Mia Miller was not heard of on WOT"), "{}", notes[0].what.text);
    let alert = house.query(&dora, "fl_safety_alert", "").remove(0).id.sys_id;
    let see = |house: &mut House, by: &Caller| {
        house.server.write(by, house.now, &mut house.rng, |call| on_site::acknowledge(call, alert))
    };
    let mia = house.mia.clone();
    assert!(see(&mut house, &mia).is_err(), "nobody answers for themselves");
    see(&mut house, &leo).unwrap();
    house.wait(60 * MINUTE);
    house.ring();
    assert_eq!((told(&mut house, &dora).len(), alerts(&mut house)[0].1.as_str()), (2, "acknowledged"));
    assert!(see(&mut house, &dora).unwrap_err().to_string().contains("acknowledged already"));
}

#[test]
fn signs_of_life_that_come_late_settle_the_alert_and_whoever_was_told_is_told() {
    let mut house = House::new();
    let leo = house.leo.clone();
    let (mut phone, task) = dangerous(&mut house);
    let begun = house.now;
    house.wait(33 * MINUTE);
    house.ring();
    let key = fieldline_model::lone_worker::answer_key(house.mia.user);
    let sign = |minutes: i64, phone: &mut Phone| {
        phone.edit(begun.plus_milliseconds(minutes * MINUTE), &task, &[answers(key.clone(), "safe")])
    };
    let stale = sign(2, &mut phone);
    phone.push(&mut house, &[stale]);
    assert_eq!(alerts(&mut house)[0].1, "active", "what was said half an hour ago says nothing about now");
    let fresh = sign(29, &mut phone);
    phone.push(&mut house, &[fresh]);
    assert_eq!(alerts(&mut house)[0].1, "settled");
    assert!(told(&mut house, &leo).iter().any(|subject| subject.starts_with("All is well on WOT")));
    house.wait(30 * MINUTE);
    house.ring();
    assert_eq!(alerts(&mut house).len(), 2, "and the watch goes on");
    house.now = begun.plus_milliseconds(70 * MINUTE);
    does(&mut house, &mut phone, &task, &[step("arrive"), step("start_work"), step("complete")]);
    assert!(alerts(&mut house).iter().all(|(_, state, _)| state == "settled"));
    house.wait(120 * MINUTE);
    house.ring();
    assert_eq!(alerts(&mut house).len(), 2, "nobody is looked for once the work is done");
}

#[test]
fn a_call_for_help_tells_everybody_at_once_with_the_place() {
    let mut house = House::new();
    let (leo, dora) = (house.leo.clone(), house.dora.clone());
    let (mut phone, task) = dangerous(&mut house);
    let key = fieldline_model::lone_worker::answer_key(house.mia.user);
    does(&mut house, &mut phone, &task, &[answers(key.clone(), "help")]);
    assert_eq!(alerts(&mut house), [("help".into(), "active".into(), 2)]);
    assert!(told(&mut house, &leo)[0].contains("Mia Miller calls for help"));
    assert_eq!(told(&mut house, &dora).len(), 1);
    does(&mut house, &mut phone, &task, &[note("stuck")]);
    assert_eq!(alerts(&mut house).len(), 1, "another word about it tells nobody again");
    house.wait(MINUTE);
    does(&mut house, &mut phone, &task, &[answers(key, "safe")]);
    assert_eq!(alerts(&mut house)[0].1, "settled");
}

#[test]
fn who_comes_to_a_site_over_the_record_api_was_not_located() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let task = house.job(mia.user, "Boiler").1;
    let site = house.get(&dora, &task).unwrap().record.reference("location").unwrap();
    let site = DocumentId::new("cmn_location", site);
    house.update(&dora, &site, &[("latitude", "43.7"), ("longitude", "7.4")]).unwrap();
    house.update(&mia, &task, &[("state", "17")]).unwrap();
    house.update(&mia, &task, &[("state", "18")]).unwrap();
    assert_eq!(house.get(&dora, &task).unwrap().record.text("check_in_status"), "platform_skipped");
}
