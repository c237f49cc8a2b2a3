//! A phone whose database was damaged while it was off.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use fieldline_device::Command;
use fieldline_stories::{Office, captured, noise};

#[test]
fn a_damaged_database_is_set_aside_its_unsent_work_delivered_and_the_rest_pulled_again() {
    let office = Office::open();
    let mia = office.technician("mia");
    let tasks: Vec<_> = (1..=5).map(|number| office.sends(&mia, &format!("Pump {number}"))).collect();
    mia.syncs();
    mia.notes(&tasks[0], "sent before the damage");
    mia.syncs();
    let photo = noise(10_000);
    for task in &tasks {
        mia.notes(task, "not sent before the damage");
    }
    mia.does(Command::AddPhoto {
        document: tasks[1].clone(),
        photo: captured(photo.clone(), "a.jpg"),
        thumbnail: None,
    });

    let mia = mia.switches_off_and_on(|home| scratch(&home.join("fieldline.db")));
    let salvage = mia.phone().salvage().cloned().expect("the damage is noticed");
    assert!(salvage.identity, "the phone still knows whose it is");
    assert_eq!(salvage.unsent, 6, "{salvage:?}");
    assert!(salvage.set_aside.is_some_and(|path| path.exists()), "nothing is thrown away");

    mia.syncs();
    let tablet = office.another_phone_of(&mia);
    for phone in [&mia, &tablet] {
        assert_eq!(phone.notes_on(&tasks[0]), ["sent before the damage", "not sent before the damage"]);
        for task in &tasks[1..] {
            assert_eq!(phone.notes_on(task), ["not sent before the damage"]);
        }
    }
    let photographed = tablet.sees(&tasks[1]).and_then(|view| view.details).expect("it came");
    assert_eq!(tablet.fetches(&tasks[1], photographed.attachments[0].what.blob), Some(photo));

    mia.notes(&tasks[2], "and work goes on");
    mia.syncs();
    tablet.syncs();
    assert_eq!(tablet.notes_on(&tasks[2]), ["not sent before the damage", "and work goes on"]);
}

/// Overwrites the first page, without which nothing of the file can be read in the ordinary way.
fn scratch(database: &Path) {
    let mut file = OpenOptions::new().write(true).open(database).expect("the database is a file");
    file.write_all(&noise(4_096)).expect("it can be overwritten");
}
