//! Promises of [`Grants`](crate::Grants).

use std::collections::BTreeSet;

use fieldline_model::{DeviceId, Timestamp};

use super::sys_id;
use crate::{ApiKey, Client, Grant, Provider, RefreshToken, Result, Storage, Ticket, Token, Tx};

fn client(id: &str) -> Client {
    Client {
        id: id.to_owned(),
        name: format!("The client {id}"),
        secret_hash: Some("sha256:00".to_owned()),
        user: Some(sys_id(7)),
        redirect_uris: BTreeSet::from(["https://a.example/back".to_owned()]),
        keys: Some("{\"keys\":[]}".to_owned()),
        active: true,
        created_at: Timestamp(1),
    }
}

/// A grant of a client for a user, with one token of each kind; all four are told apart by `number`.
fn granted(tx: &mut dyn Tx, number: u8, client: &str, user: u32) -> Result<()> {
    let grant = sys_id(number.into());
    tx.put_grant(&Grant { id: grant, client: client.to_owned(), user: sys_id(user), created_at: Timestamp(1) })?;
    let expires_at = Timestamp(i64::from(number) * 100);
    tx.put_token(&Token { hash: [number; 32], user: sys_id(user), device: None, grant: Some(grant), expires_at })?;
    tx.put_refresh_token(&RefreshToken { hash: [number; 32], grant, used_at: None, successor: None, expires_at })
}

/// Which of the grants made by [`granted`] work: the grant, its token, its refresh token.
fn standing(tx: &dyn Tx, number: u8) -> Result<[bool; 3]> {
    let hash = [number; 32];
    Ok([tx.grant(sys_id(number.into()))?.is_some(), tx.token(&hash)?.is_some(), tx.refresh_token(&hash)?.is_some()])
}

/// A client is replaced as a whole and keeps what it was granted; removed, nothing made from it works.
pub fn a_client_ends_with_everything_it_was_granted(storage: &dyn Storage) -> Result<()> {
    let (portal, other) = (client("portal"), client("other"));
    let mut tx = storage.begin()?;
    tx.put_client(&portal)?;
    tx.put_client(&other)?;
    granted(&mut *tx, 1, "portal", 5)?;
    granted(&mut *tx, 2, "other", 5)?;
    let public =
        Client { secret_hash: None, user: None, redirect_uris: BTreeSet::new(), keys: None, active: false, ..portal };
    tx.put_client(&public)?;
    assert_eq!((tx.client("portal")?, tx.client("Portal")?), (Some(public.clone()), None));
    assert_eq!(tx.clients()?, [other, public]);
    assert_eq!(standing(&*tx, 1)?, [true; 3]);
    assert_eq!((tx.remove_client("portal")?, tx.remove_client("portal")?), (true, false));
    assert_eq!((standing(&*tx, 1)?, standing(&*tx, 2)?), ([false; 3], [true; 3]));
    tx.remove_grant(sys_id(2))?;
    assert_eq!(standing(&*tx, 2)?, [false; 3]);
    granted(&mut *tx, 3, "other", 5)?;
    tx.remove_grants_of("nobody")?;
    assert_eq!(standing(&*tx, 3)?, [true; 3]);
    tx.remove_grants_of("other")?;
    assert_eq!((standing(&*tx, 3)?, tx.client("other")?.is_some()), ([false; 3], true));
    tx.commit()
}

/// Whoever leaves is signed out everywhere; a phone is locked by its account, and keeps its token for when they return.
pub fn a_users_tokens_end_together_but_for_those_of_devices(storage: &dyn Storage) -> Result<()> {
    let token =
        |number, device| Token { hash: [number; 32], user: sys_id(5), device, grant: None, expires_at: Timestamp(900) };
    let mut tx = storage.begin()?;
    tx.put_client(&client("portal"))?;
    granted(&mut *tx, 1, "portal", 5)?;
    granted(&mut *tx, 2, "portal", 6)?;
    tx.put_token(&token(8, None))?;
    tx.put_token(&token(9, Some(DeviceId([1; 16]))))?;
    tx.remove_tokens_of(sys_id(5))?;
    assert_eq!((standing(&*tx, 1)?, standing(&*tx, 2)?), ([false; 3], [true; 3]));
    assert_eq!((tx.token(&[8; 32])?.is_some(), tx.token(&[9; 32])?.is_some()), (false, true));
    tx.commit()
}

/// What can work no more is cleared out; a refresh token that was used is remembered until then.
pub fn what_has_expired_is_cleared_out_and_nothing_else(storage: &dyn Storage) -> Result<()> {
    let ticket =
        |number: u8| Ticket { hash: [number; 32], body: vec![number], expires_at: Timestamp(i64::from(number) * 100) };
    let mut tx = storage.begin()?;
    tx.put_client(&client("portal"))?;
    for number in [1, 2] {
        granted(&mut *tx, number, "portal", 5)?;
        tx.put_ticket(&ticket(number))?;
    }
    let used = RefreshToken {
        used_at: Some(Timestamp(9)),
        successor: Some([3; 32]),
        ..tx.refresh_token(&[2; 32])?.expect("just made")
    };
    tx.put_refresh_token(&used)?;
    tx.remove_expired_tokens(Timestamp(200))?;
    tx.remove_expired_grants(Timestamp(200))?;
    assert_eq!(
        (standing(&*tx, 1)?, standing(&*tx, 2)?),
        ([false; 3], [true; 3]),
        "one that ends right now is not over"
    );
    assert_eq!(tx.refresh_token(&[2; 32])?, Some(used));
    assert_eq!((tx.ticket(&[1; 32])?, tx.ticket(&[2; 32])?), (None, Some(ticket(2))));
    let changed = Ticket { body: b"used".to_vec(), ..ticket(2) };
    tx.put_ticket(&changed)?;
    assert_eq!(tx.ticket(&[2; 32])?, Some(changed));
    tx.remove_ticket(&[2; 32])?;
    assert_eq!(tx.ticket(&[2; 32])?, None);
    tx.commit()
}

/// Keys are found by hash and removed by id; providers are replaced by name.
pub fn keys_and_providers_are_listed_and_removed(storage: &dyn Storage) -> Result<()> {
    let key = |number: u8| ApiKey {
        id: sys_id(number.into()),
        hash: [number; 32],
        name: format!("key {number}"),
        user: sys_id(5),
        active: true,
        created_at: Timestamp(number.into()),
        expires_at: Timestamp(900),
    };
    let provider = |name: &str| Provider {
        name: name.to_owned(),
        issuer: "https://id.example".to_owned(),
        client_id: "fieldline".to_owned(),
        client_secret: "secret".to_owned(),
        claim: "email".to_owned(),
        field: "email".to_owned(),
        algorithms: BTreeSet::from(["ES256".to_owned(), "RS256".to_owned()]),
        active: true,
    };
    let mut tx = storage.begin()?;
    tx.put_api_key(&key(1))?;
    tx.put_api_key(&key(2))?;
    assert_eq!(tx.api_keys()?, [key(2), key(1)]);
    assert_eq!((tx.api_key(&[1; 32])?, tx.api_key(&[3; 32])?), (Some(key(1)), None));
    let idle = ApiKey { name: "another".to_owned(), active: false, ..key(2) };
    tx.put_api_key(&idle)?;
    assert_eq!(tx.api_keys()?, [idle, key(1)]);
    assert_eq!((tx.remove_api_key(sys_id(1))?, tx.remove_api_key(sys_id(1))?), (true, false));
    assert_eq!(tx.api_key(&[1; 32])?, None);
    let moved = Provider { issuer: "https://new.example".to_owned(), active: false, ..provider("b") };
    for provider in [provider("b"), provider("a"), moved.clone()] {
        tx.put_provider(&provider)?;
    }
    assert_eq!(tx.providers()?, [provider("a"), moved.clone()]);
    assert_eq!((tx.remove_provider("a")?, tx.remove_provider("a")?), (true, false));
    assert_eq!(tx.providers()?, [moved]);
    tx.commit()
}
