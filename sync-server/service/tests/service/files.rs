//! Captured files.

use fieldline_documents::{Act, Attachment, AttachmentRole};
use fieldline_model::condition::Query;
use fieldline_model::{BlobHash, DocumentId, Record};
use fieldline_service::attachments::{self, File};
use fieldline_service::{Call, Caller, search, table};
use fieldline_sync::caps::CHUNK_BYTES;
use fieldline_sync::wire::{BlobChunk, BlobStatus, ChunkWant};

use crate::house::{House, Phone};

fn photo() -> (BlobHash, Vec<u8>) {
    let bytes: Vec<u8> = (0..CHUNK_BYTES * 2 + 100).map(|index| (index % 251) as u8).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    (BlobHash(digest.as_ref().try_into().unwrap()), bytes)
}

fn piece(blob: BlobHash, bytes: &[u8], index: u32) -> BlobChunk {
    let part = bytes.chunks(CHUNK_BYTES).nth(index as usize).unwrap();
    BlobChunk { blob, size_bytes: bytes.len() as u64, index, bytes: part.to_vec().into() }
}

fn send(house: &mut House, phone: &Phone, chunk: BlobChunk) -> BlobStatus {
    let mut request = phone.request();
    request.chunks = vec![chunk];
    phone.send(house, &request).unwrap().blobs[0]
}

fn attach(house: &mut House, phone: &mut Phone, task: &DocumentId, blob: BlobHash, size_bytes: u64) {
    let (file_name, content_type) = ("before.jpg".into(), "image/jpeg".into());
    let attachment = Attachment { blob, file_name, content_type, size_bytes, role: AttachmentRole::Photo, of: None };
    let edit = phone.edit(house.now, task, &[Act::Attach { attachment }]);
    phone.push(house, &[edit]);
}

#[test]
fn a_photo_resumes_where_it_was_cut_and_only_who_sees_its_record_gets_it() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    let (mut phone, stranger, desk) = (house.phone(&mia), house.phone(&leo), house.phone(&dora));
    phone.sync(&mut house);
    let (blob, bytes) = photo();
    attach(&mut house, &mut phone, &task, blob, bytes.len() as u64);
    assert_eq!(send(&mut house, &phone, piece(blob, &bytes, 0)).chunks_held, 1);
    assert_eq!(send(&mut house, &phone, piece(blob, &bytes, 2)).chunks_held, 1, "out of order: it says what is next");
    assert_eq!(send(&mut house, &phone, piece(blob, &bytes, 0)).chunks_held, 1, "again: nothing happens");
    assert_eq!(send(&mut house, &phone, piece(blob, &bytes, 1)).chunks_held, 2);
    let status = send(&mut house, &phone, piece(blob, &bytes, 2));
    assert_eq!((status.chunks_held, status.complete), (3, true));
    let wanted = |house: &mut House, phone: &Phone| {
        let mut request = phone.request();
        request.chunk_wants = vec![ChunkWant { blob, index: 1 }];
        phone.send(house, &request).unwrap().chunks
    };
    assert_eq!(wanted(&mut house, &phone), [piece(blob, &bytes, 1)]);
    assert_eq!(wanted(&mut house, &desk), [piece(blob, &bytes, 1)]);
    assert_eq!(wanted(&mut house, &stranger), []);
}

#[test]
fn a_file_that_is_not_what_its_hash_says_or_too_large_is_dropped() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let phone = house.phone(&mia);
    let (blob, bytes) = photo();
    send(&mut house, &phone, piece(blob, &bytes, 0));
    send(&mut house, &phone, piece(blob, &bytes, 1));
    let mut wrong = piece(blob, &bytes, 2);
    wrong.bytes[0] ^= 1;
    let status = send(&mut house, &phone, wrong);
    assert_eq!((status.chunks_held, status.complete), (0, false));
    let huge = BlobChunk { size_bytes: u64::MAX, ..piece(blob, &bytes, 0) };
    assert_eq!(send(&mut house, &phone, huge).chunks_held, 0);
    let short = BlobChunk { bytes: vec![1].into(), ..piece(blob, &bytes, 0) };
    assert_eq!(send(&mut house, &phone, short).chunks_held, 0);
    let again: Vec<_> = (0..3).map(|index| send(&mut house, &phone, piece(blob, &bytes, index))).collect();
    assert!(again[2].complete, "it may be sent again");
}

#[test]
fn a_wrong_claim_about_a_files_length_does_not_keep_the_file_out() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (phone, thief) = (house.phone(&mia), house.phone(&leo));
    let (blob, bytes) = photo();
    let claim = BlobChunk { blob, size_bytes: 3 * CHUNK_BYTES as u64, index: 0, bytes: vec![0; CHUNK_BYTES].into() };
    assert_eq!(send(&mut house, &thief, claim.clone()).chunks_held, 1);
    assert_eq!(send(&mut house, &phone, piece(blob, &bytes, 1)).chunks_held, 0, "it is told to begin at the first");
    let pieces: Vec<_> = (0..3).map(|index| send(&mut house, &phone, piece(blob, &bytes, index))).collect();
    assert!(pieces[2].complete);
    assert!(send(&mut house, &thief, claim).complete, "what is whole stays");
}

#[test]
fn what_a_file_from_a_phone_says_is_found_once_its_last_piece_has_come() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let bytes = "readings of the manometer\n".repeat(3_000).into_bytes();
    let blob = BlobHash(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref().try_into().unwrap());
    let (file_name, content_type, size_bytes) = ("readings.csv".into(), "text/csv".into(), bytes.len() as u64);
    let attachment = Attachment { blob, file_name, content_type, size_bytes, role: AttachmentRole::Document, of: None };
    let edit = phone.edit(house.now, &task, &[Act::Attach { attachment }]);
    phone.push(&mut house, &[edit]);
    let found = |house: &mut House, who: &Caller| {
        house.server.read_files(10, house.now, &mut house.rng).unwrap();
        house.server.index_due(100, house.now, &mut house.rng).unwrap();
        let look = |call: &mut Call<'_>| search::search(call, "manometer", &[], 10);
        let hits = house.server.read(who, house.now, &mut house.rng, look).unwrap();
        hits.into_iter().map(|hit| hit.record.id).collect::<Vec<_>>()
    };
    send(&mut house, &phone, piece(blob, &bytes, 0));
    assert_eq!(found(&mut house, &mia), [], "half of it is not read");
    assert!(send(&mut house, &phone, piece(blob, &bytes, 1)).complete);
    assert_eq!(found(&mut house, &mia), std::slice::from_ref(&task));
    assert_eq!((found(&mut house, &dora), found(&mut house, &leo)), (vec![task], vec![]));
}

fn files(house: &mut House, who: &Caller) -> Vec<Record> {
    let (now, caller) = (house.now, who.clone());
    let all = attachments::query;
    house.server.read(&caller, now, &mut house.rng, |call| all(call, &Query::default(), 10, 0)).unwrap().records
}

#[test]
fn a_photo_a_phone_took_is_listed_at_once_and_available_when_it_has_come() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let (blob, bytes) = photo();
    attach(&mut house, &mut phone, &task, blob, bytes.len() as u64);
    let listed = files(&mut house, &dora);
    assert_eq!(listed.len(), 1);
    let parent = attachments::parent_of(&listed[0]);
    assert_eq!(
        (parent.as_ref(), listed[0].text("file_name"), listed[0].text("state")),
        (Some(&task), "before.jpg", "pending")
    );
    for index in 0..3 {
        send(&mut house, &phone, piece(blob, &bytes, index));
    }
    assert_eq!(files(&mut house, &dora)[0].text("state"), "available");
    assert_eq!(files(&mut house, &mia).len(), 1, "whoever holds the record sees its files");
    assert_eq!(files(&mut house, &leo), []);
    phone.sync(&mut house);
    assert_eq!(files(&mut house, &dora).len(), 1, "one file has one row");
}

#[test]
fn a_file_the_office_attaches_comes_to_the_phone_with_its_record() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    let phone = house.phone(&mia);
    let (blob, bytes) = photo();
    let (name, content_type) = ("plan.png".to_owned(), "image/png".to_owned());
    let file = File { blob, size_bytes: bytes.len() as u64, name, content_type };
    let now = house.now;
    let mut from = std::io::Cursor::new(bytes.clone());
    let status =
        house.server.write(&dora, now, &mut house.rng, |call| attachments::keep(call, &file, &mut from)).unwrap();
    assert!(status.complete);
    let attached = |call: &mut Call<'_>| attachments::attach(call, "task", task.sys_id, &file);
    let row = house.server.write(&dora, now, &mut house.rng, attached).unwrap();
    assert_eq!((row.text("table_name"), row.text("state")), ("wm_task", "available"));
    let mut request = phone.request();
    request.chunk_wants = vec![ChunkWant { blob, index: 2 }];
    assert_eq!(phone.send(&mut house, &request).unwrap().chunks, [piece(blob, &bytes, 2)]);
    let read = |call: &mut Call<'_>| table::get(call, "wm_task", task.sys_id);
    let detail = house.server.read(&mia, now, &mut house.rng, read).unwrap();
    let entries = detail.projection_of_document.expect("a document").attachments;
    assert_eq!((entries.len(), entries[0].what.blob, entries[0].by), (1, blob, dora.user));
}

#[test]
fn a_removed_record_takes_its_files_with_it_and_leaves_those_others_share() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let ((_, one), (_, other)) = (house.job(mia.user, "Boiler"), house.job(mia.user, "Pump"));
    let now = house.now;
    let give = |house: &mut House, task: &DocumentId, text: &[u8]| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text);
        let blob = BlobHash(digest.as_ref().try_into().unwrap());
        let (name, content_type) = ("note.txt".to_owned(), "text/plain".to_owned());
        let file = File { blob, size_bytes: text.len() as u64, name, content_type };
        let mut from = std::io::Cursor::new(text.to_vec());
        let done = |call: &mut Call<'_>| {
            attachments::keep(call, &file, &mut from)?;
            attachments::attach(call, "wm_task", task.sys_id, &file)
        };
        house.server.write(&dora, now, &mut house.rng, done).unwrap();
        blob
    };
    let (shared, own) = (give(&mut house, &one, b"shared"), give(&mut house, &one, b"own"));
    give(&mut house, &other, b"shared");
    let system = house.server.system();
    let gone = |call: &mut Call<'_>| table::delete(call, "wm_task", one.sys_id);
    house.server.write(&system, now, &mut house.rng, gone).unwrap();
    let left = files(&mut house, &dora);
    assert_eq!(left.iter().filter_map(attachments::parent_of).collect::<Vec<_>>(), [other]);
    let tx = house.server.storage().read().unwrap();
    assert_eq!((tx.blob(own).unwrap(), tx.blob(shared).unwrap().map(|state| state.complete)), (None, Some(true)));
}
