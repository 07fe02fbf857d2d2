-- Two of one name are nobody: a second row is all that has to be seen of it.
SELECT external_id, password_hash, fingerprint, username, expires_at_us FROM shadow_verifiers
WHERE store_id = $1 AND login_folded = $2 AND expires_at_us > $3 LIMIT 2
