SELECT key_id, private_key, public_key, created_at_us, signs_from_at_us, signs_until_at_us, expires_at_us
FROM signing_keys WHERE expires_at_us > $1 ORDER BY signs_from_at_us, key_id
