UPDATE sessions SET shadow_store_id = $2, shadow_login = $3 WHERE session_id = $1
