-- Small values the device keeps about itself: identity, cursor, server epoch, counters.
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What a record means, as screens read it. `fields` is NULL while only the record's name is known.
CREATE TABLE record (
  id                 INTEGER PRIMARY KEY,
  table_name         TEXT NOT NULL,
  sys_id             BLOB NOT NULL,
  standing           INTEGER NOT NULL DEFAULT 0, -- 0 born here, 1 in scope, 2 leaving
  position           INTEGER NOT NULL DEFAULT 0, -- the server's, of what is held; 0 when it has none
  fields             BLOB,                       -- CBOR map of field name to value
  display            TEXT NOT NULL DEFAULT '',
  stage              TEXT,
  state              INTEGER,
  active             INTEGER,
  number             TEXT,
  assigned_to        BLOB,
  location           BLOB,
  asset              BLOB,
  configuration_item BLOB,
  stockroom          BLOB,
  starts_at          INTEGER,
  attention          INTEGER NOT NULL DEFAULT 0,
  journal            TEXT NOT NULL DEFAULT '',   -- what people wrote, for search
  text_digest        INTEGER,                    -- of what the search index holds; equal means nothing to do
  UNIQUE (sys_id, table_name)                    -- every look-up by identity, and by reference without the table
) STRICT;

-- Today: one person's work by start.
CREATE INDEX record_by_person ON record (assigned_to, starts_at) WHERE assigned_to IS NOT NULL;
-- The state tabs and their counts.
CREATE INDEX record_by_state ON record (table_name, state, number);
-- The site screen.
CREATE INDEX record_by_location ON record (location) WHERE location IS NOT NULL;
-- The asset screen, for work that names the asset, and for work that names the configuration item.
CREATE INDEX record_by_asset ON record (asset) WHERE asset IS NOT NULL;
CREATE INDEX record_by_configuration_item ON record (configuration_item) WHERE configuration_item IS NOT NULL;
-- Van stock.
CREATE INDEX record_by_stockroom ON record (stockroom) WHERE stockroom IS NOT NULL;
-- Needs attention.
CREATE INDEX record_by_attention ON record (attention) WHERE attention > 0;
-- The audit of what is in scope, and what waits to be purged.
CREATE INDEX record_not_in_scope ON record (standing) WHERE standing <> 1;

-- Who refers to whom: related lists, and the search index when a name changes.
CREATE TABLE refers (
  target BLOB NOT NULL,
  record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
  PRIMARY KEY (target, record)
) STRICT, WITHOUT ROWID;
-- Takes a purged record's references away.
CREATE INDEX refers_by_record ON refers (record);

-- The document as the server has acknowledged it.
CREATE TABLE confirmed (
  record INTEGER PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE,
  bytes  BLOB NOT NULL
) STRICT;

-- The document with unsent edits on top; no row when there are none.
CREATE TABLE draft (
  record INTEGER PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE,
  bytes  BLOB NOT NULL
) STRICT;

-- Documents to ask a snapshot of.
CREATE TABLE want (
  record INTEGER PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE
) STRICT;

-- Every edit made here: the outbox, what was held, and the acknowledged tail offered again to a restored server.
-- Not bound to `record`: unsent work outlives the purge of its record.
CREATE TABLE edit (
  counter         INTEGER PRIMARY KEY,
  epoch           INTEGER NOT NULL,
  table_name      TEXT NOT NULL,
  sys_id          BLOB NOT NULL,
  hash            BLOB NOT NULL,
  body            BLOB NOT NULL,
  made_at         INTEGER NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('local', 'sent', 'accepted', 'merged', 'held')),
  position        INTEGER,
  reason          TEXT,
  detail          TEXT,
  acknowledged_at INTEGER
) STRICT;
-- The outbox page.
CREATE INDEX edit_outbox ON edit (counter) WHERE state IN ('local', 'sent');
-- The "not sent yet" mark of every list.
CREATE INDEX edit_unsent ON edit (sys_id, counter) WHERE state IN ('local', 'sent');
-- Needs attention: what was held.
CREATE INDEX edit_held ON edit (counter) WHERE state = 'held';
-- Forgetting the acknowledged tail by age.
CREATE INDEX edit_acknowledged ON edit (acknowledged_at) WHERE acknowledged_at IS NOT NULL;

-- Numbers leased to this device. A used-up block stays, so that a block that comes twice gives no number twice.
CREATE TABLE number_block (
  id     INTEGER PRIMARY KEY,
  prefix TEXT NOT NULL,
  first  INTEGER NOT NULL,
  next   INTEGER NOT NULL,
  end    INTEGER NOT NULL,
  UNIQUE (prefix, first)
) STRICT;

-- Captured files: what is in the blob directory and how far the server has it.
CREATE TABLE blob (
  id          INTEGER PRIMARY KEY, -- order of capture
  hash        BLOB NOT NULL UNIQUE,
  size_bytes  INTEGER NOT NULL,
  role        INTEGER NOT NULL,    -- order of sending: 0 signature, 1 thumbnail, 2 photo, 3 document
  chunks_held INTEGER NOT NULL,    -- pieces in the blob directory, counted from the first
  chunks_sent INTEGER NOT NULL,    -- pieces the server says it holds
  held        INTEGER NOT NULL,    -- whether the blob directory has it whole
  on_server   INTEGER NOT NULL     -- whether the server has it whole
) STRICT;
-- What to send next.
CREATE INDEX blob_to_send ON blob (role, id) WHERE on_server = 0 AND held = 1;
-- What to fetch next.
CREATE INDEX blob_to_fetch ON blob (role, id) WHERE held = 0;

-- Which record shows which file; a file nobody shows and the server has is removed.
CREATE TABLE attachment (
  record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
  blob   BLOB NOT NULL,
  PRIMARY KEY (record, blob)
) STRICT, WITHOUT ROWID;
-- Whether a file is still shown by anybody.
CREATE INDEX attachment_by_blob ON attachment (blob);

-- Parts used on the records held here: van stock is what the stockroom had less what was taken.
CREATE TABLE part (
  record    INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
  stockroom BLOB,
  model     BLOB NOT NULL,
  asset     BLOB,
  quantity  INTEGER NOT NULL
) STRICT;
CREATE INDEX part_by_record ON part (record);
-- Van stock.
CREATE INDEX part_by_stockroom ON part (stockroom, model) WHERE stockroom IS NOT NULL;

-- Full-text search over everything held: rowid is `record.id`. Keeps no second copy of the text.
CREATE VIRTUAL TABLE search USING fts5 (
  number, title, body, journal, names,
  content = '', contentless_delete = 1,
  tokenize = "unicode61 remove_diacritics 2"
);

-- A record as every list shows it.
CREATE VIEW listed AS
SELECT
  record.*,
  EXISTS (SELECT 1 FROM confirmed WHERE confirmed.record = record.id)
    OR EXISTS (SELECT 1 FROM draft WHERE draft.record = record.id) AS has_document,
  (
    SELECT count(*) FROM edit
    WHERE edit.sys_id = record.sys_id AND edit.table_name = record.table_name AND edit.state IN ('local', 'sent')
  ) AS unsent
FROM record
WHERE record.fields IS NOT NULL;
