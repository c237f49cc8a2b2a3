//! A dispatcher has a day planned; technicians find it on their phones, and when a customer calls off only what must moves.

use fieldline_device::runtime::now;
use fieldline_device::view::Day;
use fieldline_model::{DocumentId, Place, Timestamp};
use fieldline_stories::{ADMINISTRATOR, DISPATCHER, MONACO, Riviera, site};
use reqwest::Method;
use serde_json::{Value as Json, json};

const NICE: (f64, f64) = (43.7102, 7.2620);
const MENTON: (f64, f64) = (43.7747, 7.4975);

fn of<'r>(report: &'r Json, list: &str, task: &DocumentId) -> Option<&'r Json> {
    let wanted = task.sys_id.to_string();
    report[list].as_array()?.iter().find(|one| one["task"]["sys_id"] == wanted.as_str())
}

#[test]
fn a_planned_day_reaches_the_phones_and_what_has_no_place_in_it_is_explained() {
    let riviera = Riviera::opens();
    let (mia, leo) = (riviera.hires("mia", 8), riviera.hires("leo", 8));
    let (nice, menton) = (site(&riviera.office, NICE), site(&riviera.office, MENTON));
    let gas = riviera.office.made_by(ADMINISTRATOR, "cmn_skill", &json!({ "name": "Gas" }));
    let jobs = [riviera.needs("Pump", &nice, json!({})), riviera.needs("Boiler", &menton, json!({}))];
    let special = riviera.needs("Gas leak", &nice, json!({ "skills": gas.sys_id.to_string() }));
    let nowhere = riviera.office.made_by(ADMINISTRATOR, "cmn_location", &json!({ "name": "Nowhere" }));
    let lost = riviera.needs("Meter", &nowhere, json!({}));

    let dry = riviera.plans(json!({ "dry_run": true }));
    assert_eq!((&dry["published"], riviera.office.reads(&jobs[0])["state"].as_str()), (&json!(0), Some("10")));
    let plan = riviera.plans(json!({ "seed": dry["seed"] }));
    assert_eq!((&plan["published"], plan["planned"].as_array().map(Vec::len)), (&json!(2), Some(2)), "{plan}");
    let reason = of(&plan, "refused", &lost).and_then(|refused| refused["reason"].as_str());
    assert!(reason.is_some_and(|reason| reason.starts_with("has no position")), "{plan}");
    let in_the_way = of(&plan, "unserved", &special).map(|unserved| unserved["in_the_way"].clone());
    let lacks = |name: &str| json!({ "technician": name, "reason": "lacks the skill Gas" });
    let told: Vec<Json> = in_the_way
        .as_ref()
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .map(|one| json!({ "technician": one["technician"]["name"], "reason": one["reason"] }))
        .collect();
    assert_eq!(told, [lacks("leo"), lacks("mia")]);

    for phone in [&mia, &leo] {
        phone.syncs();
    }
    for job in &jobs {
        let planned = of(&plan, "planned", job).expect("it was planned");
        let (with, without) = match planned["technician"]["name"] == "mia" {
            true => (&mia, &leo),
            false => (&leo, &mia),
        };
        let view = with.sees(job).expect("the phone has what its owner is to do");
        let begins = view.item.fields["expected_start"].as_time().map(Timestamp::to_rfc3339);
        assert_eq!(
            (begins.as_deref(), with.stage_of(job).as_deref()),
            (planned["expected_start"].as_str(), Some("assigned"))
        );
        assert!(without.sees(job).is_none());
    }

    let course = json!({ "user": leo.user().to_string(), "skill": gas.sys_id.to_string() });
    riviera.office.made_by(ADMINISTRATOR, "sys_user_has_skill", &course);
    let ask = json!({ "task": special.sys_id.to_string() });
    let found = riviera.office.asks(DISPATCHER, Method::POST, "/api/v1/dispatch/candidates", Some(&ask)).body;
    assert_eq!(
        (&found["candidates"][0]["technician"]["name"], &found["candidates"][0]["reason"]),
        (&json!("leo"), &Json::Null)
    );
    assert_eq!(found["candidates"][1]["reason"], "lacks the skill Gas");
    assert_eq!(riviera.plans(json!({}))["published"], 1, "once Leo has learnt it, only that one moves");
    leo.syncs();
    assert_eq!(leo.stage_of(&special).as_deref(), Some("assigned"));
}

#[test]
fn when_a_customer_calls_off_somebody_else_is_taken_in_and_nobody_else_moves() {
    let riviera = Riviera::opens();
    let mia = riviera.hires("mia", 3);
    let here = riviera.depot.clone();
    let jobs: Vec<DocumentId> =
        (0..4).map(|number| riviera.needs(&format!("Job {number}"), &here, json!({}))).collect();
    let plan = riviera.plans(json!({}));
    let left = jobs.iter().find(|job| of(&plan, "unserved", job).is_some()).expect("four hours do not fit into three");
    let in_hand: Vec<&DocumentId> = jobs.iter().filter(|job| *job != left).collect();
    mia.syncs();
    mia.takes(in_hand[0], &["accept"]);
    let before: Vec<_> = in_hand.iter().map(|job| riviera.stands(job)).collect();

    riviera.office.cancels(in_hand[1]);
    assert_eq!(riviera.plans(json!({}))["published"], 1);
    assert_eq!(riviera.stands(left), before[1], "the place of the one that was called off");
    assert_eq!((riviera.stands(in_hand[0]), riviera.stands(in_hand[2])), (before[0].clone(), before[2].clone()));
    mia.syncs();
    assert_eq!(mia.stage_of(left).as_deref(), Some("assigned"));
    assert_eq!(mia.stage_of(in_hand[0]).as_deref(), Some("accepted"), "her work offline came on top");
    assert_eq!(riviera.plans(json!({}))["published"], 0, "and now everything stands");
}

#[test]
fn a_technician_orders_the_rest_of_the_day_with_the_radio_off() {
    let riviera = Riviera::opens();
    let mia = riviera.hires("mia", 8);
    let sites = [NICE, MENTON, MONACO].map(|place| site(&riviera.office, place));
    let jobs: Vec<DocumentId> = sites.iter().map(|site| riviera.needs("Boiler", site, json!({}))).collect();
    riviera.plans(json!({}));
    mia.syncs();
    let day = Day { from: now(), until: riviera.begins.plus_milliseconds(24 * 3_600_000) };
    let nice = Place::from_degrees(NICE.0, NICE.1).expect("on earth");
    let plan = mia.phone().plan_day(day, riviera.begins, nice).expect("a phone plans its owner's day");
    let order: Vec<&DocumentId> = plan.stops.iter().map(|stop| &stop.task.document).collect();
    assert_eq!((order[0], order.len()), (&jobs[0], 3), "she woke up in Nice");
    assert!(!plan.may_take, "the times are the dispatcher's");
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_edits, 0);
    assert!(
        plan.back_at < riviera.begins.plus_milliseconds(8 * 3_600_000),
        "she knows when her working hours are over"
    );
}
