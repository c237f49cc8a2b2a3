-- Most work on a phone is its owner's: what is not is few, and the index of persons leads to it.
SELECT * FROM listed
WHERE (assigned_to < :user OR assigned_to > :user)
  AND stage IS NOT NULL
  AND ((starts_at >= :from AND starts_at < :until) OR (active IS NOT 0 AND (starts_at < :from OR starts_at IS NULL)))
  AND EXISTS (SELECT 1 FROM refers WHERE target = :user AND record = listed.id)
