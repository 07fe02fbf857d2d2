INSERT INTO devices (device_id, user_id, name, is_approved, created_at_us, last_seen_at_us)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (device_id) DO UPDATE SET name = excluded.name, last_seen_at_us = excluded.last_seen_at_us
WHERE devices.user_id = excluded.user_id
