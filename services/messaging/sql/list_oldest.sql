SELECT m.seq, m.removal, m.created_at_us
FROM messages AS m
WHERE m.conversation_id = $1
ORDER BY m.seq
LIMIT $2
