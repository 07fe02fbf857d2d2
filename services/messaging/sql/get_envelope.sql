SELECT kind, pair_key FROM conversations WHERE conversation_id = $1
