UPDATE invites SET uses_left = uses_left - 1
WHERE token_hash = $1 AND uses_left > 0 AND expires_at_us > $2
