SELECT m.conversation_id, m.seq, m.message_id, m.sender_id, m.client_key, m.fingerprint, m.text,
       m.reply_to_seq, m.revision, m.removal, m.reactions, m.created_at_us, m.edited_at_us
FROM messages AS m
WHERE m.conversation_id = $1 AND m.seq < $2
ORDER BY m.seq DESC
LIMIT $3
