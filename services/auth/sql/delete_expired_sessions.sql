DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE expires_at_us <= $1 LIMIT 500)
RETURNING session_id, user_id
