DELETE FROM sessions WHERE client_address IN (/*list*/) RETURNING session_id, user_id
