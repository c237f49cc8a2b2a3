-- Whether the document came from the server and has not been read yet: it is checked when it is.
ALTER TABLE confirmed ADD COLUMN is_unread INTEGER NOT NULL DEFAULT 0;
