-- A message ages by the rules of the site that its sender wrote it on, so that is kept with it.
ALTER TABLE messages ADD COLUMN site_id TEXT NOT NULL DEFAULT 'default';

UPDATE messages
SET site_id = (SELECT c.site_id
               FROM conversations AS c
               WHERE c.conversation_id = messages.conversation_id)
WHERE conversation_id IN (SELECT conversation_id FROM conversations WHERE site_id <> 'default');

-- What has become old is a stretch of this index; nothing else is looked at.
CREATE INDEX messages_by_age ON messages (site_id, created_at_us, conversation_id, seq);

-- Up to where the messages of a site were looked at, for each thing that age does (kind).
CREATE TABLE ages (
    site_id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    conversation_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (site_id, kind)
);

-- That was kept for each conversation before.
ALTER TABLE conversations DROP COLUMN examined_seq;
ALTER TABLE conversations DROP COLUMN retained_seq;
