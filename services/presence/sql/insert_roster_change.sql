INSERT INTO roster_changes (position, owner_id, peer_id, link, is_blocked, is_hidden_from, is_vip, alias, personal_group,
    note, created_at_us, updated_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
