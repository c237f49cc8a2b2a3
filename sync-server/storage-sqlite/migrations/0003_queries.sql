-- What people ask by and order by has a column of its own, holding what `fields` holds of that name. An index on an expression
-- would be computed anew whenever anything about a record changes; a column's is left alone as long as the column is.
CREATE TABLE asked_record (
    sys_id           TEXT    NOT NULL,
    table_name       TEXT    NOT NULL,
    position         INTEGER NOT NULL DEFAULT 0,
    number           ANY,
    state            ANY,
    active           ANY,
    priority         ANY,
    assigned_to      ANY,
    assignment_group ANY,
    caller_id        ANY,
    parent           ANY,
    name             ANY,
    user_name        ANY,
    sys_created_on   ANY,
    sys_updated_on   ANY,
    record           BLOB    NOT NULL,
    fields           BLOB    NOT NULL,
    PRIMARY KEY (sys_id, table_name)
) STRICT;
INSERT INTO asked_record
SELECT sys_id, table_name, position, fields ->> '$.number', fields ->> '$.state', fields ->> '$.active', fields ->> '$.priority',
       fields ->> '$.assigned_to', fields ->> '$.assignment_group', fields ->> '$.caller_id', fields ->> '$.parent',
       fields ->> '$.name', fields ->> '$.user_name', fields ->> '$.sys_created_on', fields ->> '$.sys_updated_on', record, fields
FROM record;
DROP TABLE record;
ALTER TABLE asked_record RENAME TO record;

-- Each begins with the table and ends in the identity, so that a page in the order of an index is read off it, and so that
-- counting reads nothing else. What lists are filtered by most has two: a page by number, and the newest first. Each index with
-- the moment of the last change is written with every change, so there are no more of them than lists need.
CREATE INDEX record_by_number ON record (table_name, number, sys_id);
-- Integrations that poll for what changed.
CREATE INDEX record_by_updated ON record (table_name, sys_updated_on DESC, sys_id);
CREATE INDEX record_by_created ON record (table_name, sys_created_on DESC, sys_id);
-- Lists by state: the dispatcher's board, open incidents.
CREATE INDEX record_by_state ON record (table_name, state, number, sys_id);
CREATE INDEX record_by_state_updated ON record (table_name, state, sys_updated_on DESC, sys_id);
CREATE INDEX record_by_active ON record (table_name, active, number, sys_id);
CREATE INDEX record_by_priority ON record (table_name, priority, number, sys_id);
-- One person's or one group's work.
CREATE INDEX record_by_assigned_to ON record (table_name, assigned_to, number, sys_id) WHERE assigned_to IS NOT NULL;
CREATE INDEX record_by_group ON record (table_name, assignment_group, number, sys_id) WHERE assignment_group IS NOT NULL;
CREATE INDEX record_by_group_updated ON record (table_name, assignment_group, sys_updated_on DESC, sys_id)
    WHERE assignment_group IS NOT NULL;
-- Whose matter it is.
CREATE INDEX record_by_caller ON record (table_name, caller_id, number, sys_id) WHERE caller_id IS NOT NULL;
-- What hangs on a record: the tasks of an order, the work about a case.
CREATE INDEX record_by_parent ON record (table_name, parent, sys_id) WHERE parent IS NOT NULL;
-- What people look up by name.
CREATE INDEX record_by_name ON record (table_name, name, sys_id) WHERE name IS NOT NULL;
CREATE INDEX record_by_user_name ON record (table_name, user_name, sys_id) WHERE user_name IS NOT NULL;

-- How many records each table has: a page of a large table says how many there are in all.
CREATE TABLE record_count (
    table_name TEXT    PRIMARY KEY,
    records    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO record_count SELECT table_name, count(*) FROM record GROUP BY table_name;
CREATE TRIGGER record_inserted AFTER INSERT ON record BEGIN
    INSERT INTO record_count VALUES (new.table_name, 1) ON CONFLICT DO UPDATE SET records = records + 1;
END;
CREATE TRIGGER record_deleted AFTER DELETE ON record BEGIN
    UPDATE record_count SET records = records - 1 WHERE table_name = old.table_name;
END;

-- How many records share the columns of an index, as many of them as it has, in an organisation of some size. Written down
-- rather than measured, so that a question is answered the same way wherever it is asked. `ANALYZE` would replace it.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('record', 'sqlite_autoindex_record_1', '200000 1 1'),
    ('record', 'record_by_number', '200000 10000 1 1'),
    ('record', 'record_by_updated', '200000 10000 2 1'),
    ('record', 'record_by_created', '200000 10000 2 1'),
    ('record', 'record_by_state', '200000 10000 1500 1 1'),
    ('record', 'record_by_state_updated', '200000 10000 1500 2 1'),
    ('record', 'record_by_active', '200000 10000 5000 1 1'),
    ('record', 'record_by_priority', '200000 10000 2000 1 1'),
    ('record', 'record_by_assigned_to', '100000 5000 100 1 1'),
    ('record', 'record_by_group', '100000 5000 400 1 1'),
    ('record', 'record_by_group_updated', '100000 5000 400 1 1'),
    ('record', 'record_by_caller', '100000 5000 20 1 1'),
    ('record', 'record_by_parent', '50000 3000 3 1'),
    ('record', 'record_by_name', '100000 5000 1 1'),
    ('record', 'record_by_user_name', '5000 5000 1 1');
