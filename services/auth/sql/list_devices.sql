-- $1: all users, else $2; $3: only waiting ones; $4: older than this
SELECT device_id, user_id, name, is_approved, created_at_us, last_seen_at_us FROM devices
WHERE ($1 = TRUE OR user_id = $2) AND ($3 = FALSE OR is_approved = FALSE) AND device_id < $4
ORDER BY device_id DESC LIMIT $5
