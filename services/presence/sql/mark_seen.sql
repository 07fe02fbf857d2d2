-- Whoever was on a node that ended was there until then, but for those who were not to be seen.
INSERT INTO sightings (user_id, site_id, last_seen_at_us)
SELECT p.user_id, min(p.site_id), CAST($3 AS BIGINT) FROM places p
WHERE p.node_id = $1 AND p.epoch <= $2 AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.user_id = p.user_id AND c.state = 5
        AND (c.expires_at_us = 0 OR c.expires_at_us > CAST($3 AS BIGINT))
)
GROUP BY p.user_id
ON CONFLICT (user_id) DO UPDATE SET last_seen_at_us = excluded.last_seen_at_us
WHERE sightings.last_seen_at_us < excluded.last_seen_at_us
