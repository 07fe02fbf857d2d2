SELECT owner_id, peer_id, link, is_blocked, is_hidden_from, is_vip, alias, personal_group, note,
    frozen_seen_at_us, paused_until_us, created_at_us, updated_at_us
FROM contacts
WHERE (owner_id = $1 AND peer_id = $2) OR (owner_id = $2 AND peer_id = $1)
