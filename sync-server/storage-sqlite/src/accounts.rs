//! People, devices and tokens.

use std::collections::BTreeSet;

use fieldline_model::{DeviceId, SysId, Timestamp};
use fieldline_storage::{Account, Accounts, Device, Result, Token};
use rusqlite::types::Type;
use rusqlite::{Row, params};

use crate::row::{id, moment, natural, optional_id};
use crate::transaction::Transaction;

impl Accounts for Transaction<'_> {
    fn account(&self, user_name: &str) -> Result<Option<Account>> {
        let sql = "SELECT user, user_name, password_hash, roles, active FROM account WHERE user_name_folded = ?1";
        self.first("looking up an account", sql, [user_name.to_lowercase()], account)
    }

    fn account_of(&self, user: SysId) -> Result<Option<Account>> {
        let sql = "SELECT user, user_name, password_hash, roles, active FROM account WHERE user = ?1";
        self.first("looking up an account", sql, [user.to_string()], account)
    }

    fn account_count(&self) -> Result<u64> {
        let count = self.first("counting accounts", "SELECT count(*) FROM account", [], |row| natural(row, 0))?;
        Ok(count.unwrap_or_default())
    }

    fn put_account(&mut self, account: &Account) -> Result<()> {
        let sql = "INSERT INTO account (user, user_name, user_name_folded, password_hash, roles, active)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (user) DO UPDATE SET
                       user_name = excluded.user_name, user_name_folded = excluded.user_name_folded,
                       password_hash = excluded.password_hash, roles = excluded.roles, active = excluded.active";
        let roles = serde_json::json!(account.roles).to_string();
        let folded = account.user_name.to_lowercase();
        let user = account.user.to_string();
        let params = params![user, account.user_name, folded, account.password_hash, roles, account.active];
        self.run(format_args!("writing the account {}", account.user_name), sql, params).map(drop)
    }

    fn device(&self, id: DeviceId) -> Result<Option<Device>> {
        let sql = "SELECT id, user, public_key, name, enrolled_at, revoked_at, newest_epoch FROM device WHERE id = ?1";
        self.first(format_args!("looking up device {id}"), sql, [id.to_string()], device)
    }

    fn devices(&self) -> Result<Vec<Device>> {
        let sql = "SELECT id, user, public_key, name, enrolled_at, revoked_at, newest_epoch FROM device
                   ORDER BY enrolled_at DESC, id";
        self.all("listing devices", sql, [], device)
    }

    fn put_device(&mut self, device: &Device) -> Result<()> {
        let sql = "INSERT INTO device (id, user, public_key, name, enrolled_at, revoked_at, newest_epoch)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT DO UPDATE SET
                       user = excluded.user, public_key = excluded.public_key, name = excluded.name,
                       enrolled_at = excluded.enrolled_at, revoked_at = excluded.revoked_at,
                       newest_epoch = excluded.newest_epoch";
        let (id, user) = (device.id.to_string(), device.user.to_string());
        let revoked_at = device.revoked_at.map(|moment| moment.0);
        let enrolled_at = device.enrolled_at.0;
        let params = params![id, user, device.public_key, device.name, enrolled_at, revoked_at, device.newest_epoch];
        self.run(format_args!("writing device {id}"), sql, params).map(drop)
    }

    fn token(&self, hash: &[u8; 32]) -> Result<Option<Token>> {
        let sql = "SELECT hash, user, device, grant_id, expires_at FROM token WHERE hash = ?1";
        self.first("looking up a token", sql, [hash], token)
    }

    fn put_token(&mut self, token: &Token) -> Result<()> {
        let sql = "INSERT INTO token (hash, user, device, grant_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let device = token.device.map(|device| device.to_string());
        let grant = token.grant.map(|grant| grant.to_string());
        let params = params![token.hash, token.user.to_string(), device, grant, token.expires_at.0];
        self.run("writing a token", sql, params).map(drop)
    }

    fn remove_token(&mut self, hash: &[u8; 32]) -> Result<()> {
        self.run("removing a token", "DELETE FROM token WHERE hash = ?1", [hash]).map(drop)
    }

    fn remove_expired_tokens(&mut self, now: Timestamp) -> Result<u64> {
        let removed = self.run("removing expired tokens", "DELETE FROM token WHERE expires_at < ?1", [now.0])?;
        Ok(removed as u64)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let roles: BTreeSet<String> = serde_json::from_str(row.get_ref(3)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(error)))?;
    Ok(Account { user: id(row, 0)?, user_name: row.get(1)?, password_hash: row.get(2)?, roles, active: row.get(4)? })
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: id(row, 0)?,
        user: id(row, 1)?,
        public_key: row.get(2)?,
        name: row.get(3)?,
        enrolled_at: moment(row, 4)?,
        revoked_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        newest_epoch: row.get(6)?,
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let (device, grant) = (optional_id(row, 2)?, optional_id(row, 3)?);
    Ok(Token { hash: row.get(0)?, user: id(row, 1)?, device, grant, expires_at: moment(row, 4)? })
}
