//! What the outbox, the numbers and the captured files promise to the sync.

use crate::builders::{MIA, edit, edit_task, open, sys_id, task, task_id};
use fieldline_documents::{Act, Attachment, AttachmentRole, ChangeHash};
use fieldline_model::number::NumberBlock;
use fieldline_model::{BlobHash, Timestamp};
use fieldline_store::blob_files::{PIECE_BYTES, pieces};
use fieldline_store::blobs::BlobProgress;
use fieldline_store::edits::EditState;
use fieldline_store::records::RecordUpdate;
use fieldline_store::{Store, StoreError};
use fieldline_sync::wire::{HoldReason, Outcome, Position};

fn counters(store: &Store) -> Vec<u64> {
    store.read(|view| view.unsent(0, 99)).unwrap().iter().map(|edit| edit.counter).collect()
}

#[test]
fn an_edit_stays_in_the_outbox_until_its_receipt_and_then_in_the_tail_until_it_is_old() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (1..=4).for_each(|number| assert_eq!(edit_task(&store, number, "note"), number));
    let accepted = Outcome::Accepted { position: Position(70), merged: true };
    let receive =
        |counter, outcome: &Outcome, now| store.write(|tx| tx.receive(counter, outcome, Timestamp(now))).unwrap();
    store.write(|tx| tx.mark_sent(&[1, 2, 3])).unwrap();
    assert_eq!(counters(&store), [1, 2, 3, 4], "a lost answer sends them again");
    assert!(receive(1, &accepted, 10).is_some_and(|edit| edit.document == task_id(1)));
    assert_eq!(receive(1, &accepted, 11), None, "a second receipt says nothing new");
    receive(2, &Outcome::Held { reason: HoldReason::Scope, detail: "not yours".into() }, 12);
    receive(3, &Outcome::NeedsHeads, 13);
    assert_eq!(counters(&store), [3, 4]);
    let state = |counter| store.read(|view| view.edit(counter)).unwrap().map(|edit| edit.state);
    assert_eq!(state(1), Some(EditState::Accepted { position: Position(70), merged: true }));
    assert_eq!(state(2), Some(EditState::Held { reason: HoldReason::Scope, detail: "not yours".into() }));
    assert_eq!(state(3), Some(EditState::Local));
    assert_eq!(store.write(|tx| tx.forget_acknowledged(Timestamp(10))).unwrap(), 0);
    assert_eq!(store.write(|tx| tx.offer_again()).unwrap(), 1);
    assert_eq!(counters(&store), [1, 3, 4]);
    receive(1, &accepted, 20);
    assert_eq!(store.write(|tx| tx.forget_acknowledged(Timestamp(21))).unwrap(), 1);
    assert_eq!(state(1), None);
}

#[test]
fn a_discarded_edits_number_is_never_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    edit_task(&store, 1, "one");
    let last = edit_task(&store, 1, "two");
    store.write(|tx| tx.remove_edit(last)).unwrap();
    drop(store);
    assert_eq!(edit_task(&open(dir.path()), 1, "three"), last + 1);
}

#[test]
fn what_comes_back_from_the_outbox_is_the_edit_that_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let made = edit(5, task_id(3), Vec::new());
    store.write(|tx| tx.append_edit(&made, ChangeHash([4; 32]))).unwrap();
    let stored = store.read(|view| view.unsent_of(&task_id(3), 0)).unwrap().remove(0);
    assert_eq!((stored.edit().unwrap(), stored.hash, stored.epoch), (made, ChangeHash([4; 32]), 1));
    let again = store.write(|tx| tx.append_edit(&edit(5, task_id(4), Vec::new()), ChangeHash([5; 32])));
    assert!(again.unwrap_err().to_string().contains("edit 5 of wm_task/"));
}

#[test]
fn a_block_of_numbers_that_comes_twice_gives_each_number_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let block = |next, end| NumberBlock { prefix: "WOT".into(), next, end };
    let take = || store.write(|tx| tx.take_number("WOT")).unwrap();
    let add = |block| store.write(|tx| tx.add_number_block(&block)).unwrap();
    assert_eq!(take(), None);
    add(block(10, 12));
    assert_eq!(take().as_deref(), Some("WOT0000010"));
    add(block(10, 12));
    add(block(50, 51));
    assert_eq!(store.read(|view| view.numbers_left("WOT")).unwrap(), 2);
    assert_eq!([take(), take(), take()], [Some("WOT0000011".into()), Some("WOT0000050".into()), None]);
}

#[test]
fn files_go_signatures_first_and_leave_with_the_last_record_that_shows_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let content = |role: AttachmentRole| vec![role as u8; 3 * PIECE_BYTES / 2];
    let roles = [AttachmentRole::Photo, AttachmentRole::Thumbnail, AttachmentRole::Signature];
    let blobs = roles.map(|role| store.blob_files().put(&content(role)).unwrap());
    let jobs = [task(1, 16, None), task(2, 16, None)];
    store
        .write(|tx| {
            for (blob, role) in blobs.into_iter().zip(roles) {
                tx.put_blob(&BlobProgress::captured(blob, content(role).len() as u64, role))?;
            }
            let shown = |record, attachments| RecordUpdate { attachments, ..RecordUpdate::of_row(record, "", None) };
            tx.put_record(&shown(&jobs[0], &blobs))?;
            tx.put_record(&shown(&jobs[1], &blobs[..1]))
        })
        .unwrap();
    let to_send = || store.read(|view| view.blobs_to_send(9)).unwrap();
    assert_eq!(to_send().iter().map(|sent| sent.role).collect::<Vec<_>>(), [roles[2], roles[1], roles[0]]);
    assert_eq!(to_send()[0].chunks_held, 2);
    store
        .write(|tx| {
            tx.purge(&task_id(1))?;
            for progress in to_send().into_iter().filter(|progress| progress.role != AttachmentRole::Thumbnail) {
                tx.put_blob(&BlobProgress { chunks_sent: 2, on_server: true, ..progress })?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let here = blobs.map(|blob| store.blob_files().contains(blob));
    assert_eq!(here, [true, true, false], "one is shown elsewhere, one is still to be sent");
    assert_eq!(store.blob_files().read(blobs[0]).unwrap(), Some(content(roles[0])));
}

#[test]
fn a_file_a_record_shows_no_more_goes_unless_another_record_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let blobs = [b"shared".as_slice(), b"own"].map(|content| store.blob_files().put(content).unwrap());
    let jobs = [task(1, 16, None), task(2, 16, None)];
    let shown = |record, attachments| RecordUpdate { attachments, ..RecordUpdate::of_row(record, "", None) };
    store
        .write(|tx| {
            tx.put_record(&shown(&jobs[0], &blobs))?;
            tx.put_record(&shown(&jobs[1], &blobs[..1]))?;
            blobs.into_iter().try_for_each(|blob| {
                let captured = BlobProgress::captured(blob, 6, AttachmentRole::Photo);
                tx.put_blob(&BlobProgress { on_server: true, ..captured })
            })
        })
        .unwrap();
    store.write(|tx| tx.put_record(&shown(&jobs[0], &[]))).unwrap();
    assert_eq!(blobs.map(|blob| store.blob_files().contains(blob)), [true, false]);
    assert_eq!(store.read(|view| view.blob(blobs[1])).unwrap(), None);
}

#[test]
fn a_file_stays_as_long_as_the_edit_it_was_captured_with() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let blob = store.blob_files().put(b"a photo").unwrap();
    let (file_name, content_type, role) = ("photo.jpg".into(), "image/jpeg".into(), AttachmentRole::Photo);
    let attachment = Attachment { blob, file_name, content_type, size_bytes: 7, role, of: None };
    let made = edit(1, task_id(1), vec![Act::Attach { attachment }]);
    let sent = BlobProgress { on_server: true, ..BlobProgress::captured(blob, 7, AttachmentRole::Photo) };
    let accepted = Outcome::Accepted { position: Position(70), merged: false };
    store
        .write(|tx| {
            tx.append_edit(&made, ChangeHash([4; 32]))?;
            let record = task(1, 16, None);
            tx.put_record(&RecordUpdate { attachments: &[blob], ..RecordUpdate::of_row(&record, "", None) })?;
            tx.put_blob(&sent)?;
            tx.receive(1, &accepted, Timestamp(10))?;
            tx.purge(&task_id(1))
        })
        .unwrap();
    assert!(store.blob_files().contains(blob), "a restored server would need both");
    assert_eq!(store.write(|tx| tx.forget_acknowledged(Timestamp(11))).unwrap(), 1);
    assert!(!store.blob_files().contains(blob));
}

#[test]
fn a_file_is_read_and_fetched_by_the_piece_and_a_wrong_one_is_never_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let files = store.blob_files();
    let content: Vec<u8> = (0..2 * PIECE_BYTES + 5).map(|index| (index % 251) as u8).collect();
    let blob = files.put(&content).unwrap();
    assert_eq!(pieces(content.len() as u64), 3);
    let taken: Vec<Vec<u8>> = (0..3).map(|index| files.piece(blob, index).unwrap().unwrap()).collect();
    assert_eq!((taken.concat(), files.piece(blob, 3).unwrap()), (content.clone(), None));
    files.remove(blob).unwrap();
    assert_eq!((files.contains(blob), files.piece(blob, 0).unwrap()), (false, None));
    for piece in [&taken[0], &taken[0]] {
        files.put_piece(blob, 0, piece).unwrap();
    }
    assert!(!files.finish(blob).unwrap(), "it is not whole");
    (0..).zip(&taken).for_each(|(index, piece)| files.put_piece(blob, index, piece).unwrap());
    assert!(files.finish(blob).unwrap());
    assert_eq!(files.read(blob).unwrap(), Some(content));
    files.put_piece(BlobHash([3; 32]), 0, b"something else").unwrap();
    assert!(!files.finish(BlobHash([3; 32])).unwrap());
}

#[test]
fn a_file_damaged_on_disk_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let blob = store.blob_files().put(&[7; 100_000]).unwrap();
    let path = dir.path().join("blobs").join(blob.to_string());
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[70_000] ^= 1;
    std::fs::write(&path, flipped).unwrap();
    assert!(store.blob_files().piece(blob, 0).is_ok());
    assert!(store.blob_files().piece(blob, 1).unwrap_err().to_string().contains(&blob.to_string()));
    std::fs::write(&path, &whole[..PIECE_BYTES + 28]).unwrap();
    assert!(store.blob_files().read(blob).unwrap_err().to_string().contains("cut short"));
}

#[test]
fn a_file_captured_just_before_the_app_died_is_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (lost, kept) = (store.blob_files().put(b"lost").unwrap(), store.blob_files().put(b"kept").unwrap());
    store.write(|tx| tx.put_blob(&BlobProgress::captured(kept, 4, AttachmentRole::Photo))).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!((store.blob_files().contains(lost), store.blob_files().contains(kept)), (false, true));
}

#[test]
fn the_device_finds_its_own_small_values_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store
        .write(|tx| {
            tx.put_identity(b"mia's phone")?;
            tx.put_cursor(Some(b"page 9"))?;
            tx.put_server_epoch(u64::MAX)?;
            tx.put_meta("user", Some(&MIA.0))
        })
        .unwrap();
    drop(store);
    let store = open(dir.path());
    store
        .read(|view| {
            assert_eq!(view.identity()?.as_deref(), Some(b"mia's phone".as_slice()));
            assert_eq!(view.cursor()?.as_deref(), Some(b"page 9".as_slice()));
            assert_eq!((view.server_epoch()?, view.meta("user")?), (Some(u64::MAX), Some(MIA.0.to_vec())));
            assert_eq!(view.find(sys_id(1))?, None);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    store.write(|tx| tx.put_cursor(None)).unwrap();
    assert_eq!(store.read(|view| view.cursor()).unwrap(), None);
    store.tidy().unwrap();
}
