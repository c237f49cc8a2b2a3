SELECT
  fields,
  display,
  state,
  number,
  assigned_to,
  location,
  asset,
  configuration_item,
  stockroom,
  starts_at,
  attention
FROM record
WHERE id = ?1
