-- How many records of each table hold what in the fields lists are counted by: a page says how many there are in all, and boards
-- show how many are in each state. Counting them anew would read an index entry a record. Empty fields have no row.
CREATE TABLE tally (
    table_name TEXT    NOT NULL,
    field      TEXT    NOT NULL,
    value      ANY     NOT NULL,
    records    INTEGER NOT NULL,
    PRIMARY KEY (table_name, field, value)
) STRICT, WITHOUT ROWID;
INSERT INTO tally
SELECT table_name, 'state', state, count(*) FROM record WHERE state IS NOT NULL GROUP BY table_name, state UNION ALL
SELECT table_name, 'active', active, count(*) FROM record WHERE active IS NOT NULL GROUP BY table_name, active UNION ALL
SELECT table_name, 'priority', priority, count(*) FROM record WHERE priority IS NOT NULL GROUP BY table_name, priority;

CREATE TRIGGER record_tallied AFTER INSERT ON record BEGIN
    INSERT INTO tally
    SELECT new.table_name, held.field, held.value, 1
    FROM (SELECT 'state' AS field, new.state AS value UNION ALL SELECT 'active', new.active
          UNION ALL SELECT 'priority', new.priority) AS held
    WHERE held.value IS NOT NULL
    ON CONFLICT DO UPDATE SET records = records + 1;
END;
CREATE TRIGGER record_tallied_anew AFTER UPDATE OF state, active, priority ON record BEGIN
    UPDATE tally SET records = records - 1
    WHERE table_name = old.table_name
      AND (field, value) IN (VALUES ('state', old.state), ('active', old.active), ('priority', old.priority));
    INSERT INTO tally
    SELECT new.table_name, held.field, held.value, 1
    FROM (SELECT 'state' AS field, new.state AS value UNION ALL SELECT 'active', new.active
          UNION ALL SELECT 'priority', new.priority) AS held
    WHERE held.value IS NOT NULL
    ON CONFLICT DO UPDATE SET records = records + 1;
END;
CREATE TRIGGER record_no_longer_tallied AFTER DELETE ON record BEGIN
    UPDATE tally SET records = records - 1
    WHERE table_name = old.table_name
      AND (field, value) IN (VALUES ('state', old.state), ('active', old.active), ('priority', old.priority));
END;
