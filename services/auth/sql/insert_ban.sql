INSERT INTO bans (ban_id, kind, value, reason, created_by, created_at_us, expires_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7)
