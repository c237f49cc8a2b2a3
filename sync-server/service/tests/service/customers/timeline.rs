//! What happened from end to end, for the house and for the customer.

use fieldline_model::DocumentId;
use fieldline_service::timeline::{Audience, Timeline, timeline};
use fieldline_service::{Caller, TableError};

use super::Desk;

fn told(desk: &mut Desk, who: &Caller, id: &DocumentId, audience: Audience) -> Result<Timeline, TableError> {
    let (table, sys_id) = (id.table.to_string(), id.sys_id);
    desk.portal(who, |call| timeline(call, &table, sys_id, audience))
}

/// A case for an incident of a problem, with an order and its visit.
fn story(desk: &mut Desk) -> (DocumentId, Vec<DocumentId>) {
    let problem = desk.made("problem", &[("short_description", "Fans die")]);
    let incident = desk.made("incident", &[("short_description", "Core down"), ("problem_id", &problem)]);
    let case = desk.case(&[]);
    let ann = desk.ann.clone();
    desk.house
        .update(&ann, &case, &[("incident", &incident), ("work_notes", "Ask Leo"), ("comments", "We are on it")])
        .unwrap();
    let order = desk.made("wm_order", &[("short_description", "Go"), ("initiated_from", &case.sys_id.to_string())]);
    let task = desk.made("wm_task", &[("short_description", "Bring a fan"), ("parent", &order)]);
    let ids = [("problem", problem), ("incident", incident), ("wm_order", order), ("wm_task", task)];
    (case, ids.into_iter().map(|(table, id)| DocumentId::new(table, id.parse().unwrap())).collect())
}

#[test]
fn from_any_record_of_a_story_the_whole_story_is_told() {
    let mut desk = Desk::new();
    let (case, others) = story(&mut desk);
    desk.case(&[("short_description", "Another story")]);
    let boss = desk.house.person("boss", "Boss", &["case_agent", "itil", "wm_dispatcher"]);
    for from in others.iter().chain([&case]) {
        let told = told(&mut desk, &boss, from, Audience::Agent).unwrap();
        assert_eq!(told.records[0].sys_id, from.sys_id);
        let mut found: Vec<_> = told.records.iter().map(|record| record.sys_id).collect();
        let mut all: Vec<_> = others.iter().chain([&case]).map(|id| id.sys_id).collect();
        found.sort_unstable();
        all.sort_unstable();
        assert_eq!((found, told.is_cut, told.links.len()), (all, false, 4), "{from}");
        assert!(told.entries.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let texts: Vec<&str> = told.entries.iter().map(|entry| entry.text.as_str()).collect();
        assert!(["Ask Leo", "We are on it", "Bring a fan"].iter().all(|text| texts.contains(text)), "{texts:?}");
    }
}

#[test]
fn what_somebody_does_not_see_is_neither_told_nor_passed() {
    let mut desk = Desk::new();
    let (case, _) = story(&mut desk);
    let ann = desk.ann.clone();
    let told = told(&mut desk, &ann, &case, Audience::Agent).unwrap();
    let tables: Vec<&str> = told.records.iter().map(|record| record.table.as_str()).collect();
    assert_eq!(tables, ["sn_customerservice_case"], "an agent for cases reads neither incidents nor orders");
}

#[test]
fn customers_are_told_what_is_public_of_their_own_case_and_agents_may_look_at_that() {
    let mut desk = Desk::new();
    let (case, others) = story(&mut desk);
    let (ann, carla) = (desk.ann.clone(), desk.carla.clone());
    let stranger = desk.house.person("stan", "Stan Stranger", &["customer"]);
    let of_carla = told(&mut desk, &carla, &case, Audience::Customer).unwrap();
    let texts: Vec<&str> = of_carla.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert!(texts.contains(&"We are on it") && !texts.contains(&"Ask Leo"), "{texts:?}");
    assert_eq!(of_carla.entries[1].by.as_deref(), Some("Ann"), "by first name");
    assert_eq!(told(&mut desk, &ann, &case, Audience::Customer).unwrap(), of_carla);
    assert!(matches!(told(&mut desk, &carla, &case, Audience::Agent), Err(TableError::Denied { .. })));
    assert!(matches!(told(&mut desk, &stranger, &case, Audience::Customer), Err(TableError::NotFound(_))));
    for other in &others {
        assert!(told(&mut desk, &carla, other, Audience::Customer).is_err(), "{other}");
    }
}
