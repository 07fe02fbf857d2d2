DELETE FROM bans WHERE ban_id = $1 RETURNING ban_id, kind, value, reason, created_by, created_at_us, expires_at_us
