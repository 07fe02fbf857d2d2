SELECT seq, created_at_us, actor_id, action, target, site_id, client_address, detail, hash FROM audit_entries
WHERE seq > $1 ORDER BY seq LIMIT $2
