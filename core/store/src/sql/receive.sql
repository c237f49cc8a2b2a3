UPDATE edit
SET state = :state, position = :position, reason = :reason, detail = :detail, acknowledged_at = :now
WHERE counter = :counter
