-- All but the $2 that were used last.
DELETE FROM sessions WHERE user_id = $1 AND session_id NOT IN (
    SELECT session_id FROM sessions WHERE user_id = $1
    ORDER BY last_seen_at_us DESC, session_id DESC LIMIT $2)
RETURNING session_id, user_id
