INSERT INTO nodes (node_id, epoch, expires_at_us, is_open, draining_at_us)
VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (node_id) DO UPDATE SET
    epoch = excluded.epoch, expires_at_us = excluded.expires_at_us,
    is_open = excluded.is_open, draining_at_us = 0
