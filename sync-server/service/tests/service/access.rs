//! Who is let in.

use fieldline_model::Timestamp;
use fieldline_service::{AccountError, NewUser, SignIn};

use crate::house::{DAY, House, MORNING, PASSWORD};

#[test]
fn a_session_ends_when_signed_out_and_by_itself() {
    let mut house = House::new();
    let session = house
        .server
        .sign_in(SignIn { user_name: "DORA", password: PASSWORD, address: None }, MORNING, &mut house.rng)
        .unwrap();
    assert_eq!(house.server.authenticate(&session.token, MORNING).unwrap().user, house.dora.user);
    assert!(matches!(house.server.authenticate(&session.token, session.expires_at), Err(AccountError::Token)));
    house.server.sign_out(&session.token, MORNING, &mut house.rng).unwrap();
    for token in [session.token.as_str(), "", "nonsense"] {
        assert!(matches!(house.server.authenticate(token, MORNING), Err(AccountError::Token)));
    }
}

#[test]
fn a_wrong_name_and_a_wrong_password_look_the_same_and_are_soon_locked() {
    let mut house = House::new();
    for name in ["dora", "nobody"] {
        for _ in 0..10 {
            let error = house
                .server
                .sign_in(SignIn { user_name: name, password: "wrong password", address: None }, MORNING, &mut house.rng)
                .unwrap_err();
            assert!(matches!(error, AccountError::SignIn));
        }
        let error = house
            .server
            .sign_in(SignIn { user_name: name, password: PASSWORD, address: None }, MORNING, &mut house.rng)
            .unwrap_err();
        assert!(matches!(error, AccountError::Locked { .. }), "{error}");
    }
    let later = MORNING.plus_milliseconds(DAY);
    assert!(
        house
            .server
            .sign_in(SignIn { user_name: "dora", password: PASSWORD, address: None }, later, &mut house.rng)
            .is_ok()
    );
}

#[test]
fn the_first_administrator_is_made_once_and_shown_a_password_only_if_none_was_given() {
    let mut house = House::new();
    assert_eq!(house.server.bootstrap_admin(None, MORNING, &mut house.rng).unwrap(), None, "there are people already");
    let storage = std::sync::Arc::new(fieldline_storage_sqlite::SqliteStorage::in_memory().unwrap());
    let dictionary = house.server.dictionary().clone();
    let empty = fieldline_service::Server::open(storage, dictionary, MORNING, &mut house.rng).unwrap();
    let password = empty.bootstrap_admin(None, MORNING, &mut house.rng).unwrap().unwrap();
    let given = SignIn { user_name: "admin", password: &password, address: None };
    assert!(empty.sign_in(given, MORNING, &mut house.rng).is_ok());
    assert!(empty.bootstrap_admin(None, MORNING, &mut house.rng).unwrap().is_none());
}

#[test]
fn only_administrators_let_people_in_and_what_does_not_fit_is_named() {
    let mut house = House::new();
    let (dora, system) = (house.dora.clone(), house.server.system());
    let eve = NewUser { user_name: "eve", name: "Eve", password: PASSWORD, roles: &["wm_agent"] };
    let refused = house.server.create_user(&dora, &eve, MORNING, &mut house.rng);
    assert!(matches!(refused, Err(AccountError::Denied(_))));
    for (new, field) in [
        (NewUser { user_name: "mia", ..eve.clone() }, "user_name"),
        (NewUser { user_name: "system", ..eve.clone() }, "user_name"),
        (NewUser { password: "short", ..eve.clone() }, "password"),
        (NewUser { roles: &["god"], ..eve.clone() }, "roles"),
        (NewUser { roles: &["system"], ..eve.clone() }, "roles"),
    ] {
        let error = house.server.create_user(&system, &new, MORNING, &mut house.rng).unwrap_err();
        assert!(error.to_string().starts_with(field), "{error}");
    }
}

#[test]
fn whoever_is_set_inactive_is_let_in_no_more_nor_are_their_devices() {
    let mut house = House::new();
    let (mia, system) = (house.mia.clone(), house.server.system());
    let key = [1; 32];
    let enrolled = house.server.enrol_device(&mia, mia.user, "phone", key, MORNING, &mut house.rng).unwrap();
    let other = house.server.enrol_device(&mia, house.leo.user, "phone", key, MORNING, &mut house.rng);
    assert!(matches!(other, Err(AccountError::Denied(_))));
    assert!(house.server.authenticate(&enrolled.session.token, MORNING).is_ok());
    let row = fieldline_model::DocumentId::new("sys_user", mia.user);
    house.update(&system, &row, &[("active", "false")]).unwrap();
    assert!(house.server.authenticate(&enrolled.session.token, MORNING).is_err());
    assert!(
        house
            .server
            .sign_in(SignIn { user_name: "mia", password: PASSWORD, address: None }, MORNING, &mut house.rng)
            .is_err()
    );
    house.update(&system, &row, &[("active", "true")]).unwrap();
    assert!(house.server.authenticate(&enrolled.session.token, MORNING).is_ok());
    house.server.revoke_device(&mia, enrolled.device, Timestamp(5), &mut house.rng).unwrap();
    assert!(house.server.authenticate(&enrolled.session.token, MORNING).is_err());
}

/// Counts what is drawn: a fresh salt, the sign of an Argon2id hash, is sixteen bytes.
struct Counting<'a>(&'a mut rand_chacha::ChaCha8Rng, usize);

impl rand_core::TryRng for Counting<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.1 += bytes.len();
        self.0.try_fill_bytes(bytes)
    }
}

#[test]
fn whoever_cannot_sign_in_costs_a_password_hash_all_the_same() {
    let mut house = House::new();
    let (system, leo) = (house.server.system(), house.leo.user);
    house
        .server
        .write(&system, MORNING, &mut house.rng, |call| {
            let mia = call.tx.account_of(house.mia.user)?.expect("she has one");
            call.tx.put_account(&fieldline_storage::Account { password_hash: String::new(), ..mia })?;
            let away = call.tx.account_of(leo)?.expect("he has one");
            call.tx.put_account(&fieldline_storage::Account { active: false, ..away })?;
            Ok::<_, fieldline_service::ServiceError>(())
        })
        .unwrap();
    for (name, salts) in [("nobody", 16), ("mia", 16), ("leo", 16), ("dora", 0)] {
        let mut counting = Counting(&mut house.rng, 0);
        let given = SignIn { user_name: name, password: "wrong password", address: None };
        assert!(house.server.check_password(given, MORNING, &mut counting).is_err());
        assert_eq!(counting.1, salts, "{name}: one that is there is hashed with its own salt");
    }
}
