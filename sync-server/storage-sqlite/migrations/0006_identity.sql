-- A program that asks for tokens; the secret's hash is NULL when it can keep none.
CREATE TABLE oauth_client (
    id            TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL,
    secret_hash   TEXT,
    user          TEXT,
    redirect_uris TEXT    NOT NULL, -- a JSON array
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- That a client may act for a user; its tokens end with it.
CREATE TABLE oauth_grant (
    id         TEXT    PRIMARY KEY,
    client     TEXT    NOT NULL REFERENCES oauth_client (id) ON DELETE CASCADE,
    user       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What ends with a client or when a person leaves.
CREATE INDEX oauth_grant_by_client ON oauth_grant (client);
CREATE INDEX oauth_grant_by_user ON oauth_grant (user);

CREATE TABLE refresh_token (
    hash       BLOB    PRIMARY KEY,
    grant_id   TEXT    NOT NULL REFERENCES oauth_grant (id) ON DELETE CASCADE,
    used_at    INTEGER,
    successor  BLOB,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_token_by_grant ON refresh_token (grant_id);
CREATE INDEX refresh_token_by_expiry ON refresh_token (expires_at);

ALTER TABLE token ADD COLUMN grant_id TEXT REFERENCES oauth_grant (id) ON DELETE CASCADE;
CREATE INDEX token_by_grant ON token (grant_id) WHERE grant_id IS NOT NULL;
-- Ending what a person signed in with.
CREATE INDEX token_by_user ON token (user);

-- Codes and sign-ins under way.
CREATE TABLE ticket (
    hash       BLOB    PRIMARY KEY,
    body       BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_by_expiry ON ticket (expires_at);

CREATE TABLE api_key (
    id         TEXT    PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    user       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The client secret is kept as it is: it must be sent to the provider.
CREATE TABLE oidc_provider (
    name          TEXT PRIMARY KEY,
    issuer        TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    client_secret TEXT NOT NULL,
    claim         TEXT NOT NULL,
    field         TEXT NOT NULL,
    algorithms    TEXT NOT NULL -- a JSON array
) STRICT, WITHOUT ROWID;
