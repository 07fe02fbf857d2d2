SELECT position, owner_id, peer_id, link, is_blocked, is_hidden_from, is_vip, alias, personal_group,
    note, created_at_us, updated_at_us
FROM roster_changes WHERE position > $1 ORDER BY position LIMIT $2
