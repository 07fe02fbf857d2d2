SELECT p.connection_id, p.node_id, p.epoch, p.user_id, p.site_id, p.kept_until_us, p.opened_at_us
FROM places p JOIN nodes n ON n.node_id = p.node_id AND n.epoch = p.epoch
WHERE n.is_open = $1 AND n.expires_at_us > $2 AND (p.kept_until_us = 0 OR p.kept_until_us > $2)
    AND p.user_id IN (/*list*/)
