INSERT INTO sealing_keys (key_id, secret_key, created_at_us) VALUES ($1, $2, $3)
