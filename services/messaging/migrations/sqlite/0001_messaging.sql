-- Everything of this installation that there is one of. A restore from a backup raises the epoch.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    roster_position INTEGER NOT NULL
) STRICT;

INSERT INTO instance (id, epoch, roster_position) VALUES (1, 1, 0);

CREATE TABLE conversations (
    conversation_id BLOB PRIMARY KEY,
    kind INTEGER NOT NULL,
    pair_key BLOB,
    creator_id BLOB,
    creation_key TEXT,
    creation_fingerprint BLOB,
    title TEXT NOT NULL,
    site_id TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    first_available_seq INTEGER NOT NULL,
    examined_seq INTEGER NOT NULL,
    retained_seq INTEGER NOT NULL,
    roll_revision INTEGER NOT NULL,
    member_count INTEGER NOT NULL,
    is_advance_pending INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL,
    active_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX conversations_by_pair ON conversations (pair_key) WHERE pair_key IS NOT NULL;
CREATE UNIQUE INDEX conversations_by_creation ON conversations (creator_id, creation_key)
    WHERE creation_key IS NOT NULL;
CREATE INDEX conversations_to_advance ON conversations (conversation_id) WHERE is_advance_pending;

CREATE TABLE members (
    conversation_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    is_owner INTEGER NOT NULL,
    read_seq INTEGER NOT NULL,
    shown_read_seq INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    joined_at_us INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id, conversation_id);

-- No foreign keys from here on: these rows are written at the rate of messages, only together with
-- the rows they belong to, and each look-up would cost as much as the insert.
CREATE TABLE messages (
    conversation_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    sender_id BLOB NOT NULL,
    client_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    text TEXT NOT NULL,
    reply_to_seq INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    removal INTEGER,
    reactions BLOB,
    created_at_us INTEGER NOT NULL,
    edited_at_us INTEGER,
    PRIMARY KEY (conversation_id, seq)
) STRICT, WITHOUT ROWID;

-- The sender's keys live as long as the message's row, which is never less than 30 days.
CREATE UNIQUE INDEX messages_by_client_key ON messages (sender_id, client_key);

CREATE TABLE mailboxes (
    user_id BLOB PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    acknowledged_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox_entries (
    user_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    conversation_id BLOB,
    message_seq INTEGER,
    payload BLOB,
    PRIMARY KEY (user_id, seq)
) STRICT, WITHOUT ROWID;
