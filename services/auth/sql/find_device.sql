SELECT device_id, user_id, name, is_approved, created_at_us, last_seen_at_us FROM devices WHERE device_id = $1
