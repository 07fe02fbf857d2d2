SELECT external_id, password_hash, fingerprint, username, expires_at_us FROM shadow_verifiers
WHERE store_id = $1 AND external_id = $2
