-- Every change of every field, as it was and as it is. `author` and `documentkey` are sys_ids; moments are milliseconds.
CREATE TABLE audit (
    id                INTEGER PRIMARY KEY,
    tablename         TEXT    NOT NULL,
    documentkey       TEXT    NOT NULL,
    fieldname         TEXT    NOT NULL,
    oldvalue          TEXT,
    newvalue          TEXT,
    author            TEXT    NOT NULL,
    reason            TEXT    NOT NULL, -- by which way it came: a device, the record API, an import
    record_checkpoint INTEGER NOT NULL,
    at                INTEGER NOT NULL
) STRICT;
-- The history of one record.
CREATE INDEX audit_by_document ON audit (documentkey, id);

-- The same, as the tables sys_audit and sys_history_line show it. What they have no word for is empty.
CREATE VIEW sys_audit AS
SELECT id, printf('%032x', id) AS sys_id, 'sys_audit' AS table_name, tablename, documentkey, fieldname, oldvalue, newvalue,
       (SELECT u.fields ->> '$.user_name' FROM record AS u WHERE u.sys_id = author AND u.table_name = 'sys_user') AS user,
       reason, record_checkpoint, NULL AS internal_checkpoint, at AS sys_created_on, author AS sys_created_by,
       at AS sys_updated_on, author AS sys_updated_by, 0 AS sys_mod_count
FROM audit;

CREATE VIEW sys_history_line AS
SELECT id, printf('%032x', id) AS sys_id, 'sys_history_line' AS table_name, documentkey AS "set", fieldname AS field,
       fieldname AS label, oldvalue AS old, newvalue AS new, oldvalue AS old_value, newvalue AS new_value,
       record_checkpoint AS "update", at AS update_time,
       (SELECT u.fields ->> '$.name' FROM record AS u WHERE u.sys_id = author AND u.table_name = 'sys_user') AS user,
       author AS user_id,
       (SELECT u.fields ->> '$.user_name' FROM record AS u WHERE u.sys_id = author AND u.table_name = 'sys_user') AS user_name,
       'audit' AS type, at AS sys_created_on, author AS sys_created_by, at AS sys_updated_on, author AS sys_updated_by,
       0 AS sys_mod_count
FROM audit;
