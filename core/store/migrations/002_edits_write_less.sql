-- The last edit the draft holds: an edit need not write the draft, later ones are put on top when it is loaded.
ALTER TABLE draft ADD COLUMN through INTEGER NOT NULL DEFAULT 0;
UPDATE draft SET through = (SELECT coalesce(max(counter), 0) FROM edit);

-- The outbox page reads `edit_unsent`: unsent edits are few, and each index is one more page that an edit writes.
DROP INDEX edit_outbox;
