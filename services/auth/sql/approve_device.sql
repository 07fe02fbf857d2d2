UPDATE devices SET is_approved = TRUE WHERE device_id = $1
