DELETE FROM sessions WHERE device_id = $1 RETURNING session_id, user_id
