//! People's accounts and devices. A device token belongs to one device and one user; locking the device ends it. How people
//! and programs get in is in [`crate::identity`].

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_storage::{Account, Device};
use fieldline_sync::relay::RelayKey;
use rand_core::Rng;

use crate::call::{Call, Caller};
use crate::error::{Result, ServiceError};
use crate::identity::random_hex;
use crate::server::Server;
use crate::table::{self, TableError};

/// The shortest password: NIST SP 800-63B section 5.1.1.
const PASSWORD_CHARACTERS: usize = 8;
/// The longest sign-in name, as the dictionary has it.
pub(crate) const USER_NAME_CHARACTERS: usize = 100;
/// A device token lasts longer than any season a phone may lie in a drawer.
const DEVICE_MILLISECONDS: i64 = 400 * 86_400_000;
/// The longest name of a device.
const DEVICE_NAME_CHARACTERS: usize = 100;

/// Why somebody was not let in, or an account not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Wrong name or password; which one is not told.
    #[error("user name or password is wrong; check both, or ask an administrator for a new password")]
    SignIn,
    /// Too many failed attempts.
    #[error("too many failed attempts for this name or from this address; try again after {until} UTC")]
    Locked {
        /// When attempts count again.
        until: Timestamp,
    },
    /// The token is unknown, expired, or its device or account locked.
    #[error("this token is not valid (any more); sign in again")]
    Token,
    /// The caller may not do this.
    #[error("{0}")]
    Denied(String),
    /// What was given does not fit.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which part.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// No such device or user.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<fieldline_storage::StorageError> for AccountError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

/// A person to let in.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// The sign-in name.
    pub user_name: &'a str,
    /// The full name.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// Roles by name.
    pub roles: &'a [&'a str],
}

/// A fresh way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What to send with every request; not kept here.
    pub token: String,
    /// Whose it is.
    pub user: SysId,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// A device that was just bound to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The device.
    pub device: DeviceId,
    /// Its way in.
    pub session: Session,
    /// What it seals requests with that go through a depot's kiosk.
    pub relay_key: RelayKey,
}

impl Server {
    /// Creates the first administrator when nobody can sign in yet; returns a generated password, to be shown once, when
    /// none was given.
    ///
    /// # Errors
    /// When the password is too short or the database fails.
    pub fn bootstrap_admin(
        &self,
        password_or_generate: Option<&str>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Option<String>, AccountError> {
        if self.storage().read()?.account_count()? > 0 {
            return Ok(None);
        }
        let generated = password_or_generate.is_none().then(|| random_hex(rng, 12));
        let password = password_or_generate.or(generated.as_deref()).expect("given or generated");
        let admin = NewUser { user_name: "admin", name: "Administrator", password, roles: &["admin"] };
        self.create_user(&self.system(), &admin, now, rng)?;
        Ok(generated)
    }

    /// Lets a person in: an account, and a `sys_user` record unless one with this name exists.
    ///
    /// # Errors
    /// When the caller is no administrator, or name, password or roles do not fit.
    pub fn create_user(
        &self,
        caller: &Caller,
        new: &NewUser<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<SysId, AccountError> {
        only_administrators(caller)?;
        check_new_user(new, &self.dictionary())?;
        let password_hash = self.password_cost.hash(new.password, rng);
        self.write(caller, now, rng, |call| {
            if call.tx.account(new.user_name)?.is_some() {
                let problem = format!("{} is taken; choose another name", new.user_name);
                return Err(AccountError::Invalid { field: "user_name", problem });
            }
            let user = call.user_record(new)?;
            call.tx.put_account(&Account {
                user,
                user_name: new.user_name.to_owned(),
                password_hash,
                roles: new.roles.iter().map(|role| (*role).to_owned()).collect(),
                active: true,
            })?;
            call.resubscribe(user)?;
            Ok(user)
        })
    }

    /// Gives somebody another password, or a first one; whoever is signed in under the name is signed out, phones excepted.
    ///
    /// # Errors
    /// When the caller is no administrator, there is no such user, or the password is too short.
    pub fn set_password(
        &self,
        caller: &Caller,
        user_name: &str,
        password: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), AccountError> {
        only_administrators(caller)?;
        check_password(password)?;
        let user = self.account(caller, user_name)?.user;
        let password_hash = self.password_cost.hash(password, rng);
        self.write(caller, now, rng, |call| {
            let account = call.tx.account_of(user)?;
            let account = account.ok_or_else(|| AccountError::NotFound(format!("user {user_name}")))?;
            call.tx.remove_tokens_of(user)?;
            Ok(call.tx.put_account(&Account { password_hash, ..account })?)
        })
    }

    /// Binds a device, by its Ed25519 public key, to a user: the caller, or anybody when an administrator asks.
    ///
    /// # Errors
    /// When the caller is a device, or another user than an administrator, or the user cannot sign in.
    pub fn enrol_device(
        &self,
        caller: &Caller,
        user: SysId,
        name: &str,
        public_key: [u8; 32],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Enrolled, AccountError> {
        if caller.device.is_some() || (caller.user != user && !caller.is_administrator()) {
            let problem = "a device is enrolled by its user, signed in with a password, or by an administrator";
            return Err(AccountError::Denied(problem.into()));
        }
        if name.trim().is_empty() || name.chars().count() > DEVICE_NAME_CHARACTERS {
            let problem = format!("give the device a name of 1 to {DEVICE_NAME_CHARACTERS} characters");
            return Err(AccountError::Invalid { field: "name", problem });
        }
        self.write(caller, now, rng, |call| {
            let account = call.tx.account_of(user)?.filter(|account| account.active);
            account.ok_or_else(|| AccountError::NotFound(format!("an account for sys_user/{user}")))?;
            let id = DeviceId(call.new_sys_id().0);
            let name = name.trim().to_owned();
            let device = Device { id, user, public_key, name, enrolled_at: now, revoked_at: None, newest_epoch: 1 };
            call.tx.put_device(&device)?;
            call.resubscribe(user)?;
            call.lease_vans_of(user)?;
            let session = call.open_session(user, Some(id), DEVICE_MILLISECONDS)?;
            Ok(Enrolled { device: id, session, relay_key: self.identity.relay_key(id) })
        })
    }

    /// Locks a device out; its token stops working at once.
    ///
    /// # Errors
    /// When the caller is neither its user nor an administrator, or there is no such device.
    pub fn revoke_device(
        &self,
        caller: &Caller,
        device: DeviceId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), AccountError> {
        self.write(caller, now, rng, |call| {
            let missing = || AccountError::NotFound(format!("device {device}"));
            let device = call.tx.device(device)?.ok_or_else(missing)?;
            if device.user != call.caller.user {
                only_administrators(&call.caller)?;
            }
            let id = device.id;
            call.tx.put_device(&Device { revoked_at: device.revoked_at.or(Some(now)), ..device })?;
            Ok(call.device_locked(id)?)
        })
    }

    /// The devices the caller may see: all of them for an administrator, else the caller's own.
    ///
    /// # Errors
    /// When the database fails.
    pub fn devices(&self, caller: &Caller) -> Result<Vec<Device>, AccountError> {
        let mut devices = self.storage().read()?.devices()?;
        devices.retain(|device| caller.is_administrator() || device.user == caller.user);
        Ok(devices)
    }

    /// The account of a user by sign-in name.
    ///
    /// # Errors
    /// When there is none, or the caller is neither it nor an administrator.
    pub fn account(&self, caller: &Caller, user_name: &str) -> Result<Account, AccountError> {
        let account = self.storage().read()?.account(user_name)?;
        let account = account.filter(|account| caller.is_administrator() || account.user == caller.user);
        account.ok_or_else(|| AccountError::NotFound(format!("user {user_name}")))
    }
}

impl Call<'_> {
    /// A person's full name is put together from its parts where nobody gave it.
    pub(crate) fn name_from_its_parts(&self, person: &mut Record) {
        if person.text("name").is_empty() {
            let parts = ["first_name", "last_name"].map(|part| person.text(part).to_owned());
            let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let name = if known.is_empty() { person.text("user_name").to_owned() } else { known.join(" ") };
            person.set("name", Some(Value::text(name)).filter(|name| *name != Value::text("")));
        }
    }

    /// Gives a person of a `sys_user` row a password, and an account if they had none.
    ///
    /// # Errors
    /// When the password is too short, or another account has the name.
    pub(crate) fn let_in(&mut self, person: &Record, password: &str) -> Result<(), TableError> {
        let wrong = |field: &str, problem: String| TableError::invalid(&person.id, Some(&field.into()), problem);
        check_password(password).map_err(|problem| wrong(table::PASSWORD, problem.to_string()))?;
        let user_name = person.text("user_name").to_owned();
        let user = person.id.sys_id;
        if self.tx.account(&user_name)?.is_some_and(|account| account.user != user) {
            return Err(wrong("user_name", "is the sign-in name of somebody else; choose another".into()));
        }
        let password_hash = self.server.password_cost.hash(password, self.rng);
        let account = self.tx.account_of(user)?;
        let roles = self.all_roles(user, person.text("roles"))?;
        let active = person.get("active") != Some(&Value::Boolean(false));
        self.tx.remove_tokens_of(user)?;
        let user_name = account.map_or(user_name, |account| account.user_name);
        self.tx.put_account(&Account { user, user_name, password_hash, roles, active })?;
        Ok(self.resubscribe(user)?)
    }

    /// The `sys_user` record of a new account: an existing one of this name, else a new one.
    fn user_record(&mut self, new: &NewUser<'_>) -> Result<SysId> {
        let known = self.some_rows("sys_user", &Filter::equals("user_name", new.user_name), 1)?.pop();
        let mut record = match known {
            Some(known) => known,
            None => {
                let mut record = Record::new(DocumentId::new("sys_user", self.new_sys_id()));
                record.set("user_name", Some(Value::text(new.user_name)));
                record.set("name", Some(Value::text(new.name)));
                record
            }
        };
        record.set("roles", Some(Value::text(new.roles.join(","))));
        record.set("active", Some(Value::Boolean(true)));
        let user = record.id.sys_id;
        self.put_row(record)?;
        Ok(user)
    }
}

pub(crate) fn only_administrators(caller: &Caller) -> Result<(), AccountError> {
    let refusal = || AccountError::Denied("only an administrator may do this; ask one".into());
    caller.is_administrator().then_some(()).ok_or_else(refusal)
}

fn check_password(password: &str) -> Result<(), AccountError> {
    let short = password.chars().count() < PASSWORD_CHARACTERS;
    let problem = format!("must have at least {PASSWORD_CHARACTERS} characters");
    if short { Err(AccountError::Invalid { field: "password", problem }) } else { Ok(()) }
}

fn check_new_user(new: &NewUser<'_>, dictionary: &Dictionary) -> Result<(), AccountError> {
    let invalid = |field, problem: String| Err(AccountError::Invalid { field, problem });
    let known: BTreeSet<&str> =
        dictionary.roles().iter().map(String::as_str).filter(|role| *role != "system").collect();
    let characters = new.user_name.chars().count();
    if !(1..=USER_NAME_CHARACTERS).contains(&characters) || new.user_name.chars().any(char::is_control) {
        return invalid("user_name", format!("must have 1 to {USER_NAME_CHARACTERS} printable characters"));
    }
    if new.user_name.eq_ignore_ascii_case("system") {
        return invalid("user_name", "system is the server itself; choose another name".into());
    }
    if new.name.is_empty() || new.name.chars().count() > 151 {
        return invalid("name", "must have 1 to 151 characters".into());
    }
    check_password(new.password)?;
    match new.roles.iter().find(|role| !known.contains(*role)) {
        Some(unknown) => {
            let offered = known.into_iter().collect::<Vec<_>>().join(", ");
            invalid("roles", format!("{unknown} is no role, use {offered}"))
        }
        None => Ok(()),
    }
}
