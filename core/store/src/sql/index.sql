INSERT OR REPLACE INTO search (rowid, number, title, body, journal, names)
VALUES (:id, :number, :title, :body, :journal, :names)
