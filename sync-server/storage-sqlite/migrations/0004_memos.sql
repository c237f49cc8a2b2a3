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
