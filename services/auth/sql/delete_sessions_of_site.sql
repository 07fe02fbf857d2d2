DELETE FROM sessions WHERE site_id = $1 RETURNING session_id, user_id
