SELECT 1 FROM record
WHERE sys_id = ?1
  AND table_name = ?2
  AND (
    EXISTS (SELECT 1 FROM confirmed WHERE confirmed.record = record.id)
    OR EXISTS (SELECT 1 FROM draft WHERE draft.record = record.id)
  )
