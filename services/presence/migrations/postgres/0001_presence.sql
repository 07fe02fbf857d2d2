-- Numbers that only grow: the epoch of node leases, the position of the roster feed.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('node_epoch', 0);
INSERT INTO counters (name, value) VALUES ('roster_position', 0);

-- How the owner stands to the peer. A relation between two people is two rows.
-- link: 0 none, 1 requested, 2 pending, 3 accepted.
CREATE TABLE contacts (
    owner_id UUID NOT NULL,
    peer_id UUID NOT NULL,
    link BIGINT NOT NULL,
    is_blocked BOOLEAN NOT NULL,
    is_hidden_from BOOLEAN NOT NULL,
    is_vip BOOLEAN NOT NULL,
    alias TEXT NOT NULL,
    personal_group TEXT NOT NULL,
    note TEXT NOT NULL,
    -- What the peer is told as "last seen" while blocked or hidden from.
    frozen_seen_at_us BIGINT,
    -- The owner was declined and may ask again from then on.
    paused_until_us BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    PRIMARY KEY (owner_id, peer_id)
);
CREATE INDEX contacts_owner_id_link_idx ON contacts (owner_id, link);

-- Every change of an entry that its owner sees, in order: others write them to mailboxes.
CREATE TABLE roster_changes (
    position BIGINT NOT NULL PRIMARY KEY,
    owner_id UUID NOT NULL,
    peer_id UUID NOT NULL,
    link BIGINT NOT NULL,
    is_blocked BOOLEAN NOT NULL,
    is_hidden_from BOOLEAN NOT NULL,
    is_vip BOOLEAN NOT NULL,
    alias TEXT NOT NULL,
    personal_group TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL
);

-- How people want to be seen. state: 0 by itself, 1 online, 2 away, 3 busy, 4 do not disturb,
-- 5 invisible.
CREATE TABLE claims (
    user_id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    state BIGINT NOT NULL,
    reason TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    is_last_seen_hidden BOOLEAN NOT NULL
);

-- Where and when people were connected last.
CREATE TABLE sightings (
    user_id UUID NOT NULL PRIMARY KEY,
    site_id TEXT NOT NULL,
    last_seen_at_us BIGINT NOT NULL
);

-- Leases of gateway nodes. What an earlier epoch of a node held is void.
CREATE TABLE nodes (
    node_id UUID NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    is_open BOOLEAN NOT NULL,
    -- Since when it sends its clients elsewhere; 0 if it does not.
    draining_at_us BIGINT NOT NULL
);

-- One row for each site, locked while its places are counted.
CREATE TABLE site_counters (
    site_id TEXT NOT NULL PRIMARY KEY,
    admission_count BIGINT NOT NULL
);

-- One row for each connection that was let in.
CREATE TABLE places (
    connection_id UUID NOT NULL PRIMARY KEY,
    node_id UUID NOT NULL,
    epoch BIGINT NOT NULL,
    user_id UUID NOT NULL,
    session_id UUID NOT NULL,
    site_id TEXT NOT NULL,
    opened_at_us BIGINT NOT NULL,
    -- Its client is moving to another node; the place is kept until then. 0: it is in use.
    kept_until_us BIGINT NOT NULL
);
CREATE INDEX places_site_id_user_id_idx ON places (site_id, user_id);
CREATE INDEX places_user_id_idx ON places (user_id);
CREATE INDEX places_node_id_idx ON places (node_id);
