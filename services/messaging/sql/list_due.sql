SELECT m.created_at_us, m.conversation_id, m.seq
FROM messages AS m
WHERE m.site_id = $1 AND m.created_at_us < $2
  AND (m.created_at_us, m.conversation_id, m.seq) > ($3, $4, $5)
ORDER BY m.created_at_us, m.conversation_id, m.seq
LIMIT $6
