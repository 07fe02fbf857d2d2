DELETE FROM nodes WHERE is_open = $1 AND expires_at_us < $2
