SELECT conversation_id, user_id, read_seq, shown_read_seq, delivered_seq
FROM members
WHERE conversation_id IN (/*list*/)
