SELECT conversation_id, user_id, is_owner, joined_at_us
FROM members
WHERE conversation_id IN (/*list*/)
