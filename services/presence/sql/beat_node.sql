UPDATE nodes SET expires_at_us = $3, draining_at_us = $4 WHERE node_id = $1 AND epoch = $2
