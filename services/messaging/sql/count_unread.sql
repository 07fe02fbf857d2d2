-- Each count ends at $2, however many there are.
SELECT p.conversation_id,
       (SELECT count(*)
        FROM (SELECT 1
              FROM messages AS m
              WHERE m.conversation_id = p.conversation_id
                AND m.seq > p.read_seq
                AND m.sender_id <> p.user_id
                AND m.removal IS NULL
              LIMIT $2) AS unread) AS unread_count
FROM members AS p
WHERE p.user_id = $1 AND p.conversation_id IN (/*list*/)
