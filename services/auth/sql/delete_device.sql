DELETE FROM devices WHERE device_id = $1
