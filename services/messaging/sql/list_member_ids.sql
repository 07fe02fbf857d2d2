SELECT user_id FROM members WHERE conversation_id = $1 ORDER BY user_id LIMIT $2
