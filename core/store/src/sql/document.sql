SELECT
  coalesce(draft.bytes, confirmed.bytes) AS bytes,
  coalesce(draft.through, 0) AS through,
  draft.record IS NULL AND confirmed.is_unread AS is_unread
FROM record
LEFT JOIN draft ON draft.record = record.id
LEFT JOIN confirmed ON confirmed.record = record.id
WHERE sys_id = ?1
  AND table_name = ?2
  AND coalesce(draft.record, confirmed.record) IS NOT NULL
