//! OAuth clients, grants, tickets, API keys and providers.

use std::collections::BTreeSet;

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::{ApiKey, Client, Grant, Grants, Provider, RefreshToken, Result, Ticket};
use rusqlite::types::Type;
use rusqlite::{Row, params};

use crate::row::{id, moment, optional_id};
use crate::transaction::Transaction;

/// The columns of a client and of a key, as they are read below.
const CLIENT: &str = "id, name, secret_hash, user, redirect_uris, created_at, keys, active";
const API_KEY: &str = "id, hash, name, user, created_at, expires_at, active";

impl Grants for Transaction<'_> {
    fn client(&self, id: &str) -> Result<Option<Client>> {
        let sql = format!("SELECT {CLIENT} FROM oauth_client WHERE id = ?1");
        self.first("looking up a client", &sql, [id], client)
    }

    fn clients(&self) -> Result<Vec<Client>> {
        self.all("listing clients", &format!("SELECT {CLIENT} FROM oauth_client ORDER BY id"), [], client)
    }

    fn put_client(&mut self, client: &Client) -> Result<()> {
        let sql = "INSERT INTO oauth_client (id, name, secret_hash, user, redirect_uris, created_at, keys, active)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                   ON CONFLICT DO UPDATE SET
                       name = excluded.name, secret_hash = excluded.secret_hash, user = excluded.user,
                       redirect_uris = excluded.redirect_uris, keys = excluded.keys, active = excluded.active";
        let Client { id, name, secret_hash, keys, active, created_at, .. } = client;
        let user = client.user.map(|user| user.to_string());
        let uris = serde_json::json!(client.redirect_uris).to_string();
        let params = params![id, name, secret_hash, user, uris, created_at.0, keys, active];
        self.run(format_args!("writing the client {id}"), sql, params).map(drop)
    }

    fn remove_client(&mut self, id: &str) -> Result<bool> {
        self.run("removing a client", "DELETE FROM oauth_client WHERE id = ?1", [id]).map(|removed| removed > 0)
    }

    fn grant(&self, grant_id: SysId) -> Result<Option<Grant>> {
        let sql = "SELECT id, client, user, created_at FROM oauth_grant WHERE id = ?1";
        self.first("looking up a grant", sql, [grant_id.to_string()], |row| {
            Ok(Grant { id: id(row, 0)?, client: row.get(1)?, user: id(row, 2)?, created_at: moment(row, 3)? })
        })
    }

    fn put_grant(&mut self, grant: &Grant) -> Result<()> {
        let sql = "INSERT INTO oauth_grant (id, client, user, created_at) VALUES (?1, ?2, ?3, ?4)";
        let params = params![grant.id.to_string(), grant.client, grant.user.to_string(), grant.created_at.0];
        self.run("writing a grant", sql, params).map(drop)
    }

    fn remove_grant(&mut self, id: SysId) -> Result<()> {
        self.run("removing a grant", "DELETE FROM oauth_grant WHERE id = ?1", [id.to_string()]).map(drop)
    }

    fn remove_grants_of(&mut self, client: &str) -> Result<()> {
        self.run("removing a client's grants", "DELETE FROM oauth_grant WHERE client = ?1", [client]).map(drop)
    }

    fn remove_tokens_of(&mut self, user: SysId) -> Result<()> {
        let (doing, user) = ("removing a user's tokens", user.to_string());
        self.run(doing, "DELETE FROM oauth_grant WHERE user = ?1", [&user])?;
        self.run(doing, "DELETE FROM token WHERE user = ?1 AND device IS NULL", [&user]).map(drop)
    }

    fn refresh_token(&self, hash: &[u8; 32]) -> Result<Option<RefreshToken>> {
        let sql = "SELECT hash, grant_id, used_at, successor, expires_at FROM refresh_token WHERE hash = ?1";
        self.first("looking up a refresh token", sql, [hash], refresh_token)
    }

    fn put_refresh_token(&mut self, token: &RefreshToken) -> Result<()> {
        let sql = "INSERT INTO refresh_token (hash, grant_id, used_at, successor, expires_at)
                   VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO UPDATE SET used_at = excluded.used_at, successor = excluded.successor";
        let used_at = token.used_at.map(|moment| moment.0);
        let params = params![token.hash, token.grant.to_string(), used_at, token.successor, token.expires_at.0];
        self.run("writing a refresh token", sql, params).map(drop)
    }

    fn ticket(&self, hash: &[u8; 32]) -> Result<Option<Ticket>> {
        let sql = "SELECT hash, body, expires_at FROM ticket WHERE hash = ?1";
        self.first("looking up a ticket", sql, [hash], |row| {
            Ok(Ticket { hash: row.get(0)?, body: row.get(1)?, expires_at: moment(row, 2)? })
        })
    }

    fn put_ticket(&mut self, ticket: &Ticket) -> Result<()> {
        let sql = "INSERT INTO ticket (hash, body, expires_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at";
        self.run("writing a ticket", sql, params![ticket.hash, ticket.body, ticket.expires_at.0]).map(drop)
    }

    fn remove_ticket(&mut self, hash: &[u8; 32]) -> Result<()> {
        self.run("removing a ticket", "DELETE FROM ticket WHERE hash = ?1", [hash]).map(drop)
    }

    fn remove_expired_grants(&mut self, now: Timestamp) -> Result<()> {
        let doing = "removing what has expired";
        self.run(doing, "DELETE FROM ticket WHERE expires_at < ?1", [now.0])?;
        self.run(doing, "DELETE FROM api_key WHERE expires_at < ?1", [now.0])?;
        self.run(doing, "DELETE FROM refresh_token WHERE expires_at < ?1", [now.0])?;
        let sql = "DELETE FROM oauth_grant WHERE created_at < ?1
                       AND NOT EXISTS (SELECT 1 FROM refresh_token WHERE grant_id = oauth_grant.id)
                       AND NOT EXISTS (SELECT 1 FROM token WHERE grant_id = oauth_grant.id)";
        self.run(doing, sql, [now.0]).map(drop)
    }

    fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        let sql = format!("SELECT {API_KEY} FROM api_key WHERE hash = ?1");
        self.first("looking up an API key", &sql, [hash], api_key)
    }

    fn api_keys(&self) -> Result<Vec<ApiKey>> {
        let sql = format!("SELECT {API_KEY} FROM api_key ORDER BY created_at DESC, id");
        self.all("listing API keys", &sql, [], api_key)
    }

    fn put_api_key(&mut self, key: &ApiKey) -> Result<()> {
        let sql = "INSERT INTO api_key (id, hash, name, user, created_at, expires_at, active)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active";
        let (id, user) = (key.id.to_string(), key.user.to_string());
        let params = params![id, key.hash, key.name, user, key.created_at.0, key.expires_at.0, key.active];
        self.run("writing an API key", sql, params).map(drop)
    }

    fn remove_api_key(&mut self, id: SysId) -> Result<bool> {
        let removed = self.run("removing an API key", "DELETE FROM api_key WHERE id = ?1", [id.to_string()])?;
        Ok(removed > 0)
    }

    fn providers(&self) -> Result<Vec<Provider>> {
        let sql = "SELECT name, issuer, client_id, client_secret, claim, field, algorithms, active
                   FROM oidc_provider ORDER BY name";
        self.all("listing providers", sql, [], provider)
    }

    fn put_provider(&mut self, provider: &Provider) -> Result<()> {
        let sql = "INSERT INTO oidc_provider (name, issuer, client_id, client_secret, claim, field, algorithms, active)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                   ON CONFLICT DO UPDATE SET
                       issuer = excluded.issuer, client_id = excluded.client_id,
                       client_secret = excluded.client_secret, claim = excluded.claim, field = excluded.field,
                       algorithms = excluded.algorithms, active = excluded.active";
        let Provider { name, issuer, client_id, client_secret, claim, field, algorithms, active } = provider;
        let algorithms = serde_json::json!(algorithms).to_string();
        let params = params![name, issuer, client_id, client_secret, claim, field, algorithms, active];
        self.run(format_args!("writing the provider {name}"), sql, params).map(drop)
    }

    fn remove_provider(&mut self, name: &str) -> Result<bool> {
        let removed = self.run("removing a provider", "DELETE FROM oidc_provider WHERE name = ?1", [name])?;
        Ok(removed > 0)
    }
}

fn client(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: row.get(0)?,
        name: row.get(1)?,
        secret_hash: row.get(2)?,
        user: optional_id(row, 3)?,
        redirect_uris: words(row, 4)?,
        created_at: moment(row, 5)?,
        keys: row.get(6)?,
        active: row.get(7)?,
    })
}

fn refresh_token(row: &Row<'_>) -> rusqlite::Result<RefreshToken> {
    Ok(RefreshToken {
        hash: row.get(0)?,
        grant: id(row, 1)?,
        used_at: row.get::<_, Option<i64>>(2)?.map(Timestamp),
        successor: row.get(3)?,
        expires_at: moment(row, 4)?,
    })
}

fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: id(row, 0)?,
        hash: row.get(1)?,
        name: row.get(2)?,
        user: id(row, 3)?,
        created_at: moment(row, 4)?,
        expires_at: moment(row, 5)?,
        active: row.get(6)?,
    })
}

fn provider(row: &Row<'_>) -> rusqlite::Result<Provider> {
    Ok(Provider {
        name: row.get(0)?,
        issuer: row.get(1)?,
        client_id: row.get(2)?,
        client_secret: row.get(3)?,
        claim: row.get(4)?,
        field: row.get(5)?,
        algorithms: words(row, 6)?,
        active: row.get(7)?,
    })
}

/// A JSON array of texts.
fn words(row: &Row<'_>, column: usize) -> rusqlite::Result<BTreeSet<String>> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
