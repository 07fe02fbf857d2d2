-- Everything of this installation that there is one of. A restore from a backup raises the epoch.
CREATE TABLE instance (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    roster_position BIGINT NOT NULL
);

INSERT INTO instance (id, epoch, roster_position) VALUES (1, 1, 0);

CREATE TABLE conversations (
    conversation_id UUID PRIMARY KEY,
    kind BIGINT NOT NULL,
    pair_key BYTEA,
    creator_id UUID,
    creation_key TEXT,
    creation_fingerprint BYTEA,
    title TEXT NOT NULL,
    site_id TEXT NOT NULL,
    last_seq BIGINT NOT NULL,
    first_available_seq BIGINT NOT NULL,
    examined_seq BIGINT NOT NULL,
    retained_seq BIGINT NOT NULL,
    roll_revision BIGINT NOT NULL,
    member_count BIGINT NOT NULL,
    is_advance_pending BOOLEAN NOT NULL,
    created_at_us BIGINT NOT NULL,
    active_at_us BIGINT NOT NULL
);

CREATE UNIQUE INDEX conversations_by_pair ON conversations (pair_key) WHERE pair_key IS NOT NULL;
CREATE UNIQUE INDEX conversations_by_creation ON conversations (creator_id, creation_key)
    WHERE creation_key IS NOT NULL;
CREATE INDEX conversations_to_advance ON conversations (conversation_id) WHERE is_advance_pending;

CREATE TABLE members (
    conversation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    is_owner BOOLEAN NOT NULL,
    read_seq BIGINT NOT NULL,
    shown_read_seq BIGINT NOT NULL,
    delivered_seq BIGINT NOT NULL,
    joined_at_us BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);

CREATE INDEX members_by_user ON members (user_id, conversation_id);

-- No foreign keys from here on: these rows are written at the rate of messages, only together with
-- the rows they belong to, and each look-up would cost as much as the insert.
CREATE TABLE messages (
    conversation_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    message_id UUID NOT NULL,
    sender_id UUID NOT NULL,
    client_key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    text TEXT NOT NULL,
    reply_to_seq BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    removal BIGINT,
    reactions BYTEA,
    created_at_us BIGINT NOT NULL,
    edited_at_us BIGINT,
    PRIMARY KEY (conversation_id, seq)
);

-- The sender's keys live as long as the message's row, which is never less than 30 days.
CREATE UNIQUE INDEX messages_by_client_key ON messages (sender_id, client_key);

CREATE TABLE mailboxes (
    user_id UUID PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    acknowledged_seq BIGINT NOT NULL
);

CREATE TABLE mailbox_entries (
    user_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    conversation_id UUID,
    message_seq BIGINT,
    payload BYTEA,
    PRIMARY KEY (user_id, seq)
);
