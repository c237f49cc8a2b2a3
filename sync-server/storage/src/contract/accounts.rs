//! Promises of [`Accounts`](crate::Accounts) and [`Blobs`](crate::Blobs).

use std::collections::BTreeSet;

use fieldline_model::{BlobHash, DeviceId, Timestamp};

use super::sys_id;
use crate::{Account, BlobState, Device, Result, Storage, Token};

/// One person, one name whatever its case, replaced as a whole.
pub fn an_account_is_found_by_name_in_any_case(storage: &dyn Storage) -> Result<()> {
    let zoe = Account {
        user: sys_id(1),
        user_name: "Zoë.Ångström".to_owned(),
        password_hash: "$argon2id$…".to_owned(),
        roles: BTreeSet::from(["wm_agent".to_owned(), "itil".to_owned()]),
        active: true,
    };
    let mut tx = storage.begin()?;
    assert_eq!(tx.account_count()?, 0);
    tx.put_account(&zoe)?;
    assert_eq!(tx.account("ZOË.ångström")?.as_ref(), Some(&zoe));
    assert_eq!(tx.account_of(zoe.user)?.as_ref(), Some(&zoe));
    let locked = Account { user_name: "zoe".to_owned(), roles: BTreeSet::new(), active: false, ..zoe };
    tx.put_account(&locked)?;
    assert_eq!(tx.account("Zoë.Ångström")?, None);
    assert_eq!(tx.account("Zoe")?.as_ref(), Some(&locked));
    assert_eq!((tx.account("")?, tx.account_of(sys_id(2))?, tx.account_count()?), (None, None, 1));
    let impostor = Account { user: sys_id(2), user_name: "ZOE".to_owned(), ..locked };
    assert!(tx.put_account(&impostor).is_err(), "a name belongs to one person");
    Ok(())
}

/// A revoked device is known for ever, so that it can be refused by name.
pub fn devices_are_listed_newest_first_and_stay_when_revoked(storage: &dyn Storage) -> Result<()> {
    let device = |number: u8| Device {
        id: DeviceId([number; 16]),
        user: sys_id(number.into()),
        public_key: [number; 32],
        name: format!("phone {number}"),
        enrolled_at: Timestamp(number.into()),
        revoked_at: None,
        newest_epoch: 1,
    };
    let mut tx = storage.begin()?;
    for number in [2, 3, 1] {
        tx.put_device(&device(number))?;
    }
    assert_eq!(tx.devices()?, [device(3), device(2), device(1)]);
    let revoked = Device { revoked_at: Some(Timestamp(9)), newest_epoch: 7, ..device(2) };
    tx.put_device(&revoked)?;
    assert_eq!(tx.device(revoked.id)?.as_ref(), Some(&revoked));
    assert_eq!(tx.devices()?.len(), 3);
    assert_eq!(tx.device(DeviceId([4; 16]))?, None);
    tx.commit()
}

/// A token is there until it is removed; expiry is the caller's to judge, but old ones can be cleared out.
pub fn tokens_end_when_removed_or_expired(storage: &dyn Storage) -> Result<()> {
    let token = |number: u8, device| Token {
        hash: [number; 32],
        user: sys_id(1),
        device,
        grant: None,
        expires_at: Timestamp(i64::from(number) * 100),
    };
    let (web, phone, old) = (token(3, None), token(2, Some(DeviceId([1; 16]))), token(1, None));
    let mut tx = storage.begin()?;
    for token in [&web, &phone, &old] {
        tx.put_token(token)?;
    }
    assert_eq!(tx.token(&phone.hash)?.as_ref(), Some(&phone));
    assert_eq!(tx.token(&old.hash)?.as_ref(), Some(&old), "expired or not");
    assert_eq!(tx.remove_expired_tokens(Timestamp(200))?, 1, "one that stops working right now is not yet old");
    assert_eq!(tx.token(&old.hash)?, None);
    tx.remove_token(&web.hash)?;
    tx.remove_token(&web.hash)?;
    assert_eq!((tx.token(&web.hash)?, tx.token(&phone.hash)?), (None, Some(phone)));
    tx.commit()
}

/// A piece and its count come together; a file whose hash is wrong leaves nothing behind.
pub fn a_file_arrives_piece_by_piece_and_is_dropped_when_wrong(storage: &dyn Storage) -> Result<()> {
    let state = |number: u8, chunks_held| BlobState {
        blob: BlobHash([number; 32]),
        size_bytes: 5,
        chunks_held,
        complete: false,
    };
    let (right, wrong) = (state(1, 2), state(2, 1));
    let mut tx = storage.begin()?;
    assert_eq!(tx.blob(right.blob)?, None);
    tx.put_chunk(&state(1, 1), 0, b"abc")?;
    assert_eq!(tx.blob(right.blob)?, Some(state(1, 1)));
    tx.put_chunk(&right, 1, b"xx")?;
    tx.put_chunk(&right, 1, b"de")?;
    tx.put_chunk(&wrong, 0, b"zzz")?;
    tx.finish_blob(right.blob, true)?;
    tx.finish_blob(wrong.blob, false)?;
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!(tx.blob(right.blob)?, Some(BlobState { complete: true, ..right }));
    assert_eq!(tx.chunk(right.blob, 0)?.as_deref(), Some(&b"abc"[..]));
    assert_eq!(tx.chunk(right.blob, 1)?.as_deref(), Some(&b"de"[..]), "a piece sent again replaces itself");
    assert_eq!(tx.chunk(right.blob, 2)?, None);
    assert_eq!((tx.blob(wrong.blob)?, tx.chunk(wrong.blob, 0)?), (None, None));
    Ok(())
}

/// A file is read once, however often that is wanted.
pub fn what_a_file_says_is_kept_as_long_as_the_file(storage: &dyn Storage) -> Result<()> {
    let (blob, other) = (BlobHash([1; 32]), BlobHash([2; 32]));
    let mut tx = storage.begin()?;
    tx.put_chunk(&BlobState { blob, size_bytes: 3, chunks_held: 1, complete: false }, 0, b"abc")?;
    tx.finish_blob(blob, true)?;
    tx.want_file_words(blob)?;
    tx.want_file_words(other)?;
    assert_eq!((tx.unread_files(9)?, tx.file_words(blob)?), (vec![blob], None));
    tx.put_file_words(blob, "abc")?;
    tx.want_file_words(blob)?;
    assert_eq!((tx.unread_files(9)?, tx.file_words(blob)?), (vec![], Some("abc".to_owned())));
    tx.finish_blob(blob, false)?;
    assert_eq!(tx.file_words(blob)?, None);
    tx.commit()
}
