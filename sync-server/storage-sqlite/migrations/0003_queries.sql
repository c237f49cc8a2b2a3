-- Each begins with the table and ends in the identity, so that a page in the order of an index is read off it, and so that
-- counting reads nothing else.
DROP INDEX record_by_number;
DROP INDEX record_by_state;
DROP INDEX record_by_assigned_to;
DROP INDEX record_by_updated;
DROP INDEX record_by_parent;
-- A record looked up by its number, and lists in its order.
CREATE INDEX record_by_number ON record (table_name, fields ->> '$.number', sys_id);
-- Lists by state: the dispatcher's board, open incidents.
CREATE INDEX record_by_state ON record (table_name, fields ->> '$.state', sys_id);
CREATE INDEX record_by_active ON record (table_name, fields ->> '$.active', sys_id);
CREATE INDEX record_by_priority ON record (table_name, fields ->> '$.priority', sys_id);
-- One person's or one group's work.
CREATE INDEX record_by_assigned_to ON record (table_name, fields ->> '$.assigned_to', sys_id);
CREATE INDEX record_by_assignment_group ON record (table_name, fields ->> '$.assignment_group', sys_id);
-- Whose matter it is.
CREATE INDEX record_by_caller ON record (table_name, fields ->> '$.caller_id', sys_id);
-- Integrations that poll for what changed, and the newest first.
CREATE INDEX record_by_updated ON record (table_name, fields ->> '$.sys_updated_on', sys_id);
CREATE INDEX record_by_created ON record (table_name, fields ->> '$.sys_created_on', sys_id);
-- What hangs on a record: the tasks of an order, the work about a case.
CREATE INDEX record_by_parent ON record (table_name, fields ->> '$.parent', sys_id);
-- What people look up by name.
CREATE INDEX record_by_name ON record (table_name, fields ->> '$.name', sys_id);
CREATE INDEX record_by_user_name ON record (table_name, fields ->> '$.user_name', sys_id)
    WHERE fields ->> '$.user_name' IS NOT NULL;
