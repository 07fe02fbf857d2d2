DELETE FROM devices WHERE device_id IN (
    SELECT d.device_id FROM devices d
    WHERE d.user_id = $1 AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.device_id = d.device_id)
    ORDER BY d.last_seen_at_us LIMIT 1)
