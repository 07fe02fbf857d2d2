INSERT INTO identity_stores (store_id, kind, name, preset, settings, terms, secret_names, secrets, is_enabled, version, created_at_us, updated_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10) ON CONFLICT DO NOTHING
