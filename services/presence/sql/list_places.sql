SELECT p.connection_id, p.node_id, p.epoch, p.user_id, p.site_id, p.kept_until_us, p.opened_at_us
FROM places p JOIN nodes n ON n.node_id = p.node_id AND n.epoch = p.epoch
WHERE p.connection_id > $1 AND n.is_open = $2 AND n.expires_at_us > $3
ORDER BY p.connection_id LIMIT $4
