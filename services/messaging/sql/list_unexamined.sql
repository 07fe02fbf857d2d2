SELECT m.conversation_id, m.seq, m.message_id, m.sender_id, m.client_key, m.fingerprint, m.text,
       m.reply_to_seq, m.revision, m.removal, m.reactions, m.created_at_us, m.edited_at_us
FROM conversations AS c
JOIN messages AS m ON m.conversation_id = c.conversation_id AND m.seq > c.examined_seq
WHERE c.conversation_id = $1
ORDER BY m.seq
LIMIT $2
