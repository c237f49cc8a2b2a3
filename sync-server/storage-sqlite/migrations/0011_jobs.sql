-- What is to happen later. A job is found by its name to be moved, and by when it is due; stopped ones only by people.
CREATE TABLE job (
    name     TEXT    PRIMARY KEY,
    kind     TEXT    NOT NULL,
    due_at   INTEGER NOT NULL,
    payload  BLOB    NOT NULL,
    attempts INTEGER NOT NULL,
    problem  TEXT,
    stopped  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_due ON job (kind, due_at, name) WHERE NOT stopped;
CREATE INDEX job_stopped ON job (due_at, name) WHERE stopped;

-- What hangs on a task beside its children: its clocks, the items it affects, its answers.
ALTER TABLE record ADD COLUMN task ANY;
UPDATE record SET task = fields ->> '$.task' WHERE fields ->> '$.task' IS NOT NULL;
CREATE INDEX record_by_task ON record (table_name, task, sys_id) WHERE task IS NOT NULL;
