SELECT count(*) FROM devices WHERE user_id = $1
