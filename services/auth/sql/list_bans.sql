SELECT ban_id, kind, value, reason, created_by, created_at_us, expires_at_us FROM bans
WHERE ban_id < $1 ORDER BY ban_id DESC LIMIT $2
