-- Each count ends at $2, and looks at no more than the $3 newest messages: somebody who has written
-- thousands and never read would make every list as long as that.
SELECT v.column1 AS conversation_id,
       (SELECT count(*)
        FROM (SELECT 1
              FROM (SELECT m.sender_id, m.removal
                    FROM messages AS m
                    WHERE m.conversation_id = v.column1 AND m.seq > v.column2
                    ORDER BY m.seq DESC
                    LIMIT $3) AS newest
              WHERE newest.sender_id <> $1 AND newest.removal IS NULL
              LIMIT $2) AS unread) AS unread_count
FROM (VALUES /*rows*/) AS v
