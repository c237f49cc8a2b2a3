-- The public keys a client signs assertions with, a JSON Web Key Set; NULL when it has none.
ALTER TABLE oauth_client ADD COLUMN keys TEXT;
-- What an administrator sets inactive lets nobody in and is kept.
ALTER TABLE oauth_client ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
ALTER TABLE api_key ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
ALTER TABLE oidc_provider ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
