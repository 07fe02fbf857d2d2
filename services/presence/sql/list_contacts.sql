-- Rows that hold nothing but a pause are of no interest to their owner.
SELECT owner_id, peer_id, link, is_blocked, is_hidden_from, is_vip, alias, personal_group, note,
    frozen_seen_at_us, paused_until_us, created_at_us, updated_at_us
FROM contacts
WHERE owner_id = $1 AND peer_id > $2
    AND (link <> 0 OR is_blocked = $3 OR is_hidden_from = $3 OR is_vip = $3
        OR alias <> '' OR personal_group <> '')
ORDER BY peer_id LIMIT $4
