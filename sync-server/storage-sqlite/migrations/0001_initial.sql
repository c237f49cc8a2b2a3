-- Identities are text so that a person with a SQL shell can read them; hashes and bodies are blobs.
-- Positions count from 1; 0 in record.position means "not in the feed yet".

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the newest position. Bumped once per transaction, last.
CREATE TABLE feed (
    head INTEGER NOT NULL
) STRICT;
INSERT INTO feed (head) VALUES (0);

-- The truth: every accepted edit as it came.
CREATE TABLE edit (
    device      TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    counter     INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    table_name  TEXT    NOT NULL,
    sys_id      TEXT    NOT NULL,
    hash        BLOB    NOT NULL,
    author      TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    PRIMARY KEY (device, epoch, counter)
) STRICT;
-- The edits of one document in order: what a device has missed of it, and rebuilding its snapshot.
CREATE UNIQUE INDEX edit_by_document ON edit (table_name, sys_id, position);

CREATE TABLE held_edit (
    id          INTEGER PRIMARY KEY,
    device      TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    counter     INTEGER NOT NULL,
    table_name  TEXT,
    sys_id      TEXT,
    reason      TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;
-- Whether an edit that comes again is held already.
CREATE INDEX held_edit_by_key ON held_edit (device, epoch, counter);

-- A cache of the edits, one Automerge document each.
CREATE TABLE snapshot (
    table_name TEXT NOT NULL,
    sys_id     TEXT NOT NULL,
    bytes      BLOB NOT NULL,
    PRIMARY KEY (table_name, sys_id)
) STRICT;

-- The feed as each scope key sees it.
CREATE TABLE listing (
    scope_key  TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    table_name TEXT    NOT NULL,
    sys_id     TEXT    NOT NULL,
    PRIMARY KEY (scope_key, position)
) STRICT, WITHOUT ROWID;
-- Whether a record has a newer entry under the key, so that a page of changes stops after its limit.
CREATE INDEX listing_by_record ON listing (scope_key, table_name, sys_id, position);

-- [from_position, until_position) in which a record belongs to a key.
CREATE TABLE membership (
    table_name     TEXT    NOT NULL,
    sys_id         TEXT    NOT NULL,
    scope_key      TEXT    NOT NULL,
    from_position  INTEGER NOT NULL,
    until_position INTEGER,
    PRIMARY KEY (table_name, sys_id, scope_key, from_position)
) STRICT, WITHOUT ROWID;
-- The members of a key, past and present: bootstrap, scope checksums, subscriptions that began or ended.
CREATE INDEX membership_by_key ON membership (scope_key, table_name, sys_id, until_position, from_position);

-- Which anchor (a work order task, say) carries which record into which key.
CREATE TABLE link (
    anchor_table  TEXT NOT NULL,
    anchor_sys_id TEXT NOT NULL,
    scope_key     TEXT NOT NULL,
    table_name    TEXT NOT NULL,
    sys_id        TEXT NOT NULL,
    PRIMARY KEY (anchor_table, anchor_sys_id, scope_key, table_name, sys_id)
) STRICT, WITHOUT ROWID;
-- The anchors of a record that changed, and whether another anchor still carries it.
CREATE INDEX link_by_record ON link (table_name, sys_id, scope_key);

-- [from_position, until_position) in which a user's devices subscribe to a key.
CREATE TABLE subscription (
    user           TEXT    NOT NULL,
    scope_key      TEXT    NOT NULL,
    from_position  INTEGER NOT NULL,
    until_position INTEGER,
    PRIMARY KEY (user, scope_key, from_position)
) STRICT, WITHOUT ROWID;

-- Current rows. `record` is the exact record (CBOR); `fields` the same for queries (JSONB): text folded to lower case,
-- moments in milliseconds, references and lists as hexadecimal text. sys_id first: dot-walks look in every table.
CREATE TABLE record (
    sys_id     TEXT    NOT NULL,
    table_name TEXT    NOT NULL,
    position   INTEGER NOT NULL DEFAULT 0,
    record     BLOB    NOT NULL,
    fields     BLOB    NOT NULL,
    PRIMARY KEY (sys_id, table_name)
) STRICT;
-- A record looked up by its number: integrations, imports, the search box.
CREATE INDEX record_by_number ON record (fields ->> '$.number', table_name);
-- Lists by state: the dispatcher's board, open incidents.
CREATE INDEX record_by_state ON record (table_name, fields ->> '$.state');
-- One person's work: the day's list, the first page of a bootstrap.
CREATE INDEX record_by_assigned_to ON record (fields ->> '$.assigned_to', table_name);
-- Integrations that poll for what changed, and the newest first.
CREATE INDEX record_by_updated ON record (table_name, fields ->> '$.sys_updated_on');
-- What hangs on a record: the tasks of an order, the work about a case.
CREATE INDEX record_by_parent ON record (fields ->> '$.parent', table_name);

CREATE TABLE number_lease (
    prefix      TEXT    PRIMARY KEY,
    next_number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    user             TEXT    PRIMARY KEY,
    user_name        TEXT    NOT NULL,
    user_name_folded TEXT    NOT NULL UNIQUE, -- signing in disregards case
    password_hash    TEXT    NOT NULL,
    roles            TEXT    NOT NULL, -- a JSON array
    active           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id          TEXT    PRIMARY KEY,
    user        TEXT    NOT NULL,
    public_key  BLOB    NOT NULL,
    name        TEXT    NOT NULL,
    enrolled_at INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash       BLOB    PRIMARY KEY,
    user       TEXT    NOT NULL,
    device     TEXT,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Clearing out tokens that stopped working.
CREATE INDEX token_by_expiry ON token (expires_at);

CREATE TABLE blob (
    hash        BLOB    PRIMARY KEY,
    size_bytes  INTEGER NOT NULL,
    chunks_held INTEGER NOT NULL,
    complete    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blob_chunk (
    hash  BLOB    NOT NULL REFERENCES blob (hash) ON DELETE CASCADE,
    piece INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    PRIMARY KEY (hash, piece)
) STRICT;
