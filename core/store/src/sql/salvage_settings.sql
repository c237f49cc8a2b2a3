PRAGMA cipher_log_level = NONE;
-- Lets SQLite go on when the file is shorter than its header says.
PRAGMA writable_schema = ON;
PRAGMA temp_store = MEMORY;
