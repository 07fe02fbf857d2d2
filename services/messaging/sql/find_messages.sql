SELECT m.conversation_id, m.seq, m.message_id, m.sender_id, m.client_key, m.fingerprint, m.text,
       m.reply_to_seq, m.revision, m.removal, m.reactions, m.created_at_us, m.edited_at_us
FROM (VALUES /*rows*/) AS v
JOIN messages AS m ON m.conversation_id = v.column1 AND m.seq = v.column2
