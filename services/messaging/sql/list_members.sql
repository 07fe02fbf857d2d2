SELECT user_id, is_owner, read_seq, shown_read_seq, delivered_seq, joined_at_us
FROM members
WHERE conversation_id = $1 AND user_id > $2
ORDER BY user_id
LIMIT $3
