DELETE FROM messages WHERE conversation_id = $1 AND seq <= $2
