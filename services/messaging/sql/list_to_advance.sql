SELECT conversation_id FROM conversations WHERE is_advance_pending LIMIT $1
