//! What lets programs in: OAuth clients and what they were granted, API keys, outside providers, and tickets.

use std::collections::BTreeSet;

use fieldline_model::{SysId, Timestamp};

use crate::Result;

/// A program that asks for tokens (RFC 6749, section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it calls itself in a request.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The hash of its secret; `None` for a public client, which cannot keep one.
    pub secret_hash: Option<String>,
    /// Whom it acts as by its own credentials.
    pub user: Option<SysId>,
    /// Where browsers may be sent back to, compared exactly.
    pub redirect_uris: BTreeSet<String>,
    /// The public keys it signs assertions with, as a JSON Web Key Set (RFC 7517).
    pub keys: Option<String>,
    /// Whether it may ask for anything.
    pub active: bool,
    /// When it was made known.
    pub created_at: Timestamp,
}

/// That a client may act for a user; every token made from it ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which one.
    pub id: SysId,
    /// The client's id.
    pub client: String,
    /// For whom.
    pub user: SysId,
    /// When it began.
    pub created_at: Timestamp,
}

/// What a client gets its next access token with; only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What it belongs to.
    pub grant: SysId,
    /// When it was first used.
    pub used_at: Option<Timestamp>,
    /// The hash of the one that took its place.
    pub successor: Option<[u8; 32]>,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Something kept for minutes under the hash of a secret: an authorization code, a device's code, a sign-in under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What it stands for, encoded.
    pub body: Vec<u8>,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// An integration's key; only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Which one, for lists.
    pub id: SysId,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// What people call it.
    pub name: String,
    /// Whom it acts as.
    pub user: SysId,
    /// Whether it works.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Somebody else who says who people are (OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// What its button and address say.
    pub name: String,
    /// Its issuer identifier, exactly as its tokens have it.
    pub issuer: String,
    /// What this server is called there.
    pub client_id: String,
    /// What this server proves that with.
    pub client_secret: String,
    /// The claim that names the person.
    pub claim: String,
    /// The field of `sys_user` that claim is looked up in.
    pub field: String,
    /// Signature algorithms its tokens may have.
    pub algorithms: BTreeSet<String>,
    /// Whether people may sign in through it.
    pub active: bool,
}

/// Programs and their ways in. Expiry is the caller's to judge, but what is long over can be cleared out.
pub trait Grants {
    /// A client.
    fn client(&self, id: &str) -> Result<Option<Client>>;
    /// Every client, by id.
    fn clients(&self) -> Result<Vec<Client>>;
    /// Inserts or replaces a client.
    fn put_client(&mut self, client: &Client) -> Result<()>;
    /// Removes a client with its grants and all their tokens; tells whether there was one.
    fn remove_client(&mut self, id: &str) -> Result<bool>;
    /// A grant.
    fn grant(&self, id: SysId) -> Result<Option<Grant>>;
    /// Inserts a grant.
    fn put_grant(&mut self, grant: &Grant) -> Result<()>;
    /// Removes a grant with all its tokens.
    fn remove_grant(&mut self, id: SysId) -> Result<()>;
    /// Removes a client's grants with all their tokens.
    fn remove_grants_of(&mut self, client: &str) -> Result<()>;
    /// Removes a user's grants and every token of theirs that belongs to no device.
    fn remove_tokens_of(&mut self, user: SysId) -> Result<()>;
    /// A refresh token by its hash.
    fn refresh_token(&self, hash: &[u8; 32]) -> Result<Option<RefreshToken>>;
    /// Inserts or replaces a refresh token.
    fn put_refresh_token(&mut self, token: &RefreshToken) -> Result<()>;
    /// A ticket by its hash.
    fn ticket(&self, hash: &[u8; 32]) -> Result<Option<Ticket>>;
    /// Inserts or replaces a ticket.
    fn put_ticket(&mut self, ticket: &Ticket) -> Result<()>;
    /// Removes a ticket.
    fn remove_ticket(&mut self, hash: &[u8; 32]) -> Result<()>;
    /// Removes tickets, refresh tokens and API keys that stopped working before `now`, and grants without any token.
    fn remove_expired_grants(&mut self, now: Timestamp) -> Result<()>;
    /// An API key by its hash.
    fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>>;
    /// Every API key, newest first.
    fn api_keys(&self) -> Result<Vec<ApiKey>>;
    /// Inserts an API key, or replaces its name and whether it works.
    fn put_api_key(&mut self, key: &ApiKey) -> Result<()>;
    /// Removes an API key; tells whether there was one.
    fn remove_api_key(&mut self, id: SysId) -> Result<bool>;
    /// Every provider, by name.
    fn providers(&self) -> Result<Vec<Provider>>;
    /// Inserts or replaces a provider.
    fn put_provider(&mut self, provider: &Provider) -> Result<()>;
    /// Removes a provider; tells whether there was one.
    fn remove_provider(&mut self, name: &str) -> Result<bool>;
}
