//! Captured files.

use fieldline_documents::{Act, Attachment, AttachmentRole};
use fieldline_model::{BlobHash, DocumentId};
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
