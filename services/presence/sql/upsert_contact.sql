INSERT INTO contacts (owner_id, peer_id, link, is_blocked, is_hidden_from, is_vip, alias, personal_group, note,
    frozen_seen_at_us, paused_until_us, created_at_us, updated_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (owner_id, peer_id) DO UPDATE SET
    link = excluded.link, is_blocked = excluded.is_blocked,
    is_hidden_from = excluded.is_hidden_from, is_vip = excluded.is_vip, alias = excluded.alias,
    personal_group = excluded.personal_group, note = excluded.note,
    frozen_seen_at_us = excluded.frozen_seen_at_us, paused_until_us = excluded.paused_until_us,
    created_at_us = excluded.created_at_us, updated_at_us = excluded.updated_at_us
