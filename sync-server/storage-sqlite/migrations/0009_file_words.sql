-- What files say, for whoever looks for it by words. NULL until somebody has read the file.
CREATE TABLE blob_words (
    hash  BLOB PRIMARY KEY REFERENCES blob (hash) ON DELETE CASCADE,
    words TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_unread ON blob_words (hash) WHERE words IS NULL;
INSERT INTO blob_words (hash) SELECT hash FROM blob WHERE complete;
