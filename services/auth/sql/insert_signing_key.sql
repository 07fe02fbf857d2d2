INSERT INTO signing_keys (key_id, private_key, public_key, created_at_us, signs_from_at_us, signs_until_at_us, expires_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7)
