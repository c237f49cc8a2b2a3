UPDATE record
SET fields = :fields, display = :display, stage = :stage, active = :active, journal = :journal
WHERE id = :id
