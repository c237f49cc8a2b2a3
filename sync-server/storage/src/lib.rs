//! What the server needs from a database: a handful of narrow traits, and the battery every backend must pass.
//!
//! A [`Storage`] begins a [`Tx`]; everything in a transaction becomes durable together at [`Tx::commit`] or not at all.
//! Nothing here knows what an edit means: bodies, snapshots and cursors are bytes. Not found is `Ok(None)`.
//!
//! **Positions.** Feed entries are numbered densely per tenant by a counter row that [`Feed::append`] bumps; the service
//! appends once, as the last write of a transaction, so that two writers never wait for each other longer than that.
//! Membership intervals take the positions of the `Enter` and `Leave` entries, which is how a device that was away can be
//! told what left its scope meanwhile.
//!
//! **To add a backend:** implement the traits, then run the battery (`contract::battery!`) on it, unchanged.

pub mod contract;
mod grants;
mod jobs;
mod sight;

use std::collections::BTreeSet;

use fieldline_model::condition::{Filter, Path, Sort};
use fieldline_model::{BlobHash, DeviceId, DocumentId, Record, SysId, TableName, Timestamp};

pub use grants::{ApiKey, Client, Grant, Grants, Provider, RefreshToken, Ticket};
pub use jobs::{Job, Jobs};
pub use sight::{EVERYTHING, Glimpse, Sight, Surroundings};

/// A place in the feed, counted from 1 without gaps; 0 is before everything.
pub type Position = u64;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database failed; nothing of the transaction is durable.
    #[error(
        "the database failed while {doing}: {source}. What was acknowledged is safe; free some space if little is left, try \
         again, and check the disk"
    )]
    Backend {
        /// What was being done, to which record.
        doing: String,
        /// The backend's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No room is left on the disk; nothing of the transaction is durable.
    #[error("the disk is full: {doing} was not possible. Free some space and try again; what was acknowledged is safe")]
    Full {
        /// What was being done, to which record.
        doing: String,
    },
    /// A query names something that cannot be answered.
    #[error("{0}")]
    Query(String),
}

/// What a storage operation returns.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// A database.
pub trait Storage: Send + Sync {
    /// Begins a transaction that may write. Blocks while another one writes. Dropping it undoes everything.
    ///
    /// # Errors
    /// When the database cannot be reached.
    fn begin(&self) -> Result<Box<dyn Tx + '_>>;

    /// Begins a transaction that only reads one consistent state, refuses to write and waits for nobody (in memory a backend
    /// may let it wait for the writer).
    ///
    /// # Errors
    /// When the database cannot be reached.
    fn read(&self) -> Result<Box<dyn Tx + '_>>;

    /// Writes a consistent copy of everything to a new file, while others go on.
    ///
    /// # Errors
    /// When the copy cannot be written.
    fn backup(&self, to: &std::path::Path) -> Result<()>;
}

/// A transaction: all the narrow traits together.
pub trait Tx:
    Documents + Feed + Scopes + Records + Search + Audit + Accounts + Grants + Settings + Blobs + Memos + Jobs
{
    /// Makes everything durable.
    ///
    /// # Errors
    /// When it is not durable; then nothing is.
    fn commit(self: Box<Self>) -> Result<()>;
}

/// Which edit of which device: device, actor epoch, counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EditKey {
    /// The device.
    pub device: DeviceId,
    /// Its actor epoch.
    pub epoch: u32,
    /// The edit's number.
    pub counter: u64,
}

/// An accepted edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEdit {
    /// Which edit.
    pub key: EditKey,
    /// Of which document.
    pub document: DocumentId,
    /// The hash of the change it made.
    pub hash: [u8; 32],
    /// The encoded edit, as it came.
    pub body: Vec<u8>,
    /// Who made it.
    pub author: SysId,
    /// When the server took it.
    pub received_at: Timestamp,
}

/// An edit kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEdit {
    /// Which edit.
    pub key: EditKey,
    /// Of which document, if that could be read.
    pub document: Option<DocumentId>,
    /// The encoded edit, as it came.
    pub body: Vec<u8>,
    /// Why, as a word: `identity`, `scope`, `role`, `shape`, `cost`, `equivocation`.
    pub reason: String,
    /// What happened and what the person can do.
    pub detail: String,
    /// When the server took it.
    pub received_at: Timestamp,
}

/// The documents and the edits that made them. Edits are the truth; a snapshot is a cache.
pub trait Documents {
    /// A document's newest snapshot.
    fn snapshot(&self, document: &DocumentId) -> Result<Option<Vec<u8>>>;
    /// Replaces a document's snapshot.
    fn put_snapshot(&mut self, document: &DocumentId, bytes: &[u8]) -> Result<()>;
    /// An accepted edit and its position.
    fn edit(&self, key: EditKey) -> Result<Option<(Position, StoredEdit)>>;
    /// The highest counter under which an edit of a device was accepted or kept aside in an epoch.
    fn newest_counter(&self, device: DeviceId, epoch: u32) -> Result<Option<u64>>;
    /// A document's accepted edits after a position, in order.
    fn edits(&self, document: &DocumentId, after: Position) -> Result<Vec<(Position, StoredEdit)>>;
    /// The position of a document's newest accepted edit; `None` when it has no edit.
    fn newest_edit(&self, document: &DocumentId) -> Result<Option<Position>>;
    /// The author of a document's first accepted edit; `None` when it has no edit.
    fn first_author(&self, document: &DocumentId) -> Result<Option<SysId>>;
    /// Keeps an edit aside; the first one under a key stays. Under the reason `equivocation` each other body is kept once beside it.
    fn hold(&mut self, held: &HeldEdit) -> Result<()>;
    /// The edits kept aside under a key, in the order they came.
    fn held(&self, key: EditKey) -> Result<Vec<HeldEdit>>;
    /// The newest edits kept aside, for people to look at.
    fn held_recently(&self, limit: u32) -> Result<Vec<HeldEdit>>;
}

/// What a device subscribes to and a record belongs to, such as `user:<sys_id>` or `everyone`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeKey(pub String);

/// One thing that happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// An edit was accepted.
    Edit(Box<StoredEdit>),
    /// Its row changed without an edit (reference tables).
    Row,
    /// It entered a scope key.
    Enter(ScopeKey),
    /// It left a scope key.
    Leave(ScopeKey),
}

/// One line of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Which record.
    pub document: DocumentId,
    /// What happened.
    pub happening: Happening,
}

/// The tenant's dense, ordered log.
pub trait Feed {
    /// The newest position.
    fn head(&self) -> Result<Position>;
    /// Numbers the entries and makes them part of the feed; returns the position of the first. An `Edit` or `Row` entry is
    /// listed under every key the record belongs to after this call, `Enter` and `Leave` under their own key, and open or
    /// close the record's membership interval there. `Edit` and `Row` entries also set the position of the record's row.
    /// Fails when an edit's key is recorded already: the transaction must then be dropped.
    fn append(&mut self, entries: &[FeedEntry]) -> Result<Position>;
    /// The newest position with an entry under a key, 0 when there is none.
    fn newest(&self, key: &ScopeKey) -> Result<Position>;
    /// Records with entries under a key in `(after, upto]`, each with its newest such position, oldest first.
    fn changed(
        &self,
        key: &ScopeKey,
        after: Position,
        upto: Position,
        limit: u32,
    ) -> Result<Vec<(Position, DocumentId)>>;
}

/// An interval of positions `[from, until)`; open when `until` is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first position inside.
    pub from: Position,
    /// The first position no longer inside.
    pub until: Option<Position>,
}

/// Which records belong to which keys, since when, because of which other record; and who subscribes to what.
pub trait Scopes {
    /// The keys and records an anchor (such as a work order task) carries into scope: itself and what it refers to.
    fn links(&self, anchor: &DocumentId) -> Result<BTreeSet<(ScopeKey, DocumentId)>>;
    /// Replaces an anchor's links.
    fn put_links(&mut self, anchor: &DocumentId, links: &BTreeSet<(ScopeKey, DocumentId)>) -> Result<()>;
    /// The anchors that carry a record.
    fn anchors(&self, document: &DocumentId) -> Result<BTreeSet<DocumentId>>;
    /// Whether any anchor carries a record into a key.
    fn linked(&self, key: &ScopeKey, document: &DocumentId) -> Result<bool>;
    /// Every interval in which a record belonged to any key.
    fn memberships(&self, document: &DocumentId) -> Result<Vec<(ScopeKey, Interval)>>;
    /// The records that belong to a key at the newest position, ordered by table and sys_id.
    fn members(&self, key: &ScopeKey) -> Result<Vec<DocumentId>>;
    /// The first `limit` of these after a record; the first of all for `None`.
    fn members_after(&self, key: &ScopeKey, after: Option<&DocumentId>, limit: u32) -> Result<Vec<DocumentId>>;
    /// Records whose membership of a key began or ended in `(after, upto]` or covers both ends.
    fn members_between(&self, key: &ScopeKey, after: Position, upto: Position) -> Result<Vec<DocumentId>>;
    /// The keys a user's devices subscribe to or once did.
    fn subscriptions(&self, user: SysId) -> Result<Vec<(ScopeKey, Interval)>>;
    /// Makes a user's open subscriptions exactly `keys`: new ones begin after the newest position, missing ones end there, and
    /// one that covered no position is forgotten.
    fn subscribe(&mut self, user: SysId, keys: &BTreeSet<ScopeKey>) -> Result<()>;
}

/// Which records are asked for, by whom, in which order.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Of these tables.
    pub tables: &'a [TableName],
    /// Those it holds for.
    pub filter: &'a Filter,
    /// Most significant first.
    pub order: &'a [Sort],
    /// Only what is in sight counts, on the way through references too.
    pub sight: &'a Sight,
}

impl<'a> Selection<'a> {
    /// Every record of these tables that a filter holds for, in no particular order.
    pub fn of(tables: &'a [TableName], filter: &'a Filter) -> Self {
        Self { tables, filter, order: &[], sight: &EVERYTHING }
    }
}

/// What is asked of groups of records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aggregation {
    /// Records with equal values of these are a group.
    pub group_by: Vec<Path>,
    /// What is asked of the fields of each group.
    pub figures: Vec<(Function, Path)>,
}

/// What is made of many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// How many are not empty.
    Count,
    /// The sum.
    Sum,
    /// The mean.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
}

/// A group of records.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// One of them, whose values they share; `None` when nothing was selected.
    pub example: Option<Record>,
    /// How many.
    pub count: u64,
    /// The figures asked for; `None` of no values.
    pub figures: Vec<Option<Figure>>,
}

/// A figure: whole where it can be; of text in lower case, of moments in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Exact.
    Whole(i64),
    /// Rounded.
    Real(f64),
    /// Text.
    Text(String),
}

/// The current rows of every table: what lists, queries and the record API read.
pub trait Records {
    /// A record and the position of its last change.
    fn record(&self, id: &DocumentId) -> Result<Option<(Position, Record)>>;
    /// Finds a record of a table, or of a table that extends it, by identity.
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Result<Option<Record>>;
    /// Inserts or replaces a row; its position is set by the next [`Feed::append`] that names it.
    fn put_record(&mut self, record: &Record) -> Result<()>;
    /// Records that are selected, in the order asked for, then by sys_id; an empty field comes before every value.
    fn select(&self, selection: &Selection<'_>, limit: u32, offset: u32) -> Result<Vec<Record>>;
    /// How many are selected.
    fn count(&self, selection: &Selection<'_>) -> Result<u64>;
    /// What is selected, in groups of equal values: for each how many, what is asked of their fields, and one of them. Without
    /// anything to group by, one group.
    fn aggregate(&self, selection: &Selection<'_>, asked: &Aggregation) -> Result<Vec<Bucket>>;
    /// Removes a row; whether there was one.
    fn remove_record(&mut self, id: &DocumentId) -> Result<bool>;
    /// Leases `count` numbers of a prefix; returns the first.
    fn lease_numbers(&mut self, prefix: &str, count: u64) -> Result<u64>;
    /// Lets the numbers of a prefix go on after `number` at the earliest (imported records bring their own).
    fn numbers_used(&mut self, prefix: &str, number: u64) -> Result<()>;
}

/// What a record is found by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Its number and what people recognise it by.
    pub title: String,
    /// The other texts of its fields.
    pub body: String,
    /// What was written in its journals, and in files.
    pub journal: String,
    /// Whether it is an article, which [`Search::described`] finds, too.
    pub is_article: bool,
}

/// A record that was found by words.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The record.
    pub record: Record,
    /// How well it fits; larger is better.
    pub score: f64,
}

/// Records by their words.
pub trait Search {
    /// Notes that a record reads otherwise than its entry says.
    fn words_changed(&mut self, record: &DocumentId) -> Result<()>;
    /// Records that read otherwise than their entries say, those that have waited longest first.
    fn words_due(&self, limit: u32) -> Result<Vec<DocumentId>>;
    /// Makes a record's entry anew, or removes it; then it is no longer due.
    fn put_words(&mut self, record: &DocumentId, words: Option<&Words>) -> Result<()>;
    /// Selected records with all of these words, or words that begin so, the best first. What is due is found as it was.
    fn search(&self, words: &str, selection: &Selection<'_>, limit: u32) -> Result<Vec<Hit>>;
    /// Selected articles with words that begin as any of these do, the best first: the more of them an article has, and the rarer
    /// they are among articles, the better. What is due is found as it was.
    fn described(&self, beginnings: &[String], selection: &Selection<'_>, limit: u32) -> Result<Vec<Hit>>;
}

/// A change of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted<'a> {
    /// Of which record.
    pub record: &'a DocumentId,
    /// Of which field.
    pub field: &'a str,
    /// What it held.
    pub old: Option<&'a str>,
    /// What it holds.
    pub new: Option<&'a str>,
    /// Who changed it.
    pub author: SysId,
    /// By which way the change came.
    pub reason: &'a str,
    /// How often the record has been changed, with this.
    pub updates: i64,
    /// When.
    pub at: Timestamp,
}

/// What changed, for ever; read as the tables `sys_audit` and `sys_history_line`.
pub trait Audit {
    /// Notes changes.
    fn note(&mut self, noted: &[Noted<'_>]) -> Result<()>;
}

/// A person's way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The `sys_user` record.
    pub user: SysId,
    /// The sign-in name.
    pub user_name: String,
    /// Argon2id, PHC string form.
    pub password_hash: String,
    /// Roles by name.
    pub roles: BTreeSet<String>,
    /// Whether the account may be used.
    pub active: bool,
}

/// A phone or kiosk that has been bound to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its identity.
    pub id: DeviceId,
    /// Whose it is.
    pub user: SysId,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// What people call it.
    pub name: String,
    /// When it was bound.
    pub enrolled_at: Timestamp,
    /// When it was locked out, if it was.
    pub revoked_at: Option<Timestamp>,
    /// The newest actor epoch it was given; each is given once.
    pub newest_epoch: u32,
}

/// A token somebody signed in with; only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Whose it is.
    pub user: SysId,
    /// The device it is bound to, if it is a device's.
    pub device: Option<DeviceId>,
    /// What it was made from, if it is an OAuth client's.
    pub grant: Option<SysId>,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// People, devices and tokens.
pub trait Accounts {
    /// An account by sign-in name, without regard to case.
    fn account(&self, user_name: &str) -> Result<Option<Account>>;
    /// An account by user.
    fn account_of(&self, user: SysId) -> Result<Option<Account>>;
    /// How many accounts there are.
    fn account_count(&self) -> Result<u64>;
    /// Inserts or replaces an account; fails when another user has the name.
    fn put_account(&mut self, account: &Account) -> Result<()>;
    /// A device.
    fn device(&self, id: DeviceId) -> Result<Option<Device>>;
    /// Every device, newest first.
    fn devices(&self) -> Result<Vec<Device>>;
    /// Inserts or replaces a device.
    fn put_device(&mut self, device: &Device) -> Result<()>;
    /// A token by its hash, expired or not.
    fn token(&self, hash: &[u8; 32]) -> Result<Option<Token>>;
    /// Inserts a token.
    fn put_token(&mut self, token: &Token) -> Result<()>;
    /// Removes a token.
    fn remove_token(&mut self, hash: &[u8; 32]) -> Result<()>;
    /// Removes tokens that stopped working before `now`.
    fn remove_expired_tokens(&mut self, now: Timestamp) -> Result<u64>;
}

/// Small values the server keeps about itself: its epoch, its secret keys, its tenant.
pub trait Settings {
    /// A value.
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Inserts or replaces a value.
    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()>;
}

/// What the server knows of a captured file whose bytes are kept outside the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobState {
    /// The file.
    pub blob: BlobHash,
    /// Its length.
    pub size_bytes: u64,
    /// Pieces held, counted from the first without a gap.
    pub chunks_held: u32,
    /// Whether it is whole and its hash right.
    pub complete: bool,
}

/// Where captured files stand. The pieces themselves are rows too, so that a piece and its count are durable together.
pub trait Blobs {
    /// How far a file has come.
    fn blob(&self, blob: BlobHash) -> Result<Option<BlobState>>;
    /// Stores a piece and how far the file has come with it.
    fn put_chunk(&mut self, state: &BlobState, index: u32, bytes: &[u8]) -> Result<()>;
    /// A piece.
    fn chunk(&self, blob: BlobHash, index: u32) -> Result<Option<Vec<u8>>>;
    /// Marks a file whole, or drops all its pieces because its hash was wrong.
    fn finish_blob(&mut self, blob: BlobHash, right: bool) -> Result<()>;
    /// Notes that a file should be read, unless it was; nothing when there is no such file.
    fn want_file_words(&mut self, blob: BlobHash) -> Result<()>;
    /// Files that should be read.
    fn unread_files(&self, limit: u32) -> Result<Vec<BlobHash>>;
    /// Keeps what a file says for as long as the file.
    fn put_file_words(&mut self, blob: BlobHash, words: &str) -> Result<()>;
    /// What a file says, `None` while nobody has read it.
    fn file_words(&self, blob: BlobHash) -> Result<Option<String>>;
}

/// Something the server remembers for somebody for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    /// What.
    pub value: Vec<u8>,
    /// Since when.
    pub made_at: Timestamp,
}

/// What the server remembers for somebody for a while, by purpose and name.
pub trait Memos {
    /// A memo, however old.
    fn memo(&self, owner: SysId, purpose: &str, name: &str) -> Result<Option<Memo>>;
    /// Inserts or replaces a memo.
    fn put_memo(&mut self, owner: SysId, purpose: &str, name: &str, memo: &Memo) -> Result<()>;
    /// Forgets an owner's memos made before a moment, and all but the newest `most` of the others.
    fn forget_memos(&mut self, owner: SysId, purpose: &str, before: Timestamp, most: u32) -> Result<()>;
}
