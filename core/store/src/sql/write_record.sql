UPDATE record
SET
  fields = :fields,
  display = :display,
  stage = :stage,
  state = :state,
  active = :active,
  number = :number,
  assigned_to = :assigned_to,
  location = :location,
  asset = :asset,
  configuration_item = :configuration_item,
  stockroom = :stockroom,
  starts_at = :starts_at,
  attention = :attention,
  journal = :journal
WHERE id = :id
