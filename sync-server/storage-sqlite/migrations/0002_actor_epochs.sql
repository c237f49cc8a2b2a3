-- A phone that was restored or cloned is given another actor epoch; each is given once.
ALTER TABLE device ADD COLUMN newest_epoch INTEGER NOT NULL DEFAULT 1;
