SELECT shadow_store_id, shadow_login FROM sessions WHERE session_id = $1
