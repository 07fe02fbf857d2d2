DELETE FROM signing_keys WHERE expires_at_us <= $1
