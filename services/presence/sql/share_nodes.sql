-- Held while places are given, so that a lease cannot be ended in between.
SELECT node_id, epoch, expires_at_us, is_open, draining_at_us FROM nodes
WHERE node_id IN (/*list*/) ORDER BY node_id /*for share*/
