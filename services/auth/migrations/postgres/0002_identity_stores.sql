-- Configured identity stores. `settings`, `secret_names` and `terms` are JSON; `secrets` is JSON
-- sealed with the newest of `sealing_keys`, empty for none.
CREATE TABLE identity_stores (
    store_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    preset TEXT NOT NULL,
    settings TEXT NOT NULL,
    terms TEXT NOT NULL,
    secret_names TEXT NOT NULL,
    secrets BYTEA NOT NULL,
    is_enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL
);

-- AES-256; as safe as this database, like the signing keys. They keep secrets out of copies of
-- single tables, of logs and of answers.
CREATE TABLE sealing_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    secret_key BYTEA NOT NULL,
    created_at_us BIGINT NOT NULL
);

-- The name there at the last sign-in, for people to read; nothing is found by it.
ALTER TABLE identities ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN last_login_at_us BIGINT;

-- Verifiers of our own for people of stores that may be away. `fingerprint` is a keyed hash of what
-- the store kept of the password when it last said yes.
CREATE TABLE shadow_verifiers (
    store_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    login_folded TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    username TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    PRIMARY KEY (store_id, external_id),
    FOREIGN KEY (store_id, external_id) REFERENCES identities (store_id, external_id) ON DELETE CASCADE
);
CREATE INDEX shadow_verifiers_store_id_login_folded_idx ON shadow_verifiers (store_id, login_folded);

-- A session that a verifier of our own opened: the store is asked about this name at the next
-- renewal. Empty for all others.
ALTER TABLE sessions ADD COLUMN shadow_store_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN shadow_login TEXT NOT NULL DEFAULT '';
