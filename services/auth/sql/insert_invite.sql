INSERT INTO invites (invite_id, token_hash, uses_left, created_by, created_at_us, expires_at_us, note)
VALUES ($1, $2, $3, $4, $5, $6, $7)
