//! Articles: their states and versions, what happens to them by themselves, and what readers' words lead to.

use fieldline_model::{DocumentId, Record};
use fieldline_service::{TableError, knowledge};

use crate::house::House;

const DAY: i64 = 86_400_000;
const STATES: [&str; 7] =
    ["draft", "review", "scheduled_publish", "published", "pending_retirement", "outdated", "retired"];

fn article(house: &mut House, more: &[(&str, &str)]) -> DocumentId {
    let fields = [&[("short_description", "How to bleed a radiator"), ("text", "Turn the key")], more].concat();
    let system = house.server.system();
    house.create(&system, "kb_knowledge", &fields).unwrap().record.id
}

fn go(house: &mut House, article: &DocumentId, fields: &[(&str, &str)]) -> Result<Record, TableError> {
    let system = house.server.system();
    house.update(&system, article, fields).map(|detail| detail.record)
}

fn shown(house: &mut House, article: &DocumentId) -> (String, String) {
    let system = house.server.system();
    let record = house.get(&system, article).unwrap().record;
    (record.text("workflow_state").to_owned(), record.text("version").to_owned())
}

fn check_out(house: &mut House, article: &DocumentId) -> Result<Record, TableError> {
    let (system, sys_id) = (house.server.system(), article.sys_id);
    house.server.write(&system, house.now, &mut house.rng, |call| knowledge::check_out(call, sys_id))
}

fn is(shown: (String, String), state: &str, version: &str) {
    assert_eq!((shown.0.as_str(), shown.1.as_str()), (state, version));
}

#[test]
fn a_new_version_takes_the_place_of_the_published_one_when_it_is_published() {
    let mut house = House::new();
    let first = article(&mut house, &[("view_count", "7")]);
    is(shown(&mut house, &first), "draft", "0.01");
    for (state, version) in [("review", "0.02"), ("draft", "0.03"), ("review", "0.04"), ("published", "1.0")] {
        go(&mut house, &first, &[("workflow_state", state)]).unwrap();
        is(shown(&mut house, &first), state, version);
    }
    let nothing = DocumentId::new("kb_knowledge", house.mia.user);
    assert!(check_out(&mut house, &nothing).is_err());
    let second = check_out(&mut house, &first).unwrap();
    assert_eq!((second.text("version"), second.reference("base_version")), ("1.01", Some(first.sys_id)));
    let refused = check_out(&mut house, &first).expect_err("one at a time").to_string();
    assert!(refused.contains("version 1.01 is under way already"), "{refused}");
    go(&mut house, &second.id, &[("text", "Turn the key slowly")]).unwrap();
    is(shown(&mut house, &first), "published", "1.0");
    go(&mut house, &second.id, &[("workflow_state", "published")]).unwrap();
    is(shown(&mut house, &second.id), "published", "2.0");
    is(shown(&mut house, &first), "outdated", "1.0");
    go(&mut house, &first, &[("workflow_state", "published")]).unwrap();
    is(shown(&mut house, &first), "published", "2.0");
    is(shown(&mut house, &second.id), "outdated", "2.0");
    let system = house.server.system();
    let told = house.get(&system, &second.id).unwrap().record;
    assert_eq!(told.get("view_count").unwrap().to_string(), "7", "what readers did is carried on");
}

#[test]
fn every_state_goes_where_it_may_and_says_where_that_is() {
    let mut house = House::new();
    let mut went = 0;
    for from in STATES {
        for to in STATES.into_iter().filter(|to| *to != from) {
            let born = [("workflow_state", from), ("published", "2026-06-01 00:00:00")];
            let article = article(&mut house, &born);
            match go(&mut house, &article, &[("workflow_state", to)]) {
                Ok(record) => {
                    assert_eq!(record.text("workflow_state"), to);
                    went += 1;
                }
                Err(refused) => {
                    let refused = refused.to_string();
                    assert!(refused.contains(&format!("\"{to}\" does not follow \"{from}\"; use one of")), "{refused}");
                    assert_eq!(shown(&mut house, &article).0, from);
                }
            }
        }
    }
    assert_eq!(went, 16);
    let system = house.server.system();
    let base = house.create(&system, "kb_knowledge_base", &[("title", "Careful"), ("publication", "approval")]);
    let base = base.unwrap().record.id.sys_id.to_string();
    let careful = article(&mut house, &[("kb_knowledge_base", &base)]);
    let refused = go(&mut house, &careful, &[("workflow_state", "published")]).expect_err("unread").to_string();
    assert!(refused.contains("publishes after a review"), "{refused}");
    for state in ["review", "published"] {
        go(&mut house, &careful, &[("workflow_state", state)]).unwrap();
    }
    let draft = article(&mut house, &[]);
    let refused = go(&mut house, &draft, &[("workflow_state", "scheduled_publish")]);
    assert!(refused.expect_err("no moment").to_string().contains("says when a scheduled article is published"));
}

#[test]
fn an_article_is_published_and_outdated_at_its_moments() {
    let mut house = House::new();
    let tomorrow = house.now.plus_milliseconds(DAY).to_string();
    let later = house.now.plus_milliseconds(10 * DAY).to_string();
    let article = article(&mut house, &[("valid_to", &later)]);
    go(&mut house, &article, &[("workflow_state", "scheduled_publish"), ("published", &tomorrow)]).unwrap();
    let ring = |house: &mut House| house.server.do_due(10, house.now, &mut house.rng).unwrap();
    house.wait(DAY - 1);
    assert_eq!(ring(&mut house), 0);
    house.wait(1);
    assert_eq!(ring(&mut house), 1);
    is(shown(&mut house, &article), "published", "1.0");
    house.restart();
    house.wait(9 * DAY);
    assert_eq!(ring(&mut house), 1);
    is(shown(&mut house, &article), "outdated", "1.01");
    house.wait(100 * DAY);
    assert_eq!(ring(&mut house), 0);
}

#[test]
fn bad_news_of_readers_opens_one_task_for_whoever_keeps_the_article() {
    let mut house = House::new();
    let (system, mia, leo) = (house.server.system(), house.mia.clone(), house.leo.user.to_string());
    let group = house.create(&system, "sys_user_group", &[("name", "Heating"), ("manager", &leo)]).unwrap().record.id;
    let (group, author) = (group.sys_id.to_string(), house.dora.user.to_string());
    let owned = article(&mut house, &[("workflow_state", "published"), ("ownership_group", &group)]);
    let orphan = article(&mut house, &[("workflow_state", "published"), ("author", &author)]);
    let said = |house: &mut House, article: &DocumentId, fields: &[(&str, &str)]| {
        let article = article.sys_id.to_string();
        house.create(&mia, "kb_feedback", &[fields, &[("article", &article)]].concat()).unwrap();
    };
    said(&mut house, &owned, &[("rating", "5")]);
    said(&mut house, &owned, &[("useful", "yes")]);
    let tasks = |house: &mut House| {
        let system = house.server.system();
        house.query(&system, "kb_feedback_task", "ORDERBYnumber")
    };
    assert!(tasks(&mut house).is_empty());
    said(&mut house, &owned, &[("rating", "2"), ("comments", "Which key?")]);
    said(&mut house, &owned, &[("useful", "no")]);
    said(&mut house, &orphan, &[("flagged", "true")]);
    let open = tasks(&mut house);
    let keepers: Vec<_> = open.iter().map(|task| task.reference("assigned_to")).collect();
    assert_eq!(keepers, [Some(house.leo.user), Some(house.dora.user)]);
    assert_eq!(open[0].text("description"), "A reader said: Which key?");
    let notes = house.get(&system, &open[0].id).unwrap().projection_of_document.unwrap().work_notes.len();
    assert_eq!(notes, 1);
    let rated = house.get(&system, &owned).unwrap().record;
    let told = ["rating", "rating_count"].map(|field| rated.get(field).unwrap().to_string());
    assert_eq!(told, ["3.5", "2"]);
}
