SELECT key_id, secret_key FROM sealing_keys ORDER BY created_at_us DESC, key_id
