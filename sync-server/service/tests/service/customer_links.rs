//! Links for customers without an account.

use fieldline_model::{DocumentId, SysId};
use fieldline_service::customer_links::sign::{self, Word};
use fieldline_service::customer_links::visit::{self, Standing, Visit};
use fieldline_service::customer_links::{self, Link, Opened, Purpose};
use fieldline_service::{Call, Caller, TableError};

use crate::house::House;

fn link(house: &mut House, by: &Caller, task: &DocumentId, purpose: Purpose) -> Result<Link, TableError> {
    house
        .server
        .write(by, house.now, &mut house.rng, |call| customer_links::create(call, task.sys_id, purpose, Some(3_600)))
}

fn by_link<T>(
    house: &mut House,
    token: &str,
    work: impl FnOnce(&mut Call<'_>, &Opened) -> Result<T, TableError>,
) -> Result<T, TableError> {
    house.server.write(&house.server.system(), house.now, &mut house.rng, |call| {
        let opened = customer_links::open(call, token)?;
        work(call, &opened)
    })
}

fn visit_of(house: &mut House, token: &str) -> Result<Visit, TableError> {
    by_link(house, token, visit::visit)
}

#[test]
fn a_link_shows_the_visit_in_the_customers_words_and_nothing_of_the_house() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Pump");
    let note =
        [("work_notes", "secret"), ("expected_start", "2026-03-02 10:00:00"), ("estimated_travel_duration", "900")];
    house.update(&dora, &task, &note).unwrap();
    let said = house.now;
    let token = link(&mut house, &dora, &task, Purpose::Track).unwrap().token;
    let shown = visit_of(&mut house, &token).unwrap();
    assert_eq!(
        (shown.standing, shown.technician.as_deref(), shown.what.as_str()),
        (Standing::Planned, Some("Mia"), "Pump")
    );
    assert_eq!(shown.arrives.map(|(at, said)| (at.to_string(), said)), Some(("2026-03-02 10:00:00".into(), said)));
    let everything = format!("{shown:?}");
    assert!(!everything.contains("secret") && !everything.contains("Miller"), "{everything}");

    for fields in [&[("state", "accepted")][..], &[("state", "17"), ("sub_state", "en_route")]] {
        house.update(&mia, &task, fields).unwrap();
    }
    let set_out = house.now;
    house.wait(60_000);
    let shown = visit_of(&mut house, &token).unwrap();
    assert_eq!(
        (shown.standing, shown.arrives),
        (Standing::OnTheWay, Some((set_out.plus_milliseconds(900_000), set_out)))
    );
}

#[test]
fn what_does_not_work_is_refused_in_one_way() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Pump");
    assert!(matches!(link(&mut house, &mia, &task, Purpose::Track), Err(TableError::Denied { .. })));
    let made = link(&mut house, &dora, &task, Purpose::Track).unwrap();
    let refused = |house: &mut House, token: &str| visit_of(house, token).unwrap_err().to_string();
    let unknown = refused(&mut house, "nothing");
    let mut forged = made.token.clone();
    forged.replace_range(0..1, if forged.starts_with('A') { "B" } else { "A" });
    assert_eq!(refused(&mut house, &forged), unknown);
    assert!(visit_of(&mut house, &made.token).is_ok());
    let revoked = made.row.id.sys_id;
    house.server.write(&dora, house.now, &mut house.rng, |call| customer_links::revoke(call, revoked)).unwrap();
    assert_eq!(refused(&mut house, &made.token), unknown);
    let other = link(&mut house, &dora, &task, Purpose::Track).unwrap().token;
    house.wait(3_600_000);
    assert_eq!(refused(&mut house, &other), unknown, "an hour is over");
}

#[test]
fn a_link_is_for_one_purpose() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Pump");
    let track = link(&mut house, &dora, &task, Purpose::Track).unwrap().token;
    let now = house.now;
    let signs = by_link(&mut house, &track, |call, opened| sign::sign(call, opened, "Eve", &Word::Accepts));
    let books = by_link(&mut house, &track, |call, opened| opened.book(call, now));
    let cancels = by_link(&mut house, &track, |call, opened| opened.cancel(call, ""));
    assert!(matches!(signs, Err(TableError::Denied { .. })));
    assert!(matches!(books, Err(TableError::Denied { .. })) && matches!(cancels, Err(TableError::Denied { .. })));
}

#[test]
fn a_customer_signs_once_and_who_refuses_says_why_and_may_sign_later() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Pump");
    let token = link(&mut house, &dora, &task, Purpose::Sign).unwrap().token;
    let says = |house: &mut House, name: &str, word: &Word| {
        by_link(house, &token, |call, opened| sign::sign(call, opened, name, word))
    };
    let early = says(&mut house, "Eve", &Word::Accepts).unwrap_err().to_string();
    assert!(early.contains("nothing was done yet"), "{early}");
    for state in ["accepted", "18"] {
        house.update(&mia, &task, &[("state", state)]).unwrap();
    }
    assert!(says(&mut house, " ", &Word::Accepts).is_err());
    assert!(says(&mut house, "Eve", &Word::Refuses(String::new())).is_err());
    says(&mut house, "Eve", &Word::Refuses("It still drips".into())).unwrap();
    says(&mut house, "Eve Adams", &Word::Accepts).unwrap();
    let again = says(&mut house, "Mallory", &Word::Accepts).unwrap_err().to_string();
    assert!(again.contains("signed already"), "{again}");
    let detail = house.get(&dora, &task).unwrap();
    assert_eq!((detail.record.text("signed_by"), detail.record.time("signed_on")), ("Eve Adams", Some(house.now)));
    assert_eq!(detail.record.text("signature_refusal"), "");
    let said: Vec<String> =
        detail.projection_of_document.unwrap().comments.iter().map(|comment| comment.what.text.clone()).collect();
    assert_eq!(said, ["Eve does not sign. Reason: It still drips", "Eve Adams signed what was done."]);
    let system = house.server.system();
    let told = house.query(&system, "sn_inapp_notification", &format!("user={}", dora.user));
    assert!(told.iter().any(|told| told.text("title").contains("does not sign")), "{told:?}");
}

#[test]
fn the_contact_is_written_to_once_somebody_has_set_out_where_the_organisation_wants_that() {
    let mut house = House::new();
    let (mia, dora, system) = (house.mia.clone(), house.dora.clone(), house.server.system());
    let contact = house.create(&system, "customer_contact", &[("name", "Eve"), ("email", "eve@example.org")]).unwrap();
    let contact = contact.record.id.sys_id.to_string();
    let set_out = |house: &mut House| -> (DocumentId, usize) {
        let (_, task) = house.job(mia.user, "Pump");
        house.update(&dora, &task, &[("contact", &contact), ("estimated_travel_duration", "900")]).unwrap();
        for fields in [&[("state", "accepted")][..], &[("state", "17"), ("sub_state", "en_route")]] {
            house.update(&mia, &task, fields).unwrap();
        }
        let mails = house.query(&system, "sys_email", "");
        (task, mails.len())
    };
    assert_eq!(set_out(&mut house).1, 0, "nobody asked for it");
    for (name, value) in
        [("fieldline.customer_links.on_the_way", "true"), ("glide.servlet.uri", "https://field.example.org/")]
    {
        house.create(&system, "sys_properties", &[("name", name), ("value", value)]).unwrap();
    }
    let (task, mails) = set_out(&mut house);
    assert_eq!(mails, 1);
    let mail = house.query(&system, "sys_email", "").remove(0);
    assert_eq!(mail.text("recipients"), "eve@example.org");
    let token = mail.text("body").split("https://field.example.org/c/").nth(1).unwrap().trim().to_owned();
    let shown = visit_of(&mut house, &token).unwrap();
    assert_eq!(shown.standing, Standing::OnTheWay);
    let number = house.get(&system, &task).unwrap().record.text("number").to_owned();
    assert_eq!(shown.number, number);
    assert_ne!(task.sys_id, SysId([0; 16]));
}
