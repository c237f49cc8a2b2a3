-- What goes wrong is returned to the caller; nothing is printed beside.
PRAGMA cipher_log_level = NONE;
PRAGMA journal_mode = WAL;
-- What was acknowledged survives a power cut: NORMAL loses the newest transactions.
PRAGMA synchronous = FULL;
-- On Apple systems fsync alone does not reach the disk.
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
PRAGMA foreign_keys = ON;
-- Temporary tables would be files in the clear.
PRAGMA temp_store = MEMORY;
-- Purged content is overwritten, not only unlinked.
PRAGMA secure_delete = ON;
-- SQLCipher always wipes the key; wiping every page buffer as well would cost more than it guards, since the process
-- shows the same records on screen.
PRAGMA cipher_memory_security = OFF;
PRAGMA cache_size = -4096;
PRAGMA journal_size_limit = 4194304;
