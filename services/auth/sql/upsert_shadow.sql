INSERT INTO shadow_verifiers (store_id, external_id, login_folded, password_hash, fingerprint, username, expires_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (store_id, external_id) DO UPDATE SET login_folded = excluded.login_folded,
    password_hash = excluded.password_hash, fingerprint = excluded.fingerprint, username = excluded.username,
    expires_at_us = excluded.expires_at_us
