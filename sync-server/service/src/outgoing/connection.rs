//! Where an alias leads, and what is asked there with which credential.

use fieldline_model::{Record, SysId, Value};

use super::policy::Policy;
use super::{Credential, URL_CHARACTERS};
use crate::call::Call;
use crate::error;
use crate::query::number_field;
use crate::table::{Result, TableError};

const ALIASES: &str = "sys_alias";
pub(crate) const CONNECTIONS: &str = "http_connection";
/// Credentials that name who gives tokens for them.
pub(crate) const TOKEN_GIVERS: &str = "oauth_2_0_credentials";
const CREDENTIALS: &str = "discovery_credentials";
/// How long an answer may take unless somebody says so.
pub(super) const USUAL_SECONDS: i64 = 30;
/// The longest anybody may say: well within the time a claim holds.
const LONGEST_SECONDS: i64 = 100;

/// An outside system.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub id: SysId,
    pub name: String,
    url: String,
    pub timeout_seconds: i64,
}

impl Connection {
    fn read(row: &Record) -> Self {
        Self {
            id: row.id.sys_id,
            name: row.text("name").to_owned(),
            url: row.text("connection_url").trim_end_matches('/').to_owned(),
            timeout_seconds: timeout(number_field(row, "connection_timeout")),
        }
    }

    /// The address of a path there.
    ///
    /// # Errors
    /// When the path leads elsewhere.
    pub fn at(&self, path: &str) -> Result<String, String> {
        let stays = path.is_empty() || path.starts_with('/') || path.starts_with('?');
        if !stays || path.contains(['\\', '#']) || path.chars().any(|char| char.is_control() || char.is_whitespace()) {
            return Err(format!("\"{path}\" is no path; begin it with / and write blanks as %20"));
        }
        let url = format!("{}{path}", self.url);
        if url.len() > URL_CHARACTERS {
            return Err(format!("the address is longer than {URL_CHARACTERS} characters"));
        }
        Ok(url)
    }
}

/// How long an answer may take, as somebody says, in bounds.
pub(crate) fn timeout(seconds: Option<i64>) -> i64 {
    seconds.unwrap_or(USUAL_SECONDS).clamp(1, LONGEST_SECONDS)
}

/// The host an address names.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => authority.split(':').next()?,
    };
    Some(host).filter(|host| !host.is_empty())
}

/// Refuses what is no address to send something to.
///
/// # Errors
/// Says what is wrong.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    let is_http = url.starts_with("https://") || url.starts_with("http://");
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>#".contains(&byte));
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    if !is_http || !plain || host_of(url).is_none() {
        return Err("is no address; write https://HOST/PATH".into());
    }
    if authority.contains('@') {
        return Err("names somebody before the host; keep names and passwords in a credential".into());
    }
    Ok(())
}

/// Refuses a connection that leads nowhere.
pub(crate) fn check_connection(row: &Record) -> Result<()> {
    let field = if row.id.table == *TOKEN_GIVERS { "token_url" } else { "connection_url" };
    let checked = check_url(row.text(field)).and_then(|()| match row.text(field).contains('?') {
        true => Err("has a query; give it with the path of the step".into()),
        false => Ok(()),
    });
    checked.map_err(|problem| TableError::invalid(&row.id, Some(&field.into()), problem))
}

impl Call<'_> {
    /// The connection that an alias, by name or identity, leads to now.
    ///
    /// # Errors
    /// When there is no such alias, or none of its connections is active.
    pub(crate) fn connection(&self, alias: &str) -> Result<Connection> {
        let wrong = |problem: String| TableError::invalid("the flow", None, problem);
        let alias_id = match alias.parse::<SysId>() {
            Ok(id) => Some(id),
            Err(_) => self.rows_with(ALIASES, &[("name", alias)])?.first().map(|row| row.id.sys_id),
        };
        let alias_id = alias_id.ok_or_else(|| wrong(format!("there is no connection alias \"{alias}\"")))?;
        let mut rows = self.rows_with(CONNECTIONS, &[("connection_alias", &alias_id.to_string())])?;
        rows.retain(|row| row.says("active"));
        rows.sort_by_key(|row| (row.time("sys_created_on"), row.id.sys_id));
        let found = rows.first().map(Connection::read);
        found.ok_or_else(|| wrong(format!("no connection of the alias \"{alias}\" is active; create or activate one")))
    }

    /// The plan by which a connection is asked again.
    pub(super) fn policy_of(&self, connection: &Record) -> error::Result<Policy> {
        let find = |table: &str, id: Option<SysId>| {
            id.map(|id| self.tx.find(self.dictionary.family(table), id)).transpose().map(Option::flatten)
        };
        let alias = find(ALIASES, connection.reference("connection_alias"))?;
        let policy = find("sys_retry_policy", alias.and_then(|alias| alias.reference("retry_policy")))?;
        Ok(policy.as_ref().map_or(Policy::USUAL, Policy::read))
    }

    /// What a connection is asked with; in words why it cannot be.
    pub(super) fn credential_of(&self, connection: &Record) -> error::Result<Result<Credential, String>> {
        let Some(id) = connection.reference("credential") else { return Ok(Ok(Credential::None)) };
        let row = self.tx.find(self.dictionary.family(CREDENTIALS), id)?;
        let Some(row) = row.filter(|row| row.get("active") != Some(&Value::Boolean(false))) else {
            return Ok(Err("its credential is gone, or inactive".into()));
        };
        let Some(secret) = self.secret_of(id)? else {
            return Ok(Err(format!("the credential \"{}\" has no secret; write one", row.text("name"))));
        };
        let text = |field: &str| row.text(field).to_owned();
        Ok(Ok(match row.id.table.as_str() {
            "basic_auth_credentials" => Credential::Basic { user: text("user_name"), password: secret },
            "api_key_credentials" => Credential::Header { name: text("header"), value: secret },
            TOKEN_GIVERS => Credential::ClientCredentials {
                credential: id,
                token_url: text("token_url"),
                client_id: text("client_id"),
                client_secret: secret,
                scope: text("oauth_scope"),
            },
            other => return Ok(Err(format!("credentials of the kind {other} cannot be used for HTTP"))),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_with_a_host_and_without_a_name() {
        for url in ["https://api.example.org", "http://127.0.0.1:9/x?y=1", "https://[::1]:8/"] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for (url, problem) in [
            ("ftp://host/", "is no address"),
            ("https://", "is no address"),
            ("https:///path", "is no address"),
            ("https://host/a b", "is no address"),
            ("https://name:secret@host/", "names somebody"),
            ("https://api.example.org@127.0.0.1/", "names somebody"),
        ] {
            assert!(check_url(url).expect_err(url).contains(problem), "{url}");
        }
        assert_eq!(host_of("https://[::1]:8/x"), Some("::1"));
        assert_eq!(host_of("https://api.example.org:8443?x"), Some("api.example.org"));
    }

    #[test]
    fn a_path_stays_at_its_connection() {
        let url = "https://api.example.org/v1".to_owned();
        let there = Connection { id: SysId([1; 16]), name: "There".into(), url, timeout_seconds: 1 };
        assert_eq!(there.at("/tickets?open=1"), Ok("https://api.example.org/v1/tickets?open=1".into()));
        for path in [".evil.org/", "@evil.org/", ":8443/", "/a b", "/a\r\nHost: x", "/x#y"] {
            assert!(there.at(path).is_err(), "{path}");
        }
    }
}
