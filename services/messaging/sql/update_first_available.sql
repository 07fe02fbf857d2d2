UPDATE conversations SET first_available_seq = $2
WHERE conversation_id = $1 AND first_available_seq < $2
