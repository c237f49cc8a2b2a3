//! What the server does because of something else.

use fieldline_documents::Act;
use fieldline_sync::wire::Outcome;

use crate::house::{House, note, step};

#[test]
fn an_order_follows_its_tasks_to_the_end() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (order, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let state = |house: &mut House| house.get(&dora, &order).unwrap().record.get("state").unwrap().to_string();
    assert_eq!(state(&mut house), "16");
    for (name, wanted) in [("accept", "17"), ("start_work", "18"), ("complete", "3")] {
        let edit = phone.edit(house.now, &task, &[step(name)]);
        phone.push(&mut house, &[edit]);
        assert_eq!(state(&mut house), wanted, "{name}");
    }
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn cancelling_an_order_cancels_its_open_tasks() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (order, task) = house.job(mia.user, "Boiler");
    house.update(&dora, &order, &[("state", "7"), ("close_reason", "Customer called off")]).unwrap();
    assert_eq!(house.get(&dora, &task).unwrap().record.get("state").unwrap().to_string(), "7");
    assert_eq!(house.get(&dora, &order).unwrap().record.text("close_reason"), "Customer called off");
}

#[test]
fn work_done_beats_a_cancel_and_the_dispatcher_gets_one_review_task() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (order, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let edits = [
        phone.edit(house.now, &task, &[step("accept")]),
        phone.edit(house.now, &task, &[step("start_work")]),
        phone.edit(house.now, &task, &[step("complete"), note("All done")]),
    ];
    house.update(&dora, &task, &[("state", "7")]).unwrap();
    let request = phone.pushing(&edits);
    for _ in 0..2 {
        let response = phone.send(&mut house, &request).unwrap();
        assert!(
            response.receipts.iter().all(|receipt| matches!(receipt.outcome, Outcome::Accepted { merged: true, .. }))
        );
    }
    let detail = house.get(&dora, &task).unwrap();
    assert_eq!(detail.record.get("state").unwrap().to_string(), "3");
    assert_eq!(detail.projection_of_document.unwrap().refused.len(), 1);
    let reviews = house.query(&dora, "task", "short_descriptionSTARTSWITHReview");
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    assert_eq!(reviews[0].reference("parent"), Some(task.sys_id));
    assert_eq!(reviews[0].reference("assigned_to"), Some(dora.user));
    let text = reviews[0].text("description");
    assert!(text.contains("Dora Dispatcher") && text.contains("work had been done"), "{text}");
    let order = house.get(&dora, &order).unwrap().record;
    assert_eq!(order.get("state").unwrap().to_string(), "3", "the order follows the work that was done");
}

#[test]
fn a_callers_answer_takes_an_incident_off_hold_and_nobody_elses_does() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let fields = [("short_description", "No heat"), ("caller_id", &*mia.user.to_string())];
    let incident = house.create(&dora, "incident", &fields).unwrap().record.id;
    let hold = [("state", "3"), ("hold_reason", "1"), ("comments", "Which floor?")];
    let held = house.update(&dora, &incident, &hold).unwrap();
    assert_eq!(held.record.get("hold_reason").unwrap().to_string(), "1");
    house.update(&dora, &incident, &[("comments", "Anybody there?")]).unwrap();
    assert_eq!(house.get(&dora, &incident).unwrap().record.get("state").unwrap().to_string(), "3");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let edit = phone.edit(house.now, &incident, &[Act::Comment { text: "The third".into() }]);
    phone.push(&mut house, &[edit]);
    assert_eq!(house.get(&dora, &incident).unwrap().record.get("state").unwrap().to_string(), "2");
}
