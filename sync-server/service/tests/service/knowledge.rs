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

/// Criteria that name this person or role, linked to a base in a way.
fn name_in(house: &mut House, base: &str, link: &str, fields: &[(&str, &str)]) -> DocumentId {
    let system = house.server.system();
    let criteria = house.create(&system, "user_criteria", &[fields, &[("name", "Some")]].concat()).unwrap().record.id;
    let criteria = criteria.sys_id.to_string();
    let table = format!("kb_uc_{link}_mtom");
    house.create(&system, &table, &[("kb_knowledge_base", base), ("user_criteria", &criteria)]).unwrap().record.id
}

#[test]
fn a_base_that_names_its_readers_is_read_and_found_by_them_alone() {
    let mut house = House::new();
    let (system, mia, leo, dora) = (house.server.system(), house.mia.clone(), house.leo.clone(), house.dora.clone());
    let kim = house.person("kim", "Kim Keeps", &[]);
    let owner = kim.user.to_string();
    let base =
        house.create(&system, "kb_knowledge_base", &[("title", "Secrets"), ("owner", &owner)]).unwrap().record.id;
    let base = base.sys_id.to_string();
    let published = [("kb_knowledge_base", base.as_str()), ("workflow_state", "published")];
    let inside = article(&mut house, &published);
    let outside = article(&mut house, &[("workflow_state", "published")]);
    house.server.index_due(100, house.now, &mut house.rng).unwrap();
    let seen = |house: &mut House, who: &fieldline_service::Caller| {
        let listed: Vec<DocumentId> = house.query(who, "kb_knowledge", "").into_iter().map(|row| row.id).collect();
        let found = house.server.read(who, house.now, &mut house.rng, |call| {
            knowledge::search::search(call, "bleed radiator", &fieldline_model::condition::Query::default())
        });
        let found: Vec<DocumentId> = found.unwrap().into_iter().map(|found| found.article.id).collect();
        let is_read = house.get(who, &inside).is_ok();
        assert_eq!((listed.contains(&inside), found.contains(&inside)), (is_read, is_read), "every way says the same");
        assert!(listed.contains(&outside) && found.contains(&outside));
        is_read
    };
    let everybody = [&mia, &leo, &dora, &kim, &system].map(|who| who.clone());
    let all = |house: &mut House| everybody.each_ref().map(|who| seen(house, who));
    assert_eq!(all(&mut house), [true; 5]);
    let of_mia = mia.user.to_string();
    let named = name_in(&mut house, &base, "can_read", &[("user", &of_mia)]);
    assert_eq!(all(&mut house), [true, false, false, true, true], "roles do not open it, keeping it does");
    name_in(&mut house, &base, "can_contribute", &[("role", "itil")]);
    assert_eq!(all(&mut house), [true, false, true, true, true], "who contributes reads");
    name_in(&mut house, &base, "cannot_read", &[("user", &of_mia)]);
    assert_eq!(all(&mut house), [false, false, true, true, true]);
    house.restart();
    assert_eq!(all(&mut house), [false, false, true, true, true]);
    let refused = house.update(&dora, &inside, &[("text", "By who contributes")]);
    refused.unwrap();
    for link in house.query(&system, "kb_uc_cannot_read_mtom", "") {
        let (table, id) = (link.id.table.to_string(), link.id.sys_id);
        let delete = |call: &mut fieldline_service::Call<'_>| fieldline_service::table::delete(call, &table, id);
        house.server.write(&system, house.now, &mut house.rng, delete).unwrap();
    }
    assert_eq!(all(&mut house), [true, false, true, true, true]);
    assert!(house.get(&system, &named).is_ok());
}

#[test]
fn a_base_is_written_by_those_it_names_and_says_so_to_others() {
    let mut house = House::new();
    let (system, dora) = (house.server.system(), house.dora.clone());
    let base = house.create(&system, "kb_knowledge_base", &[("title", "Heating")]).unwrap().record.id;
    let base = base.sys_id.to_string();
    let ann = house.person("ann", "Ann Author", &["knowledge"]);
    name_in(&mut house, &base, "can_contribute", &[("role", "knowledge")]);
    let fields = [("short_description", "Bleed a radiator"), ("kb_knowledge_base", base.as_str())];
    let refused = house.create(&dora, "kb_knowledge", &fields).expect_err("not named").to_string();
    assert!(refused.contains("names who contributes"), "{refused}");
    let made = house.create(&ann, "kb_knowledge", &fields).unwrap().record;
    let elsewhere = house.update(&dora, &made.id, &[("kb_knowledge_base", "")]);
    assert!(elsewhere.is_err(), "nobody takes an article out of it either");
}

#[test]
fn how_far_an_article_can_be_relied_on_follows_where_it_stands_and_who_published_it() {
    let mut house = House::new();
    let (dora, kim) = (house.dora.clone(), house.person("kim", "Kim Knows", &["knowledge_manager"]));
    let told = |house: &mut House, who: &fieldline_service::Caller, article: &DocumentId, state: &str| {
        let record = house.update(who, article, &[("workflow_state", state)]).unwrap().record;
        record.text("confidence").to_owned()
    };
    let made = house.create(&dora, "kb_knowledge", &[("short_description", "Bleed it")]).unwrap().record;
    assert_eq!(made.text("confidence"), "work_in_progress");
    assert_eq!(told(&mut house, &dora, &made.id, "review"), "not_validated");
    assert_eq!(told(&mut house, &dora, &made.id, "published"), "not_validated");
    assert_eq!(told(&mut house, &kim, &made.id, "retired"), "archived");
    assert_eq!(told(&mut house, &kim, &made.id, "draft"), "work_in_progress");
    assert_eq!(told(&mut house, &kim, &made.id, "published"), "validated");
    let said = [("workflow_state", "retired"), ("confidence", "not_validated")];
    assert_eq!(house.update(&kim, &made.id, &said).unwrap().record.text("confidence"), "not_validated");
}

#[test]
fn a_solved_incident_and_a_problem_begin_articles_once() {
    let mut house = House::new();
    let (system, mia, dora) = (house.server.system(), house.mia.clone(), house.dora.clone());
    let base = house.create(&system, "kb_knowledge_base", &[("title", "Known Error")]).unwrap().record.id;
    let fields =
        [("short_description", "Printer <3> jams"), ("description", "Paper & tray"), ("close_notes", "Turn the tray")];
    let incident = house.create(&dora, "incident", &fields).unwrap().record.id;
    let fields = [("short_description", "Trays warp"), ("workaround", "Turn the tray"), ("cause_notes", "Heat")];
    let problem = house.create(&dora, "problem", &fields).unwrap().record.id;
    let draft = |house: &mut House, who: &fieldline_service::Caller, task: &DocumentId| {
        let task = task.sys_id;
        house.server.write(who, house.now, &mut house.rng, |call| knowledge::drafting::from_task(call, task))
    };
    let article = draft(&mut house, &dora, &incident).unwrap();
    assert_eq!(article.text("text"), "<h2>Symptom</h2><p>Paper &amp; tray</p><h2>Resolution</h2><p>Turn the tray</p>");
    assert_eq!((article.text("workflow_state"), article.reference("source")), ("draft", Some(incident.sys_id)));
    let refused = draft(&mut house, &dora, &incident).expect_err("one is enough").to_string();
    assert!(refused.contains(article.text("number")), "{refused}");
    assert!(draft(&mut house, &mia, &problem).is_err());
    let known = draft(&mut house, &dora, &problem).unwrap();
    assert_eq!(
        (known.text("topic"), known.text("workaround"), known.text("cause")),
        ("Known Error", "Turn the tray", "Heat")
    );
    assert_eq!(known.reference("kb_knowledge_base"), Some(base.sys_id));
    let problem = house.get(&system, &problem).unwrap().record;
    assert_eq!(problem.reference("known_error_article"), Some(known.id.sys_id));
}

#[test]
fn a_review_by_the_checklist_of_the_base_scores_the_article_and_leaves_it_as_it_is() {
    let mut house = House::new();
    let system = house.server.system();
    let kim = house.person("kim", "Kim Knows", &["knowledge_manager"]);
    let made = |house: &mut House, table: &str, fields: &[(&str, &str)]| {
        house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
    };
    let checklist = made(&mut house, "kb_quality_checklist", &[("name", "Good articles")]);
    let question = |house: &mut House, text: &str, weight: &str| {
        made(
            house,
            "kb_quality_checklist_question",
            &[("checklist", &checklist), ("question", text), ("weight", weight)],
        )
    };
    let clear = question(&mut house, "Is its title clear?", "70");
    let base = made(&mut house, "kb_knowledge_base", &[("title", "Heating"), ("checklist", &checklist)]);
    let made = article(&mut house, &[("kb_knowledge_base", &base)]);
    let article = made.sys_id.to_string();
    let review = |house: &mut House, yes: &str| {
        house.create(&kim, "kb_quality_review", &[("article", &article), ("answered_yes", yes)])
    };
    let refused = review(&mut house, &clear).expect_err("not whole").to_string();
    assert!(refused.contains("are 70 together"), "{refused}");
    let short = question(&mut house, "Is it short?", "30");
    let told = review(&mut house, &clear).unwrap().record;
    assert_eq!((told.get("score").unwrap().to_string().as_str(), told.text("version")), ("70", "0.01"));
    assert!(review(&mut house, &article).is_err(), "another question");
    review(&mut house, &format!("{clear},{short}")).unwrap();
    let system = house.server.system();
    let scored = house.get(&system, &made).unwrap().record;
    let shown = ["latest_aqi", "sys_mod_count"].map(|field| scored.get(field).unwrap().to_string());
    assert_eq!(shown, ["100", "0"]);
    assert!(
        house.create(&house.dora.clone(), "kb_quality_review", &[("article", &article)]).is_err(),
        "not everybody reviews"
    );
}
