INSERT INTO record (
  table_name, sys_id, standing, position, fields, display, stage, active,
  state, number, assigned_to, location, asset, configuration_item, stockroom, starts_at
)
VALUES (
  :table, :sys_id, 1, :position, :fields, :display, :stage, :active,
  :state, :number, :assigned_to, :location, :asset, :configuration_item, :stockroom, :starts_at
)
