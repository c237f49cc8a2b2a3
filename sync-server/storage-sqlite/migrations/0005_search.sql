-- What people look for by words. A record that changed is due and gets its entry later, a few at a time, so that nobody who
-- writes waits for it. The entry has an id of its own, which survives a copy of the database; row numbers do not.
CREATE TABLE search_entry (
    id         INTEGER PRIMARY KEY,
    table_name TEXT    NOT NULL,
    sys_id     TEXT    NOT NULL,
    due        INTEGER NOT NULL,
    UNIQUE (table_name, sys_id)
) STRICT;
CREATE INDEX search_entry_due ON search_entry (id) WHERE due = 1;

CREATE VIRTUAL TABLE search USING fts5 (
    title, body, journal,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO search_entry (table_name, sys_id, due) SELECT table_name, sys_id, 1 FROM record;
