-- A page of the index fits on one encrypted page; the default is a few bytes too long and takes two.
INSERT INTO search (search, rank) VALUES ('pgsz', 3900);
-- The words of the index, so that an unfinished one need not gather everything that begins like it.
CREATE VIRTUAL TABLE word USING fts5vocab (search, row);

-- Whether the document is here, beside the row: to look it up would read one more page for each row of a list.
ALTER TABLE record ADD COLUMN has_document INTEGER NOT NULL DEFAULT 0;
UPDATE record SET has_document = 1
WHERE id IN (SELECT record FROM confirmed UNION SELECT record FROM draft);
CREATE TRIGGER confirmed_came AFTER INSERT ON confirmed BEGIN
  UPDATE record SET has_document = 1 WHERE id = new.record AND has_document = 0;
END;
CREATE TRIGGER draft_came AFTER INSERT ON draft BEGIN
  UPDATE record SET has_document = 1 WHERE id = new.record AND has_document = 0;
END;
CREATE TRIGGER draft_went AFTER DELETE ON draft BEGIN
  UPDATE record SET has_document = 0
  WHERE id = old.record AND NOT EXISTS (SELECT 1 FROM confirmed WHERE confirmed.record = old.record);
END;

DROP VIEW listed;
-- A record as every list shows it.
CREATE VIEW listed AS
SELECT
  record.*,
  (
    SELECT count(*) FROM edit
    WHERE edit.sys_id = record.sys_id AND edit.table_name = record.table_name AND edit.state IN ('local', 'sent')
  ) AS unsent
FROM record
WHERE record.fields IS NOT NULL;
