SELECT node_id, epoch, expires_at_us, is_open, draining_at_us FROM nodes ORDER BY node_id LIMIT $1
