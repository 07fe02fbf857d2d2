DELETE FROM members
WHERE (conversation_id, user_id) IN (VALUES /*rows*/)
