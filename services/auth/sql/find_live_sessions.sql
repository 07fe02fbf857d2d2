SELECT session_id FROM sessions WHERE expires_at_us > $1 AND session_id IN (/*list*/)
