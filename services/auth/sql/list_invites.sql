SELECT invite_id, uses_left, created_by, created_at_us, expires_at_us, note FROM invites
WHERE invite_id < $1 AND uses_left > 0 AND expires_at_us > $2
ORDER BY invite_id DESC LIMIT $3
