SELECT owner_id, peer_id, link, is_blocked, is_hidden_from, is_vip, alias, personal_group, note,
    frozen_seen_at_us, paused_until_us, created_at_us, updated_at_us
FROM contacts WHERE peer_id = $1 AND owner_id IN (/*list*/)
