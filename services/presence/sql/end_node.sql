UPDATE nodes SET is_open = $4 WHERE node_id = $1 AND epoch = $2 AND expires_at_us <= $3
