INSERT INTO identities (store_id, external_id, user_id, created_at_us)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
