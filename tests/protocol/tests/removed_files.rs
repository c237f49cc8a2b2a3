//! A file the office removes or renames is removed or renamed on every phone, whatever the age of its app, and nobody's work
//! is disturbed.

use fieldline_device::{Captured, Command, Dialect};
use fieldline_model::{BlobHash, DocumentId};
use fieldline_protocol::{Office, Phone};
use fieldline_sync::frame;
use fieldline_sync::session::Reply;
use fieldline_sync::wire::{Entry, OLDEST_WIRE_VERSION, WIRE_VERSION};

const PHOTO: &[u8] = &[7; 100_000];
const DAY: i64 = 24 * 3_600_000;

fn captured(bytes: &[u8], file_name: &str) -> Captured {
    Captured { bytes: bytes.to_vec(), file_name: file_name.into(), content_type: "image/jpeg".into() }
}

/// Takes a photo of a job, and brings it to the office.
fn photographs(phone: &mut Phone, office: &mut Office, job: &DocumentId, name: &str) {
    let (photo, thumbnail) = (captured(PHOTO, name), Some(captured(b"small", "small.jpg")));
    phone.does(office, Command::AddPhoto { document: job.clone(), photo, thumbnail });
    phone.syncs(office);
}

fn files(phone: &Phone, job: &DocumentId) -> Vec<(String, BlobHash)> {
    let files = phone.sees(job).details.expect("a document").attachments;
    files.into_iter().map(|file| (file.what.file_name, file.what.blob)).collect()
}

fn names(phone: &Phone, job: &DocumentId) -> Vec<String> {
    files(phone, job).into_iter().map(|(name, _)| name).collect()
}

fn bytes(phone: &mut Phone, blob: BlobHash) -> Option<Vec<u8>> {
    phone.device().file(blob).expect("a sound disk")
}

/// Mia's phone with a photo of a job, and her tablet, which has fetched it.
fn with_photo() -> (Office, Phone, Phone, DocumentId, BlobHash) {
    let (mut office, mut mia, [job]) = Office::with_jobs(["Replace the pump"]);
    photographs(&mut mia, &mut office, &job, "pump.jpg");
    let mut tablet = office.gives_another_phone_to(&mia);
    tablet.syncs(&mut office);
    let (_, photo) = files(&tablet, &job).into_iter().find(|(name, _)| name == "pump.jpg").expect("it was attached");
    tablet.device().fetch(&job, photo).expect("the record shows it");
    tablet.syncs(&mut office);
    assert_eq!(bytes(&mut tablet, photo).as_deref(), Some(PHOTO));
    (office, mia, tablet, job, photo)
}

#[test]
fn a_photo_the_office_removes_is_gone_from_the_phones_that_hold_it_and_so_are_its_bytes() {
    let (mut office, mut mia, mut tablet, job, photo) = with_photo();
    office.removes_file(&job, "pump.jpg");
    tablet.syncs(&mut office);
    assert_eq!((names(&tablet, &job), bytes(&mut tablet, photo)), (vec![], None));
    assert!(tablet.device().fetch(&job, photo).is_err(), "the record does not show it any more");
    mia.syncs(&mut office);
    assert_eq!(names(&mia, &job), [""; 0]);
    assert_eq!(bytes(&mut mia, photo).as_deref(), Some(PHOTO), "kept as long as the edit it was captured with");
    office.waits(36 * DAY);
    mia.syncs(&mut office);
    assert_eq!(bytes(&mut mia, photo), None);
    assert_eq!(office.files_of(&job), [""; 0]);
}

#[test]
fn a_photo_that_is_taken_again_offline_while_the_office_removes_it_stays() {
    let (mut office, mut mia, mut tablet, job, _) = with_photo();
    office.removes_file(&job, "pump.jpg");
    mia.notes(&mut office, &job, "once more, with the valve");
    photographs(&mut mia, &mut office, &job, "again.jpg");
    tablet.syncs(&mut office);
    for phone in [&mia, &tablet] {
        assert_eq!(names(phone, &job), ["again.jpg", "small.jpg"]);
    }
    assert_eq!(office.files_of(&job), ["again.jpg"]);
    let again = files(&tablet, &job)[0].1;
    tablet.device().fetch(&job, again).expect("the record shows it");
    tablet.syncs(&mut office);
    assert_eq!(bytes(&mut tablet, again).as_deref(), Some(PHOTO));
}

#[test]
fn a_file_the_office_renames_has_its_new_name_on_phones() {
    let (mut office, mut mia, _, job, _) = with_photo();
    office.renames_file(&job, "pump.jpg", "before.jpg");
    mia.syncs(&mut office);
    assert_eq!(names(&mia, &job), ["before.jpg", "small.jpg"]);
    assert_eq!(office.files_of(&job), ["before.jpg"]);
}

/// The entries of the answer to the phone's next request, which it then takes.
fn is_sent(phone: &mut Phone, office: &mut Office) -> Vec<Entry> {
    let frame = phone.asks(office);
    let Reply::Body(answer) = office.answers(&phone.enrolment().token.clone(), &frame) else { panic!("is answered") };
    let entries = frame::decode_response(&answer, WIRE_VERSION).expect("an answer of ours").entries;
    phone.takes(office, Reply::Body(answer));
    entries
}

#[test]
fn an_app_that_knows_of_no_removals_is_sent_the_document_and_works_on() {
    for wire_version in OLDEST_WIRE_VERSION..=WIRE_VERSION {
        let (mut office, mut mia, _, job, _) = with_photo();
        mia.runs(Dialect { wire_version, ..Dialect::default() });
        mia.syncs(&mut office);
        mia.notes(&mut office, &job, "before I hear of it");
        office.renames_file(&job, "pump.jpg", "blurred.jpg");
        office.removes_file(&job, "blurred.jpg");
        let entries = is_sent(&mut mia, &mut office);
        let edits = entries.iter().filter(|entry| matches!(entry, Entry::Edit { .. })).count();
        let whole = entries.iter().filter(|entry| matches!(entry, Entry::Snapshot { .. })).count();
        let expected = if wire_version == WIRE_VERSION { (2, 0) } else { (0, 1) };
        assert_eq!((edits, whole), expected, "version {wire_version}");
        mia.notes(&mut office, &job, "and after");
        mia.syncs(&mut office);
        assert_eq!(office.notes_on(&job), ["before I hear of it", "and after"]);
        assert_eq!((names(&mia, &job), mia.notes_on(&job).len()), (vec![], 2));
    }
}
