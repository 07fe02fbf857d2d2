UPDATE identity_stores SET name = $2, preset = $3, settings = $4, terms = $5, secret_names = $6, secrets = $7, is_enabled = $8,
    version = version + 1, updated_at_us = $9
WHERE store_id = $1
