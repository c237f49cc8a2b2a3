DELETE FROM blob
WHERE hash = ?1
  AND on_server = 1
  AND NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.blob = blob.hash)
RETURNING id
