SELECT conversation_id FROM conversations WHERE pair_key IN (/*list*/)
