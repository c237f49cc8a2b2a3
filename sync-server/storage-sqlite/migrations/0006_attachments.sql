-- What the server remembers for somebody for a while: shortened addresses, answers to requests that may come twice.
CREATE TABLE memo (
    owner   TEXT    NOT NULL,
    purpose TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    value   BLOB    NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (owner, purpose, name)
) STRICT, WITHOUT ROWID;
-- What is old, or more than an owner may have, is forgotten oldest first.
CREATE INDEX memo_by_age ON memo (owner, purpose, made_at);
-- The files of a record, and the records that share a file.
CREATE INDEX record_by_table_sys_id ON record (table_name, fields ->> '$.table_sys_id', sys_id)
    WHERE fields ->> '$.table_sys_id' IS NOT NULL;
CREATE INDEX record_by_hash ON record (table_name, fields ->> '$.hash', sys_id) WHERE fields ->> '$.hash' IS NOT NULL;
