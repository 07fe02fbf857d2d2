-- $1: all users, else $2; $3: older than this
SELECT s.session_id, s.user_id, s.device_id, s.site_id, s.is_password_only, s.family_hash, s.refresh_hash,
    s.client_address, s.created_at_us, s.last_seen_at_us, s.expires_at_us, s.ends_at_us,
    s.shadow_store_id <> '' AS is_shadow,
    COALESCE(d.name, '') AS device_name
FROM sessions s LEFT JOIN devices d ON d.device_id = s.device_id
WHERE ($1 = TRUE OR s.user_id = $2) AND s.session_id < $3 AND s.expires_at_us > $4
ORDER BY s.session_id DESC LIMIT $5
