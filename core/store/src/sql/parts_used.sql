-- A serialised asset counts only itself; a lot counts everything of its model taken from its stockroom.
SELECT coalesce(sum(quantity), 0) FROM part
WHERE stockroom = :stockroom
  AND model = :model
  AND (asset = :asset OR asset IS NULL)
