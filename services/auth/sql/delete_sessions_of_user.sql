-- all but $2
DELETE FROM sessions WHERE user_id = $1 AND session_id <> $2 RETURNING session_id, user_id
