//! Files of documents that are removed or renamed: over the API and by devices, who may, and what is left.

use fieldline_documents::{Act, Attachment, AttachmentRole, Document, Edit};
use fieldline_model::condition::Query;
use fieldline_model::dictionary::{SHIPPED_LIFE_CYCLES, SHIPPED_TABLES};
use fieldline_model::life_cycle::StepId;
use fieldline_model::{BlobHash, Dictionary, DocumentId, Record, SysId};
use fieldline_service::attachments;
use fieldline_service::{Call, Caller, Server, TableError};
use fieldline_sync::wire::{BlobChunk, ChunkWant, HoldReason, Outcome};

use crate::house::{House, Phone};

fn hash(bytes: &[u8]) -> BlobHash {
    BlobHash(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap())
}

fn attach(bytes: &[u8], name: &str, of: Option<BlobHash>) -> Act {
    let role = if of.is_some() { AttachmentRole::Thumbnail } else { AttachmentRole::Photo };
    let (blob, file_name, content_type) = (hash(bytes), name.into(), "image/jpeg".into());
    Act::Attach { attachment: Attachment { blob, file_name, content_type, size_bytes: bytes.len() as u64, role, of } }
}

/// Does something on a phone and sends it; says what it was known by and what became of it.
fn does(house: &mut House, phone: &mut Phone, task: &DocumentId, acts: &[Act]) -> (StepId, Outcome) {
    let pushed = phone.edit(house.now, task, acts);
    let id = Edit::decode(&pushed.body).unwrap().id.act(0);
    (id, phone.push(house, &[pushed]).remove(0))
}

fn send(house: &mut House, phone: &Phone, bytes: &[u8]) {
    let (blob, size_bytes) = (hash(bytes), bytes.len() as u64);
    let mut request = phone.request();
    request.chunks = vec![BlobChunk { blob, size_bytes, index: 0, bytes: bytes.to_vec().into() }];
    assert!(phone.send(house, &request).unwrap().blobs[0].complete);
}

fn files(house: &mut House) -> Vec<Record> {
    let system = house.server.system();
    let all = |call: &mut Call<'_>| attachments::query(call, &Query::default(), 10, 0);
    house.server.read(&system, house.now, &mut house.rng, all).unwrap().records
}

fn names(house: &mut House) -> Vec<String> {
    files(house).iter().map(|row| row.text("file_name").to_owned()).collect()
}

fn remove(house: &mut House, who: &Caller, file: SysId) -> Result<(), TableError> {
    house.server.write(who, house.now, &mut house.rng, |call| attachments::remove(call, file))
}

fn is_kept(house: &House, bytes: &[u8]) -> bool {
    house.server.storage().read().unwrap().blob(hash(bytes)).unwrap().is_some()
}

fn held(outcome: &Outcome) -> Option<(HoldReason, &str)> {
    if let Outcome::Held { reason, detail } = outcome { Some((*reason, detail)) } else { None }
}

#[test]
fn a_photo_takes_its_small_version_along_and_only_with_the_last_of_its_like() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let twice = [attach(b"photo", "one.jpg", None), attach(b"photo", "two.jpg", None)];
    does(&mut house, &mut phone, &task, &twice);
    does(&mut house, &mut phone, &task, &[attach(b"small", "small.jpg", Some(hash(b"photo")))]);
    send(&mut house, &phone, b"photo");
    send(&mut house, &phone, b"small");
    let listed = |house: &mut House| {
        let files = house.get(&dora, &task).unwrap().projection_of_document.unwrap().attachments;
        files.into_iter().map(|file| file.what.file_name).collect::<Vec<_>>()
    };
    for (left, is_here) in [(vec!["two.jpg", "small.jpg"], true), (vec![], false)] {
        let first = files(&mut house).into_iter().min_by_key(|row| row.text("file_name").to_owned()).unwrap();
        remove(&mut house, &dora, first.id.sys_id).unwrap();
        assert_eq!(listed(&mut house), left);
        assert_eq!([b"photo", b"small"].map(|bytes| is_kept(&house, bytes)), [is_here; 2]);
    }
    assert_eq!(names(&mut house), [""; 0]);
}

#[test]
fn a_phone_may_remove_and_rename_what_its_owner_attached_and_rows_and_bytes_follow() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Boiler");
    let (mut phone, mut tablet) = (house.phone(&mia), house.phone(&mia));
    phone.sync(&mut house);
    let (file, _) = does(&mut house, &mut phone, &task, &[attach(b"photo", "before.jpg", None)]);
    send(&mut house, &phone, b"photo");
    tablet.sync(&mut house);
    let (_, renamed) = does(&mut house, &mut phone, &task, &[Act::Rename { file, file_name: "after.jpg".into() }]);
    assert!(matches!(renamed, Outcome::Accepted { merged: false, .. }));
    assert_eq!(names(&mut house), ["after.jpg"]);
    let (_, nameless) = does(&mut house, &mut tablet, &task, &[Act::Rename { file, file_name: " ".into() }]);
    let (reason, detail) = held(&nameless).unwrap();
    assert_eq!(reason, HoldReason::Shape);
    assert!(detail.contains("a file name must not be empty"), "{detail}");
    let (_, removed) = does(&mut house, &mut phone, &task, &[Act::Detach { file }]);
    assert!(matches!(removed, Outcome::Accepted { .. }));
    assert_eq!((names(&mut house), is_kept(&house, b"photo")), (vec![], false));
    house.wait(1_000);
    let (_, again) = does(&mut house, &mut phone, &task, &[Act::Detach { file }]);
    assert!(matches!(again, Outcome::Accepted { .. }), "what is gone is removed without harm");
    phone.agrees_with(&mut house);
}

#[test]
fn what_is_removed_from_one_record_is_given_to_nobody_who_only_sees_that_one() {
    let mut house = House::new();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let ((_, mias), (_, leos)) = (house.job(mia.user, "Boiler"), house.job(leo.user, "Pump"));
    let (mut phone, mut other) = (house.phone(&mia), house.phone(&leo));
    phone.sync(&mut house);
    other.sync(&mut house);
    does(&mut house, &mut phone, &mias, &[attach(b"photo", "mias.jpg", None)]);
    does(&mut house, &mut other, &leos, &[attach(b"photo", "leos.jpg", None)]);
    send(&mut house, &phone, b"photo");
    let gets = |house: &mut House, phone: &Phone| {
        let mut request = phone.request();
        request.chunk_wants = vec![ChunkWant { blob: hash(b"photo"), index: 0 }];
        phone.send(house, &request).unwrap().chunks.len()
    };
    assert_eq!((gets(&mut house, &phone), gets(&mut house, &other)), (1, 1));
    let mias_row = files(&mut house).into_iter().find(|row| row.text("file_name") == "mias.jpg").unwrap();
    remove(&mut house, &dora, mias_row.id.sys_id).unwrap();
    assert_eq!((gets(&mut house, &phone), gets(&mut house, &other)), (0, 1));
}

/// A dictionary in which only dispatchers may write tasks.
fn strict() -> Dictionary {
    let text = |(file, text): &(&'static str, &'static str)| match *file {
        "wm_task.toml" => text.replacen("create =", "write = [\"wm_dispatcher\"]\ncreate =", 1),
        _ => (*text).to_owned(),
    };
    let texts: Vec<String> = SHIPPED_TABLES.iter().map(text).collect();
    let tables: Vec<(&str, &str)> =
        SHIPPED_TABLES.iter().zip(&texts).map(|((file, _), text)| (*file, &**text)).collect();
    Dictionary::parse(&tables, SHIPPED_LIFE_CYCLES).unwrap()
}

#[test]
fn who_neither_attached_a_file_nor_may_write_its_record_may_not_remove_it_with_a_device_or_without() {
    let mut house = House::new();
    house.server = Server::open(house.storage.clone(), strict(), house.now, &mut house.rng).unwrap();
    let (mia, leo, dora) = (house.mia.clone(), house.leo.clone(), house.dora.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let (file, _) = does(&mut house, &mut phone, &task, &[attach(b"photo", "mias.jpg", None)]);
    house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
    let mut stranger = house.phone(&leo);
    stranger.sync(&mut house);
    let row = files(&mut house)[0].id.sys_id;
    assert!(matches!(remove(&mut house, &leo, row), Err(TableError::Denied { .. })));
    for act in [Act::Detach { file }, Act::Rename { file, file_name: "leos.jpg".into() }] {
        let (_, refused) = does(&mut house, &mut stranger, &task, &[act]);
        let (reason, detail) = held(&refused).unwrap();
        assert_eq!(reason, HoldReason::Role);
        assert!(detail.contains("only who attached mias.jpg or may write the record"), "{detail}");
        stranger.documents.insert(task.clone(), document(&house, &task));
    }
    assert_eq!(names(&mut house), ["mias.jpg"]);
    let (_, own) = does(&mut house, &mut phone, &task, &[Act::Detach { file }]);
    assert!(matches!(own, Outcome::Accepted { .. }), "{own:?}");
    assert_eq!(names(&mut house), [""; 0]);
}

/// A document as the server has it, without the edits it holds back.
fn document(house: &House, id: &DocumentId) -> Document {
    let tx = house.server.storage().read().unwrap();
    let edits = tx.edits(id, 0).unwrap();
    let mut document = Document::seed(id.clone());
    for (_, edit) in edits {
        document.apply(&Edit::decode(&edit.body).unwrap()).unwrap();
    }
    document
}
