-- Counters that are handed out without gaps: `changes` (the feed of the mirrors) and `audit`.
-- The row is locked from the moment a number is taken until the commit, so that numbers become
-- visible in their order. `hash` is the head of the audit chain. `setup` counts nothing: its row is
-- the lock of what only one process may do at a time (first administrator, signing keys).
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO counters (name, value, hash) VALUES
    ('changes', 0, '\x'),
    ('setup', 0, '\x'),
    ('audit', 0, '\x0000000000000000000000000000000000000000000000000000000000000000');

-- What mirrors have to read anew. `kind` is the number of `im.auth.v1.Change.Kind`.
CREATE TABLE changes (
    revision BIGINT PRIMARY KEY,
    kind BIGINT NOT NULL,
    ref TEXT NOT NULL,
    user_id UUID,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX changes_created_at_us_idx ON changes (created_at_us);

-- Who did what. `hash` = SHA-256(hash of the entry before || this entry).
CREATE TABLE audit_entries (
    seq BIGINT PRIMARY KEY,
    created_at_us BIGINT NOT NULL,
    actor_id UUID,
    action TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    site_id TEXT NOT NULL,
    client_address TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX audit_entries_actor_id_idx ON audit_entries (actor_id, seq);
CREATE INDEX audit_entries_target_idx ON audit_entries (target, seq);
CREATE INDEX audit_entries_action_idx ON audit_entries (action, seq);

-- Addresses of the installation.
CREATE TABLE sites (
    site_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    links TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL
);
CREATE TABLE site_addresses (
    site_id TEXT NOT NULL REFERENCES sites ON DELETE CASCADE,
    position BIGINT NOT NULL,
    listener TEXT NOT NULL,
    host TEXT NOT NULL,
    path_prefix TEXT NOT NULL,
    PRIMARY KEY (site_id, position)
);
CREATE TABLE site_stores (
    site_id TEXT NOT NULL REFERENCES sites ON DELETE CASCADE,
    position BIGINT NOT NULL,
    store_id TEXT NOT NULL,
    PRIMARY KEY (site_id, position),
    CONSTRAINT site_stores_site_id_store_id_key UNIQUE (site_id, store_id)
);

-- People. `state`: active, waiting, suspended, deactivated; a lock is a time, not a state, so that
-- it ends by itself. `site_id` is where the account was made and is counted.
CREATE TABLE users (
    user_id UUID PRIMARY KEY,
    username TEXT NOT NULL,
    username_folded TEXT COLLATE "C" NOT NULL,
    display_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'waiting', 'suspended', 'deactivated')),
    site_id TEXT NOT NULL,
    hierarchy_level BIGINT NOT NULL,
    about TEXT NOT NULL,
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    email TEXT NOT NULL,
    is_break_glass BOOLEAN NOT NULL,
    failure_count BIGINT NOT NULL,
    locked_until_at_us BIGINT,
    last_login_at_us BIGINT,
    created_at_us BIGINT NOT NULL,
    CONSTRAINT users_username_folded_key UNIQUE (username_folded)
);
CREATE INDEX users_state_username_folded_idx ON users (state, username_folded);
CREATE INDEX users_site_id_idx ON users (site_id);

-- Beginnings of these words find people.
CREATE TABLE user_words (
    word TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (word, user_id)
);
CREATE INDEX user_words_user_id_idx ON user_words (user_id);

-- The local identity store. The hash names its own parameters, so those that are due for
-- new ones are found at the next sign-in.
CREATE TABLE local_passwords (
    user_id UUID PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    changed_at_us BIGINT NOT NULL,
    is_change_required BOOLEAN NOT NULL
);

-- Which person of which store an account is; names play no part in it.
CREATE TABLE identities (
    store_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    user_id UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at_us BIGINT NOT NULL,
    PRIMARY KEY (store_id, external_id)
);
CREATE INDEX identities_user_id_idx ON identities (user_id);

CREATE TABLE devices (
    device_id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    name TEXT NOT NULL,
    is_approved BOOLEAN NOT NULL,
    created_at_us BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL
);
CREATE INDEX devices_user_id_idx ON devices (user_id, device_id);
CREATE INDEX devices_is_approved_idx ON devices (is_approved, device_id);

-- Open sessions; the row goes when the session ends. `family_hash` proves that a refresh token was
-- once given out for this session, `refresh_hash` that it is the newest one. `ends_at_us` is the
-- end that no renewal moves.
CREATE TABLE sessions (
    session_id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    device_id UUID NOT NULL,
    site_id TEXT NOT NULL,
    is_password_only BOOLEAN NOT NULL,
    family_hash BYTEA NOT NULL,
    refresh_hash BYTEA NOT NULL,
    client_address TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    ends_at_us BIGINT NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id, session_id);
CREATE INDEX sessions_device_id_idx ON sessions (device_id);
CREATE INDEX sessions_site_id_idx ON sessions (site_id);
CREATE INDEX sessions_expires_at_us_idx ON sessions (expires_at_us);

CREATE TABLE tickets (
    ticket_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL,
    session_id UUID NOT NULL,
    site_id TEXT NOT NULL,
    device_id UUID NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX tickets_expires_at_us_idx ON tickets (expires_at_us);

-- Ed25519. The private key is as safe as this database; see the crate's documentation.
CREATE TABLE signing_keys (
    key_id TEXT PRIMARY KEY,
    private_key BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    created_at_us BIGINT NOT NULL,
    signs_from_at_us BIGINT NOT NULL,
    signs_until_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);

-- Tokens for the first administrator, while there is none.
CREATE TABLE setup_tokens (
    token_hash BYTEA PRIMARY KEY,
    created_at_us BIGINT NOT NULL
);

-- Values of the policy registry. `scope_id` is empty on level global, the slug on level site, the
-- text of the id on level role.
CREATE TABLE policy_values (
    key TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('global', 'site', 'role')),
    scope_id TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_by UUID,
    updated_at_us BIGINT NOT NULL,
    PRIMARY KEY (key, level, scope_id)
);
CREATE INDEX policy_values_level_scope_id_idx ON policy_values (level, scope_id);

CREATE TABLE roles (
    role_id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    is_builtin BOOLEAN NOT NULL,
    created_at_us BIGINT NOT NULL,
    CONSTRAINT roles_name_folded_key UNIQUE (name_folded)
);
CREATE TABLE role_permissions (
    role_id UUID NOT NULL REFERENCES roles ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role_id, permission)
);
-- `source` is empty for what people granted, else the identity store that did: what one store
-- granted only that store takes away.
CREATE TABLE user_roles (
    user_id UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    role_id UUID NOT NULL REFERENCES roles ON DELETE CASCADE,
    source TEXT NOT NULL,
    granted_at_us BIGINT NOT NULL,
    PRIMARY KEY (user_id, role_id, source)
);
CREATE INDEX user_roles_role_id_idx ON user_roles (role_id);

CREATE TABLE groups (
    group_id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('public', 'official', 'private')),
    description TEXT NOT NULL,
    created_by UUID,
    created_at_us BIGINT NOT NULL,
    CONSTRAINT groups_name_folded_key UNIQUE (name_folded)
);
CREATE TABLE group_members (
    group_id UUID NOT NULL REFERENCES groups ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('member', 'manager', 'requested')),
    source TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_user_id_idx ON group_members (user_id, group_id);

CREATE TABLE bans (
    ban_id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('username', 'address', 'device')),
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by UUID,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT
);
CREATE INDEX bans_kind_value_idx ON bans (kind, value);

CREATE TABLE invites (
    invite_id UUID PRIMARY KEY,
    token_hash BYTEA NOT NULL,
    uses_left BIGINT NOT NULL,
    created_by UUID,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT invites_token_hash_key UNIQUE (token_hash)
);
