-- Each member's copy of the conversation's latest activity, so that a page of somebody's list is a
-- stretch of an index, however many conversations there are.
ALTER TABLE members ADD COLUMN active_at_us INTEGER NOT NULL DEFAULT 0;

UPDATE members
SET active_at_us = (SELECT c.active_at_us
                    FROM conversations AS c
                    WHERE c.conversation_id = members.conversation_id);

CREATE INDEX members_by_activity ON members (user_id, active_at_us, conversation_id);

-- Lists were the only use of it.
DROP INDEX members_by_user;
