SELECT * FROM listed
WHERE assigned_to = :user
  AND stage IS NOT NULL
  AND starts_at >= :from AND starts_at < :until
UNION ALL
SELECT * FROM listed
WHERE assigned_to = :user
  AND stage IS NOT NULL
  AND active IS NOT 0
  AND (starts_at < :from OR starts_at IS NULL)
ORDER BY starts_at, number
LIMIT :limit
