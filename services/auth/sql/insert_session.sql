INSERT INTO sessions (session_id, user_id, device_id, site_id, is_password_only, family_hash, refresh_hash, client_address, created_at_us, last_seen_at_us, expires_at_us, ends_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)
