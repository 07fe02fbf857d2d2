SELECT node_id, epoch, expires_at_us, is_open, draining_at_us FROM nodes
WHERE node_id = $1 /*for update*/
