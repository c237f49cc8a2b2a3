//! A photo on a line that breaks again and again.

use fieldline_device::Command;
use fieldline_documents::AttachmentRole;
use fieldline_model::{BlobHash, DocumentId};
use fieldline_stories::{Line, Office, Technician, captured, noise};
use fieldline_sync::caps::CHUNK_BYTES;

const PHOTO_BYTES: usize = 1_000_000;
/// Headers, edits, cursors and the proxy's piece in hand, per exchange: far below a piece of a photo.
const EXCHANGE_BYTES: u64 = 6_000;

#[test]
fn a_photo_goes_on_where_it_was_cut_and_small_files_come_first() {
    let office = Office::open();
    let line = Line::to(&office);
    let mia = office.technician_behind(&line, "mia");
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    let photo = noise(PHOTO_BYTES);
    mia.does(Command::AddPhoto {
        document: task.clone(),
        photo: captured(photo.clone(), "pump.jpg"),
        thumbnail: Some(captured(noise(3_000), "pump-small.jpg")),
    });
    mia.does(Command::AddSignature { document: task.clone(), signature: captured(noise(2_000), "signature.png") });

    let before = line.sent_bytes();
    line.breaks_after(200_000);
    mia.tries_to_sync();
    assert!(line.is_broken());
    let tablet = office.another_phone_of(&mia);
    assert!(tablet.fetches(&task, blob_of(&tablet, &task, AttachmentRole::Signature)).is_some());
    assert!(tablet.fetches(&task, blob_of(&tablet, &task, AttachmentRole::Thumbnail)).is_some());
    let whole = blob_of(&tablet, &task, AttachmentRole::Photo);
    assert_eq!(tablet.fetches(&task, whole), None, "the photo is still on its way");

    let mut cuts = 1;
    while line.is_broken() {
        line.breaks_after(150_000 + 7_001 * cuts);
        mia.tries_to_sync();
        cuts += u64::from(line.is_broken());
        assert!(cuts < 40, "each try comes further");
    }
    line.is_repaired();
    mia.syncs();
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_files, 0);
    assert!(cuts >= 4, "the line broke {cuts} times");
    assert_eq!(tablet.fetches(&task, whole), Some(photo), "every byte is there");

    let needed = PHOTO_BYTES as u64 + 5_000 + (PHOTO_BYTES / CHUNK_BYTES + 4) as u64 * EXCHANGE_BYTES;
    let again = (line.sent_bytes() - before).saturating_sub(needed);
    let most = cuts * (CHUNK_BYTES as u64 + EXCHANGE_BYTES);
    assert!(again <= most, "{again} bytes were sent again after {cuts} cuts, one piece each is {most}");
}

fn blob_of(phone: &Technician, task: &DocumentId, role: AttachmentRole) -> BlobHash {
    let details = phone.sees(task).and_then(|view| view.details).expect("the edits came before the files");
    let mut files = details.attachments.into_iter().map(|entry| entry.what);
    files.find(|file| file.role == role).expect("it was attached").blob
}
