SELECT conversation_id, site_id, examined_seq < last_seq AS is_unexamined,
       retained_seq < last_seq AS is_unretained, first_available_seq <= retained_seq AS is_prunable
FROM conversations
WHERE conversation_id > $1
ORDER BY conversation_id
LIMIT $2
