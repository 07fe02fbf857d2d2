-- Everybody's list at once: a conversation costs one parameter here, however many members it has.
UPDATE members
SET active_at_us = (SELECT c.active_at_us
                    FROM conversations AS c
                    WHERE c.conversation_id = members.conversation_id)
WHERE conversation_id IN (/*list*/)
