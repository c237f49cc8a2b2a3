-- What hangs on the lower end of a relation: the items and services above an item.
ALTER TABLE record ADD COLUMN child ANY;
UPDATE record SET child = fields ->> '$.child' WHERE fields ->> '$.child' IS NOT NULL;
CREATE INDEX record_by_child ON record (table_name, child, sys_id) WHERE child IS NOT NULL;
