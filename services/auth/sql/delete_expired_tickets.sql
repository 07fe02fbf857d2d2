DELETE FROM tickets WHERE expires_at_us <= $1
