//! Apps and servers of different ages: every pair gets on, nothing is lost, and nobody has to do anything.

use fieldline_device::{Command, Dialect};
use fieldline_model::dictionary::{SHIPPED_LIFE_CYCLES, SHIPPED_TABLES};
use fieldline_model::{Dictionary, Value};
use fieldline_protocol::{Office, Phone};
use fieldline_sync::session::{Event, Reply};
use fieldline_sync::wire::{OLDEST_WIRE_VERSION, PACKED_SINCE, WIRE_VERSION};

fn old() -> Dialect {
    Dialect { wire_version: 1, ..Dialect::default() }
}

/// Notes long enough to be worth packing.
fn long(text: &str) -> String {
    format!("{text}: short_description, assignment_group, expected_start, work_end, actual_work_duration, location")
}

/// The version the phone's next request needs.
fn version_of(phone: &mut Phone, office: &mut Office) -> u8 {
    let frame = phone.asks(office);
    phone.takes(office, Reply::Failed);
    frame[3]
}

#[test]
fn a_phone_speaks_the_oldest_version_until_the_server_has_shown_that_it_knows_more() {
    let mut office = Office::open();
    let mut phone = office.hires("mia");
    let task = office.sends(&phone, "Replace the pump");
    assert_eq!(version_of(&mut phone, &mut office), 1);
    phone.syncs(&mut office);
    phone.notes(&mut office, &task, &long("first"));
    assert_eq!(version_of(&mut phone, &mut office), 3);
    phone.runs(Dialect::default());
    assert_eq!(version_of(&mut phone, &mut office), 3, "what the server speaks is remembered over a restart");
}

#[test]
fn every_pair_of_ages_exchanges_everything() {
    let ages = OLDEST_WIRE_VERSION..=WIRE_VERSION;
    for (app, server) in ages.clone().flat_map(|app| ages.clone().map(move |server| (app, server))) {
        let mut office = Office::open();
        office.runs(server, Dictionary::shipped());
        let mut phone = office.hires("mia");
        phone.runs(Dialect { wire_version: app, ..Dialect::default() });
        let task = office.sends(&phone, "Replace the pump");
        phone.syncs(&mut office);
        let note = long("on site");
        phone.notes(&mut office, &task, &note);
        let needed = app.min(server).min(PACKED_SINCE);
        assert_eq!(u16::from(version_of(&mut phone, &mut office)), needed, "app {app}, server {server}");
        phone.syncs(&mut office);
        assert_eq!((office.notes_on(&task), phone.notes_on(&task)), (vec![note.clone()], vec![note]));
    }
}

#[test]
fn an_app_that_is_downgraded_and_upgraded_again_goes_on() {
    let mut office = Office::open();
    let mut phone = office.hires("mia");
    let task = office.sends(&phone, "Replace the pump");
    phone.syncs(&mut office);
    for (dialect, first, later) in [(Dialect::default(), 3, 3), (old(), 1, 1), (Dialect::default(), 1, 3)] {
        phone.runs(dialect);
        for version in [first, later] {
            phone.notes(&mut office, &task, &long("still here"));
            assert_eq!(version_of(&mut phone, &mut office), version);
            phone.syncs(&mut office);
        }
    }
    assert_eq!(office.notes_on(&task).len(), 6);
}

#[test]
fn a_server_that_is_downgraded_is_served_in_the_same_minute() {
    let mut office = Office::open();
    let mut phone = office.hires("mia");
    let task = office.sends(&phone, "Replace the pump");
    phone.syncs(&mut office);
    office.runs(1, Dictionary::shipped());
    phone.notes(&mut office, &task, &long("to the older server"));
    assert_eq!(phone.exchanges(&mut office), [], "refused, and asked again at once");
    let answered = phone.exchanges(&mut office);
    assert!(answered.iter().any(|event| matches!(event, Event::Synced { .. })), "{answered:?}");
    assert_eq!(office.notes_on(&task).len(), 1);
    office.runs(WIRE_VERSION, Dictionary::shipped());
    phone.syncs(&mut office);
    phone.notes(&mut office, &task, &long("to the newer server"));
    assert_eq!(version_of(&mut phone, &mut office), 3);
}

/// The dictionary of the next release: a work order task has one field more.
fn newer() -> &'static Dictionary {
    let text = |(file, text): &(&'static str, &'static str)| match *file {
        "wm_task.toml" => {
            let end = text.rfind(']').expect("the fields are a list");
            format!("{}  {{ name = \"gate_code\", label = \"Gate code\", type = \"string\" }},\n]", &text[..end])
        }
        _ => (*text).to_owned(),
    };
    let texts: Vec<String> = SHIPPED_TABLES.iter().map(text).collect();
    let tables: Vec<(&str, &str)> =
        SHIPPED_TABLES.iter().zip(&texts).map(|((file, _), text)| (*file, &**text)).collect();
    Box::leak(Box::new(Dictionary::parse(&tables, SHIPPED_LIFE_CYCLES).expect("it fits together")))
}

fn gate_code(record: &fieldline_model::Record) -> &str {
    record.text("gate_code")
}

#[test]
fn a_field_an_older_app_does_not_know_survives_it_and_is_shown_once_the_app_is_updated() {
    let newer = newer();
    let mut office = Office::open();
    office.runs(WIRE_VERSION, newer);
    let mut phone = office.hires("mia");
    let task = office.sends(&phone, "Replace the pump");
    office.changes(&task, &[("gate_code", "4711")]);
    phone.syncs(&mut office);
    office.changes(&task, &[("gate_code", "4712"), ("description", "Mind the dog")]);
    phone.notes(&mut office, &task, "from an older app");
    phone.syncs(&mut office);
    assert_eq!(phone.sees(&task).item.fields.get("gate_code"), None, "it shows what it knows");
    assert_eq!(gate_code(&office.reads(&task).record), "4712");
    phone.runs(Dialect { dictionary: newer, ..Dialect::default() });
    assert_eq!(phone.sees(&task).item.fields.get("gate_code"), Some(&Value::text("4712")));
}

#[test]
fn what_an_older_server_does_not_know_waits_with_its_author_and_goes_on_once_the_server_is_updated() {
    let newer = newer();
    let mut office = Office::open();
    let mut phone = office.hires("mia");
    phone.runs(Dialect { dictionary: newer, ..Dialect::default() });
    let task = office.sends(&phone, "Replace the pump");
    phone.syncs(&mut office);
    let counter = phone.sets(&mut office, &task, "gate_code", "4711");
    phone.notes(&mut office, &task, "goes through all the same");
    phone.syncs(&mut office);
    let held = phone.device().needs_attention().expect("a sound disk").held;
    assert_eq!((held.len(), held[0].counter, &*held[0].reason), (1, counter, "shape"));
    assert_eq!(office.notes_on(&task), ["goes through all the same"]);
    office.runs(WIRE_VERSION, newer);
    phone.does(&mut office, Command::ResendHeld { counter });
    phone.syncs(&mut office);
    assert_eq!(gate_code(&office.reads(&task).record), "4711");
}
