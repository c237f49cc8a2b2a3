-- The hits are ranked before any row is read. Weights: number, title, body, journal, names.
SELECT listed.* FROM (
  SELECT rowid AS hit, bm25(search, 10.0, 5.0, 1.0, 1.0, 2.0) AS distance
  FROM search
  WHERE search MATCH :query
  ORDER BY distance
  LIMIT :limit
)
JOIN listed ON listed.id = hit
ORDER BY distance, listed.id
