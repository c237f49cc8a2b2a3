SELECT * FROM listed
WHERE id IN (SELECT record FROM refers WHERE target = :user)
  AND assigned_to <> :user
  AND stage IS NOT NULL
  AND ((starts_at >= :from AND starts_at < :until) OR (active IS NOT 0 AND (starts_at < :from OR starts_at IS NULL)))
