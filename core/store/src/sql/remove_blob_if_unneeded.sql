DELETE FROM blob
WHERE hash = ?1
  AND on_server = 1
  AND NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.blob = blob.hash)
  -- An edit names its files by their hashes, as they stand.
  AND NOT EXISTS (SELECT 1 FROM edit WHERE instr(edit.body, blob.hash) > 0)
RETURNING id
