UPDATE record
SET
  state = :state,
  number = :number,
  assigned_to = :assigned_to,
  location = :location,
  asset = :asset,
  configuration_item = :configuration_item,
  stockroom = :stockroom,
  starts_at = :starts_at,
  attention = :attention
WHERE id = :id
