SELECT p.site_id, count(*) AS connection_count, count(DISTINCT p.user_id) AS user_count
FROM places p JOIN nodes n ON n.node_id = p.node_id AND n.epoch = p.epoch
WHERE n.is_open = $1 AND n.expires_at_us > $2 AND (p.kept_until_us = 0 OR p.kept_until_us > $2)
GROUP BY p.site_id ORDER BY p.site_id LIMIT $3
