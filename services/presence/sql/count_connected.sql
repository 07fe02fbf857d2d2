SELECT count(DISTINCT p.user_id) FROM places p JOIN nodes n ON n.node_id = p.node_id AND n.epoch = p.epoch
WHERE p.site_id = $1 AND n.is_open = $2 AND n.expires_at_us > $3
    AND (p.kept_until_us = 0 OR p.kept_until_us > $3)
