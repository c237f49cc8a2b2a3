-- What edits made here take from stock (negative: put back), kept when the edit is forgotten: a lease counts all of it. What
-- others took is in the figures the server sends.
CREATE TABLE taken (
  edit      INTEGER NOT NULL,          -- the edit's counter
  stockroom BLOB,
  model     BLOB NOT NULL,
  asset     BLOB,
  lease     BLOB,
  quantity  INTEGER NOT NULL
) STRICT;
CREATE INDEX taken_by_edit ON taken (edit);
CREATE INDEX taken_by_lease ON taken (lease) WHERE lease IS NOT NULL;
CREATE INDEX taken_from ON taken (stockroom, model) WHERE stockroom IS NOT NULL;
DROP TABLE part;
