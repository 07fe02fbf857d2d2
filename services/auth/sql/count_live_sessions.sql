SELECT COUNT(*) FROM sessions WHERE expires_at_us > $1
