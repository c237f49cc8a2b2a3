//! A job goes from one technician to another while the first one works on it out of reach.

use fieldline_device::Command;
use fieldline_model::TableName;
use fieldline_stories::{Office, captured, noise};

#[test]
fn a_reassigned_job_takes_the_unsent_work_along_leaves_one_phone_and_reaches_the_other() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    bob.syncs();
    assert!(bob.sees(&task).is_none());

    let photo = noise(30_000);
    mia.notes(&task, "The shut-off valve is behind the left panel");
    mia.does(Command::AddPhoto {
        document: task.clone(),
        photo: captured(photo.clone(), "panel.jpg"),
        thumbnail: None,
    });
    office.reassigns(&task, &bob);
    assert!(mia.sees(&task).is_some(), "nothing is taken from somebody who is at work");
    mia.syncs();

    assert!(mia.sees(&task).is_none(), "it left with its last unsent edit");
    assert!(mia.phone().by_table(&TableName::from("wm_task")).expect("a list").is_empty());
    assert!(mia.phone().search("pump").expect("a search").is_empty(), "not even searching finds it");
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_edits, 0);

    bob.syncs();
    assert_eq!(bob.notes_on(&task), ["The shut-off valve is behind the left panel"]);
    let view = bob.sees(&task).and_then(|view| view.details).expect("bob has the document");
    assert_eq!(bob.fetches(&task, view.attachments[0].what.blob), Some(photo), "and the photo");
    bob.takes(&task, &["accept", "start_work", "complete"]);
    bob.syncs();
    assert_eq!(office.reads(&task)["state"], "3");
    mia.syncs();
    assert!(mia.sees(&task).is_none(), "what happens to it now is not mia's to see");
}
