//! Who is told of what, in which words, how often, and who is not.

use fieldline_model::{DocumentId, Record, SysId};
use fieldline_service::notifications::Mail;
use fieldline_service::{TableError, jobs, table};
use fieldline_sync::wire::Outcome;

use crate::house::{DAY, House, describe, note, step};

const MINUTE: i64 = 60_000;

/// A rule about incidents that change or are created, unless it says otherwise.
fn rule(house: &mut House, fields: &[(&str, &str)]) -> Result<DocumentId, TableError> {
    let usual = [
        ("name", "Told"),
        ("collection", "incident"),
        ("action_insert", "true"),
        ("action_update", "true"),
        ("subject", "Told"),
    ];
    let system = house.server.system();
    Ok(house.create(&system, "sysevent_email_action", &[&usual[..], fields].concat())?.record.id)
}

/// Gives people of the house an address each.
fn with_addresses() -> House {
    let mut house = House::new();
    for user in [house.dora.user, house.mia.user, house.leo.user] {
        person(&mut house, user, &[]);
    }
    house
}

fn person(house: &mut House, user: SysId, fields: &[(&str, &str)]) {
    let (system, id) = (house.server.system(), DocumentId::new("sys_user", user));
    let name = house.get(&system, &id).unwrap().record.text("user_name").to_owned();
    let email = format!("{name}@example.org");
    house.update(&system, &id, &[&[("email", email.as_str())], fields].concat()).unwrap();
}

fn incident(house: &mut House, fields: &[(&str, &str)]) -> DocumentId {
    let dora = house.dora.clone();
    house.create(&dora, "incident", &[&[("short_description", "No link")], fields].concat()).unwrap().record.id
}

fn rows(house: &mut House, table: &str) -> Vec<Record> {
    let system = house.server.system();
    house.query(&system, table, "ORDERBYrecipients^ORDERBYsys_created_on")
}

/// Whom mail was written to, and its subjects.
fn written(house: &mut House) -> Vec<(String, String)> {
    let told = |mail: &Record| {
        let to = mail.text("recipients").trim_end_matches("@example.org");
        (to.to_owned(), mail.text("subject").to_owned())
    };
    rows(house, "sys_email").iter().map(told).collect()
}

fn addressees(house: &mut House) -> Vec<String> {
    written(house).into_iter().map(|(to, _)| to).collect()
}

fn claim(house: &mut House) -> Vec<Mail> {
    house.server.claim_mail("fieldline.example", 10, house.now, &mut house.rng).unwrap()
}

#[test]
fn whoever_fields_groups_and_the_rule_name_is_told_once_and_who_made_the_change_is_not() {
    let mut house = with_addresses();
    let system = house.server.system();
    let group = house.create(&system, "sys_user_group", &[("name", "Network")]).unwrap().record.id.sys_id.to_string();
    let [dora, mia, leo] = [house.dora.user, house.mia.user, house.leo.user].map(|user| user.to_string());
    for user in [&mia, &dora] {
        house.create(&system, "sys_user_grmember", &[("group", &group), ("user", user)]).unwrap();
    }
    house.update(&system, &DocumentId::new("sys_user_group", group.parse().unwrap()), &[("manager", &leo)]).unwrap();
    let fields = "assigned_to, watch_list,assignment_group,assignment_group.manager";
    let message = "{{caller_id.name}} says: {{short_description}} ({{state}}, {{assignment_group}}, {{opened_at}})";
    rule(&mut house, &[("recipient_fields", fields), ("recipient_users", &mia), ("message", message)]).unwrap();
    let user = house.leo.user;
    person(&mut house, user, &[("time_zone", "Europe/Monaco")]);
    let about = [("assignment_group", group.as_str()), ("watch_list", mia.as_str()), ("caller_id", dora.as_str())];
    let reported = incident(&mut house, &about);
    let number = house.get(&system, &reported).unwrap().record.text("number").to_owned();
    let subject = format!("{number}: Told");
    assert_eq!(written(&mut house), [("leo".into(), subject.clone()), ("mia".into(), subject)]);
    let mails = rows(&mut house, "sys_email");
    assert_eq!(mails[0].text("body"), "Dora Dispatcher says: No link (New, Network, 2026-03-02 09:00:00)");
    assert_eq!(mails[1].text("body"), "Dora Dispatcher says: No link (New, Network, 2026-03-02 08:00:00)");
    let kept = ["state", "type", "target_table", "instance"].map(|field| mails[0].text(field).to_owned());
    assert_eq!(kept, ["ready", "send-ready", "incident", &reported.sys_id.to_string()]);
}

#[test]
fn who_has_left_has_no_address_or_wants_no_mail_gets_none_and_the_author_only_where_the_rule_says_so() {
    let mut house = with_addresses();
    let [dora, mia, leo] = [house.dora.user, house.mia.user, house.leo.user];
    let all = [dora, mia, leo].map(|user| user.to_string()).join(",");
    rule(&mut house, &[("recipient_users", &all), ("send_self", "true")]).unwrap();
    person(&mut house, mia, &[("active", "false")]);
    person(&mut house, leo, &[("notification", "1")]);
    incident(&mut house, &[]);
    assert_eq!(addressees(&mut house), ["dora"]);
    person(&mut house, dora, &[("email", "")]);
    incident(&mut house, &[]);
    assert_eq!(addressees(&mut house), ["dora"]);
}

#[test]
fn what_rules_make_of_a_change_is_one_change_with_it() {
    let mut house = with_addresses();
    let (system, leo) = (house.server.system(), house.leo.user.to_string());
    let assigns = [("name", "All"), ("table", "incident"), ("user", leo.as_str())];
    house.create(&system, "sysrule_assignment", &assigns).unwrap();
    let new = [("action_update", "false"), ("recipient_fields", "assigned_to"), ("message", "{{assigned_to}}")];
    rule(&mut house, &new).unwrap();
    let changes = [("condition", "assigned_toVALCHANGES"), ("recipient_users", leo.as_str()), ("name", "Yours")];
    rule(&mut house, &changes).unwrap();
    let reported = incident(&mut house, &[]);
    assert_eq!(addressees(&mut house), ["leo", "leo"], "one of each rule");
    assert!(rows(&mut house, "sys_email").iter().any(|mail| mail.text("body") == "Leo Lang"));
    let dora = house.dora.clone();
    house.update(&dora, &reported, &[("category", "network")]).unwrap();
    assert_eq!(addressees(&mut house).len(), 2, "nobody else was assigned");
}

#[test]
fn comments_are_told_to_all_and_work_notes_to_those_inside_only() {
    let mut house = with_addresses();
    let all = [house.dora.user, house.mia.user].map(|user| user.to_string()).join(",");
    let says = |condition, message| [("condition", condition), ("recipient_users", all.as_str()), ("message", message)];
    rule(&mut house, &says("commentsVALCHANGES", "{{comments}}")).unwrap();
    rule(&mut house, &says("work_notesVALCHANGES", "Somebody noted something")).unwrap();
    rule(&mut house, &says("stateCHANGESTO2", "{{work_notes}}")).unwrap();
    let (reported, system) = (incident(&mut house, &[]), house.server.system());
    let bodies = |house: &mut House, fields: &[(&str, &str)]| {
        let known = rows(house, "sys_email").len();
        house.update(&system, &reported, fields).unwrap();
        let mails = house.query(&system, "sys_email", "ORDERBYsys_created_on");
        house.wait(MINUTE);
        let mut told: Vec<_> = mails
            .iter()
            .skip(known)
            .map(|mail| (mail.text("recipients")[..4].to_owned(), mail.text("body").to_owned()))
            .collect();
        told.sort();
        told
    };
    let told = bodies(&mut house, &[("comments", "We are on it")]);
    assert_eq!(told, [("dora".into(), "We are on it".into()), ("mia@".into(), "We are on it".to_owned())]);
    let told = bodies(&mut house, &[("work_notes", "They never pay")]);
    assert_eq!(told, [("dora".into(), "Somebody noted something".to_owned())]);
    assert_eq!(bodies(&mut house, &[("state", "2")]), [("dora".into(), "They never pay".to_owned())]);
    assert_eq!(bodies(&mut house, &[("category", "network")]), []);
}

#[test]
fn edits_of_a_phone_tell_people_once_however_often_they_are_sent() {
    let mut house = with_addresses();
    let dora = house.dora.user.to_string();
    let of_tasks = [("collection", "wm_task"), ("action_insert", "false"), ("recipient_users", dora.as_str())];
    rule(&mut house, &of_tasks).unwrap();
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    phone.wants.insert(task.clone());
    phone.sync(&mut house);
    let now = house.now;
    let edits = [vec![step("accept")], vec![describe("Old boiler")], vec![note("Rusty")]];
    let edits: Vec<_> = edits.iter().map(|acts| phone.edit(now, &task, acts)).collect();
    for _ in 0..2 {
        let outcomes = phone.push(&mut house, &edits);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted { .. })), "{outcomes:?}");
    }
    assert_eq!(addressees(&mut house), ["dora"]);
}

#[test]
fn somebody_told_inside_the_app_alone_sees_it_and_says_it_is_read() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let to_mia = mia.user.to_string();
    rule(&mut house, &[("type", "in_app"), ("recipient_users", &to_mia), ("message", "Look: {{number}}")]).unwrap();
    let reported = incident(&mut house, &[]);
    let mut told = house.query(&mia, "sn_inapp_notification", "read=false");
    let told = told.remove(0);
    assert!(told.text("message").starts_with("Look: INC"), "{told:?}");
    assert_eq!(told.text("instance"), reported.sys_id.to_string());
    let leo = house.leo.clone();
    assert_eq!(house.query(&leo, "sn_inapp_notification", "").len(), 0);
    assert!(house.update(&leo, &told.id, &[("read", "true")]).is_err());
    assert!(house.update(&mia, &told.id, &[("title", "Mine")]).is_err());
    house.update(&mia, &told.id, &[("read", "true")]).unwrap();
    assert_eq!(house.query(&mia, "sn_inapp_notification", "read=false").len(), 0);
    let outbox = house
        .server
        .read(&mia, house.now, &mut house.rng, |call| table::get(call, "sys_email", told.id.sys_id).map(drop));
    assert!(outbox.is_err() && rows(&mut house, "sys_email").is_empty());
}

#[test]
fn a_promise_that_is_broken_tells_people_and_contacts_are_written_to_as_well() {
    let mut house = with_addresses();
    let system = house.server.system();
    let promise = [("name", "Four hours"), ("collection", "incident"), ("duration", "1970-01-01 04:00:00")];
    house.create(&system, "contract_sla", &promise).unwrap();
    let fields = "task.assigned_to,task.contact";
    let broken = [
        ("collection", "task_sla"),
        ("condition", "has_breachedCHANGESTOtrue"),
        ("recipient_fields", fields),
        ("subject", "{{task.number}} breached {{sla}}"),
    ];
    rule(&mut house, &broken).unwrap();
    let contact = house.create(&system, "customer_contact", &[("name", "Ann"), ("email", "ann@example.org")]).unwrap();
    let (ann, mia) = (contact.record.id.sys_id.to_string(), house.mia.user.to_string());
    incident(&mut house, &[("assigned_to", &mia), ("contact", &ann)]);
    house.wait(DAY);
    while house.server.do_due(10, house.now, &mut house.rng).unwrap() > 0 {}
    let told = written(&mut house);
    assert_eq!(addressees(&mut house), ["ann", "mia"]);
    assert!(told.iter().all(|(_, subject)| subject.ends_with("breached Four hours")), "{told:?}");
}

#[test]
fn mail_of_an_interval_becomes_one_mail_that_lists_it() {
    let mut house = with_addresses();
    let leo = house.leo.user.to_string();
    let hourly =
        [("recipient_users", leo.as_str()), ("digest", "true"), ("digest_interval", "60"), ("message", "{{category}}")];
    rule(&mut house, &hourly).unwrap();
    for category in ["network", "hardware"] {
        incident(&mut house, &[("category", category)]);
        house.wait(20 * MINUTE);
    }
    house.server.do_due(10, house.now, &mut house.rng).unwrap();
    assert_eq!(written(&mut house).len(), 0);
    assert_eq!(house.server.next_due().unwrap(), Some(house.now.plus_milliseconds(20 * MINUTE)));
    house.wait(20 * MINUTE);
    house.server.do_due(10, house.now, &mut house.rng).unwrap();
    assert_eq!(written(&mut house), [("leo".into(), "Told: 2".to_owned())]);
    let body = rows(&mut house, "sys_email").remove(0).text("body").to_owned();
    let (first, second) = body.split_once("\n\n----\n\n").unwrap();
    assert!(first.ends_with("Told\n\nnetwork") && second.ends_with("Told\n\nhardware"), "{body}");
    incident(&mut house, &[]);
    let user = house.leo.user;
    person(&mut house, user, &[("active", "false")]);
    house.wait(60 * MINUTE);
    house.server.do_due(10, house.now, &mut house.rng).unwrap();
    assert_eq!(written(&mut house).len(), 1, "who has left reads nothing");
}

#[test]
fn mail_is_claimed_once_put_off_when_it_fails_and_stopped_in_the_end() {
    let mut house = with_addresses();
    let leo = house.leo.user.to_string();
    rule(&mut house, &[("recipient_users", &leo)]).unwrap();
    let reported = incident(&mut house, &[]);
    let first = claim(&mut house).remove(0);
    assert_eq!(first.message_id, format!("<{}@fieldline.example>", first.id));
    assert_eq!((first.to.as_str(), &first.in_reply_to), ("leo@example.org", &None));
    assert_eq!(claim(&mut house), [], "somebody has it");
    // Whoever had it died after sending it: it is sent again as the same mail.
    house.wait(5 * MINUTE);
    let again = claim(&mut house).remove(0);
    assert_eq!((&again.message_id, again.id), (&first.message_id, first.id));
    house.server.mail_failed(&first, ("late", false), house.now, &mut house.rng).unwrap();
    assert_eq!(claim(&mut house), [], "who claimed it before has no say");
    house.server.mail_sent(&again, house.now, &mut house.rng).unwrap();
    assert_eq!(rows(&mut house, "sys_email")[0].text("state"), "sent");
    let dora = house.dora.clone();
    house.update(&dora, &reported, &[("category", "network")]).unwrap();
    for attempt in 1..=8 {
        let mail = claim(&mut house).remove(0);
        assert_eq!(mail.in_reply_to.as_ref(), Some(&first.message_id), "attempt {attempt}");
        house.server.mail_failed(&mail, ("451 try later", false), house.now, &mut house.rng).unwrap();
        house.wait(3 * 60 * MINUTE);
    }
    assert_eq!(claim(&mut house), []);
    let system = house.server.system();
    let stopped = house.server.read(&system, house.now, &mut house.rng, |call| jobs::stopped(call, 10)).unwrap();
    assert_eq!((stopped.len(), stopped[0].problem.as_deref()), (1, Some("451 try later")));
    assert_eq!(house.query(&system, "sys_email", "state=failed^type=send-failed").len(), 1);
    house.server.write(&system, house.now, &mut house.rng, |call| jobs::retry(call, &stopped[0].name)).unwrap();
    let mail = claim(&mut house).remove(0);
    house.server.mail_sent(&mail, house.now, &mut house.rng).unwrap();
    assert_eq!(house.query(&system, "sys_email", "state=sent^error_stringISEMPTY").len(), 2);
    assert_eq!(house.server.next_mail_due().unwrap(), None);
    incident(&mut house, &[]);
    house.wait(4 * DAY);
    assert_eq!(claim(&mut house), [], "it is old news");
    assert_eq!(house.query(&system, "sys_email", "state=failed").len(), 1);
}

#[test]
fn a_notification_that_does_not_fit_is_refused_by_name() {
    let mut house = House::new();
    let mia = house.mia.user.to_string();
    let to_mia = ("recipient_users", mia.as_str());
    for (fields, problem) in [
        (vec![to_mia, ("collection", "tasks")], "collection: there is no table \"tasks\""),
        (vec![to_mia, ("collection", "sys_email")], "there is no table \"sys_email\" of whose records"),
        (vec![to_mia, ("action_insert", "false"), ("action_update", "false")], "it would never tell anybody"),
        (vec![to_mia, ("condition", "colour=red")], "\"colour=red\" is no condition of incident"),
        (vec![to_mia, ("condition", "colourVALCHANGES")], "\"colour\" is no field of incident whose change"),
        (vec![to_mia, ("condition", "caller_id.nameVALCHANGES")], "\"caller_id.name\" is no field of incident"),
        (vec![], "tells nobody"),
        (vec![("recipient_fields", "assigned_to,boss")], "incident has no field \"boss\""),
        (vec![("recipient_fields", "cmdb_ci")], "\"cmdb_ci\" of incident leads to no people"),
        (vec![("recipient_fields", "watch_list.manager")], "goes through watch_list"),
        (vec![to_mia, ("subject", "{{colour}}")], "subject: incident has no field \"colour\""),
        (vec![to_mia, ("message", "{{caller_id.colour}}")], "message: incident has no field \"caller_id.colour\""),
        (vec![to_mia, ("message", "{{caller_id.home_phone}}")], "may only be known to user_admin"),
        (vec![to_mia, ("collection", "task_sla"), ("message", "{{comments}}")], "task_sla has no field \"comments\""),
        (vec![to_mia, ("digest", "true")], "digest_interval: must be 1 to 10080"),
        (vec![to_mia, ("digest", "true"), ("type", "in_app")], "only mail can be gathered"),
        (vec![to_mia, ("type", "pigeon")], "\"pigeon\" is no choice"),
    ] {
        let refused = rule(&mut house, &fields).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
    let dora = house.dora.clone();
    assert!(house.create(&dora, "sysevent_email_action", &[("name", "Mine")]).is_err());
}
