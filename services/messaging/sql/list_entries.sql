-- A message is told as it is now. Whoever has left the conversation since does not get what was
-- edited into it.
SELECT e.user_id AS owner_id, e.seq AS entry_seq, e.kind, e.payload, e.conversation_id AS entry_conversation_id,
       e.message_seq, m.conversation_id, m.seq, m.message_id, m.sender_id, m.client_key, m.fingerprint, m.text,
       m.reply_to_seq, m.revision, m.removal, m.reactions, m.created_at_us, m.edited_at_us,
       CASE WHEN m.edited_at_us IS NULL THEN TRUE
            ELSE EXISTS (SELECT 1 FROM members AS p
                         WHERE p.conversation_id = e.conversation_id AND p.user_id = e.user_id)
       END AS is_readable
FROM (VALUES /*rows*/) AS v
JOIN mailbox_entries AS e
    ON e.user_id = v.column1 AND e.seq > v.column2 AND e.seq <= v.column3
LEFT JOIN messages AS m
    ON e.kind < 20 AND m.conversation_id = e.conversation_id AND m.seq = e.message_seq
