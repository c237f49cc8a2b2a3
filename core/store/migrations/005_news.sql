-- What others did to the records here since the person last looked. A purged record leaves only its name.
CREATE TABLE news (
  id         INTEGER PRIMARY KEY,
  table_name TEXT NOT NULL,
  sys_id     BLOB NOT NULL,
  kind       TEXT NOT NULL,            -- 'came', 'edited', 'left'
  display    TEXT NOT NULL DEFAULT '', -- what people recognised a record by that has left
  edit       BLOB,                     -- as it came, for 'edited'
  at         INTEGER NOT NULL          -- when the device learned of it
) STRICT;
CREATE INDEX news_by_record ON news (sys_id);
