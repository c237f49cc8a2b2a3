//! What phones are given, and what they are told to give up.

use fieldline_model::{DocumentId, SysId};
use fieldline_sync::frame;
use fieldline_sync::wire::{Entry, Outcome, WIRE_VERSION};

use crate::house::{House, Phone, describe, note, set, step};

fn jobs(house: &mut House, of: SysId, count: usize) -> Vec<DocumentId> {
    (0..count).map(|index| house.job(of, &format!("Job {index}")).1).collect()
}

#[test]
fn a_tiny_budget_and_a_large_one_end_with_the_same_records() {
    let mut house = House::new();
    let mia = house.mia.clone();
    jobs(&mut house, mia.user, 40);
    let (mut small, mut large) = (house.phone(&mia), house.phone(&mia));
    (small.budget_bytes, large.budget_bytes) = (1, 1 << 20);
    let (pages, two) = (small.sync(&mut house), large.sync(&mut house));
    assert!(pages > 5 && two == 2, "{pages} pages, {two} pages: the day's list and everything else");
    assert_eq!(small.rows, large.rows);
    assert!(small.documents.keys().eq(large.documents.keys()));
    small.agrees_with(&mut house);
    assert!(small.progress.windows(2).all(|pair| pair[0].done <= pair[1].done), "{:?}", small.progress);
    assert!(small.progress.last().is_some_and(|last| last.done == last.total));
}

#[test]
fn the_first_records_on_a_new_phone_are_the_jobs_and_what_they_need() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    (0..50).for_each(|index| {
        house.create(&dora, "cmn_location", &[("name", &format!("Elsewhere {index}"))]).unwrap();
    });
    let tasks = jobs(&mut house, mia.user, 3);
    house.update(&dora, &tasks[2], &[("expected_start", "2026-03-02 08:00:00")]).unwrap();
    let mut phone = house.phone(&mia);
    let list = phone.send(&mut house, &phone.request()).unwrap();
    assert_eq!(rows(&list.entries), ["wm_task"; 3], "the day's list is the first answer, small enough for any line");
    assert!(matches!(&list.entries[0], Entry::Row { document, .. } if *document == tasks[2]), "the one with a time");
    phone.absorb(&list);
    let response = phone.send(&mut house, &phone.request()).unwrap();
    let tables = rows(&response.entries);
    assert_eq!(tables[..6], ["cmn_location", "cmn_location", "cmn_location", "wm_order", "wm_order", "wm_order"]);
    assert!(tables.len() >= 6 + 4, "then the rest: people");
    assert!(!tables[6..].contains(&"cmn_location"), "places nobody sent Mia to stay away");
}

/// The tables of the rows an answer begins with.
fn rows(entries: &[Entry]) -> Vec<&str> {
    let rows = entries.iter().map_while(|entry| match entry {
        Entry::Row { document, .. } => Some(document.table.as_str()),
        _ => None,
    });
    rows.collect()
}

#[test]
fn what_is_private_about_a_person_reaches_no_phone() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let row = DocumentId::new("sys_user", leo.user);
    let private = [("phone", "+377 1"), ("mobile_phone", "+377 2"), ("employee_number", "7")];
    house.update(&house.server.system(), &row, &private).unwrap();
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let held = &phone.rows[&row];
    assert_eq!((held.text("name"), held.text("phone")), ("Leo Lang", "+377 1"));
    assert_eq!((held.get("mobile_phone"), held.get("employee_number")), (None, None));
    assert!(held.get("sys_updated_on").is_some());
    phone.agrees_with(&mut house);
}

#[test]
fn reconnecting_with_nothing_new_is_one_exchange_of_a_hundred_bytes_each_way() {
    let mut house = House::new();
    let mia = house.mia.clone();
    jobs(&mut house, mia.user, 30);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let request = frame::encode_request(&phone.request(), WIRE_VERSION);
    let response = phone.send(&mut house, &phone.request()).unwrap();
    let answer = frame::encode_response(&response);
    assert!(!response.more && response.entries.is_empty());
    assert!(request.len() <= 100 && answer.len() <= 100, "{} up, {} down", request.len(), answer.len());
}

#[test]
fn what_changes_while_a_phone_is_loading_reaches_it_all_the_same() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let tasks = jobs(&mut house, mia.user, 20);
    let mut phone = house.phone(&mia);
    phone.budget_bytes = 1;
    for round in 0..60 {
        let response = phone.send(&mut house, &phone.request()).unwrap();
        phone.absorb(&response);
        let task = &tasks[round % tasks.len()];
        match round % 5 {
            0 => drop(house.update(&dora, task, &[("description", &format!("round {round}"))]).unwrap()),
            1 => drop(house.update(&dora, task, &[("assigned_to", &leo.user.to_string())]).unwrap()),
            2 => drop(house.update(&dora, task, &[("assigned_to", &mia.user.to_string())]).unwrap()),
            3 => drop(house.job(mia.user, &format!("New in round {round}"))),
            _ => {
                let site = house.create(&dora, "cmn_location", &[("name", &format!("Site {round}"))]).unwrap();
                house.update(&dora, task, &[("location", &site.record.id.sys_id.to_string())]).unwrap();
            }
        }
    }
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
    let mut fresh = house.phone(&mia);
    fresh.sync(&mut house);
    assert_eq!(phone.rows.keys().collect::<Vec<_>>(), fresh.rows.keys().collect::<Vec<_>>());
    assert!(phone.documents.keys().eq(fresh.documents.keys()));
}

#[test]
fn a_reassigned_job_leaves_one_phone_with_all_it_needed_and_enters_the_other() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let (order, task) = house.job(mia.user, "Boiler");
    let (mut hers, mut his) = (house.phone(&mia), house.phone(&leo));
    hers.sync(&mut house);
    his.sync(&mut house);
    assert!(hers.rows.contains_key(&order) && !his.rows.contains_key(&order));
    house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
    hers.sync(&mut house);
    his.sync(&mut house);
    let work = |phone: &Phone| phone.rows.keys().filter(|id| id.table.as_str() != "sys_user").count();
    assert_eq!((work(&hers), work(&his)), (0, 3), "task, order and site moved");
    assert_eq!((hers.documents.len(), his.documents.len()), (0, 2));
    his.agrees_with(&mut house);
    house.update(&dora, &task, &[("assigned_to", &mia.user.to_string())]).unwrap();
    hers.sync(&mut house);
    hers.agrees_with(&mut house);
    assert_eq!(work(&hers), 3);
}

#[test]
fn a_site_two_jobs_share_stays_until_the_last_of_them_goes() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let (order, first) = house.job(mia.user, "Boiler");
    let who = mia.user.to_string();
    let fields = [("short_description", "Second"), ("parent", &order.sys_id.to_string()), ("assigned_to", &who)];
    let second = house.create(&dora, "wm_task", &fields).unwrap().record.id;
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    for (task, stays) in [(first, true), (second, false)] {
        house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
        phone.sync(&mut house);
        assert_eq!(phone.rows.contains_key(&order), stays);
    }
}

#[test]
fn joining_a_group_brings_its_records_and_leaving_it_takes_them() {
    let mut house = House::new();
    let (mia, dora, system) = (house.mia.clone(), house.dora.clone(), house.server.system());
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let group = house.create(&system, "sys_user_group", &[("name", "Night shift")]).unwrap().record.id;
    let other = house.create(&system, "sys_user_group", &[("name", "Day shift")]).unwrap().record.id;
    let fields = [("short_description", "Look at it"), ("assignment_group", &group.sys_id.to_string())];
    let task = house.create(&dora, "task", &fields).unwrap().record.id;
    phone.sync(&mut house);
    assert!(!phone.rows.contains_key(&task));
    let member = [("user", &*mia.user.to_string()), ("group", &group.sys_id.to_string())];
    let member = house.create(&system, "sys_user_grmember", &member).unwrap().record.id;
    phone.budget_bytes = 1;
    phone.sync(&mut house);
    assert!(phone.rows.contains_key(&task) && phone.documents.contains_key(&task));
    house.update(&system, &member, &[("group", &other.sys_id.to_string())]).unwrap();
    house.update(&dora, &task, &[("description", "changed after Mia left")]).unwrap();
    phone.sync(&mut house);
    assert!(!phone.rows.contains_key(&task) && !phone.documents.contains_key(&task));
}

#[test]
fn a_cursor_that_is_not_this_devices_begins_anew_and_loses_nothing() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    jobs(&mut house, mia.user, 3);
    let (mut phone, mut other) = (house.phone(&mia), house.phone(&leo));
    phone.sync(&mut house);
    other.sync(&mut house);
    let right = phone.cursor.clone().unwrap();
    let mut altered = right.to_vec();
    altered[2] ^= 1;
    for cursor in [altered.into(), other.cursor.clone().unwrap(), vec![].into(), vec![0; 400].into()] {
        phone.cursor = Some(cursor);
        let response = phone.send(&mut house, &phone.request()).unwrap();
        assert!(response.progress.is_some());
        phone.absorb(&response);
        phone.sync(&mut house);
        assert_eq!(phone.cursor.as_ref().map(|cursor| cursor.len()), Some(right.len()));
    }
}

#[test]
fn a_phone_is_given_only_records_of_its_scope_whatever_it_asks_for() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (_, hers) = house.job(mia.user, "Hers");
    let (_, his) = house.job(leo.user, "His");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    phone.rows.remove(&hers);
    phone.documents.remove(&hers);
    let nobody = DocumentId::new("wm_task", SysId([9; 16]));
    phone.wants = [hers.clone(), his.clone(), nobody].into();
    phone.sync(&mut house);
    assert!(phone.documents.contains_key(&hers) && phone.rows.contains_key(&hers));
    assert!(!phone.documents.contains_key(&his) && !phone.rows.contains_key(&his));
    let mut request = phone.request();
    request.audit = true;
    let response = phone.send(&mut house, &request).unwrap();
    let listed = response.audit.unwrap();
    assert!(listed.iter().eq(phone.rows.keys()));
    assert_eq!(response.scope_checksum, Some(phone.checksum()));
}

#[test]
fn two_phones_of_one_person_hear_of_each_other_and_not_of_themselves() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Boiler");
    let (mut phone, mut tablet) = (house.phone(&mia), house.phone(&mia));
    phone.sync(&mut house);
    tablet.sync(&mut house);
    let edit = phone.edit(house.now, &task, &[step("accept"), note("hello tablet")]);
    let request = phone.pushing(&[edit]);
    let response = phone.send(&mut house, &request).unwrap();
    let own = |entry: &Entry| matches!(entry, Entry::Edit { document, .. } if *document == task);
    assert!(!response.entries.iter().any(own), "its own edit does not come back");
    phone.absorb(&response);
    tablet.sync(&mut house);
    tablet.agrees_with(&mut house);
    assert_eq!(tablet.documents[&task].heads(), phone.documents[&task].heads());
}

#[test]
fn an_order_that_arrives_after_its_task_travels_with_it_all_the_same() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let order = DocumentId::new("wm_order", SysId([3; 16]));
    let task = DocumentId::new("wm_task", SysId([4; 16]));
    let reference = |id| fieldline_model::Value::Reference(id);
    let fields =
        [describe("Found a leak"), set("parent", reference(order.sys_id)), set("assigned_to", reference(mia.user))];
    let edits = [phone.edit(house.now, &task, &fields), phone.edit(house.now, &order, &[describe("Leak")])];
    let outcomes = phone.push(&mut house, &edits);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted { .. })), "{outcomes:?}");
    phone.sync(&mut house);
    assert!(phone.rows.contains_key(&order) && phone.rows.contains_key(&task));
}
