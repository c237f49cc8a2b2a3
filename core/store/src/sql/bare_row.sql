SELECT
  id,
  fields
FROM record
WHERE sys_id = :sys_id
  AND table_name = :table
  AND position = :position
  AND standing = 1
  AND has_document = 0
  AND fields IS NOT NULL
