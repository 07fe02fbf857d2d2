DELETE FROM invites WHERE expires_at_us <= $1 OR uses_left <= 0
