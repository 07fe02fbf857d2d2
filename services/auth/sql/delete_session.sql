DELETE FROM sessions WHERE session_id = $1 RETURNING session_id, user_id
