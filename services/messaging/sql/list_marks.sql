SELECT kind, created_at_us, conversation_id, seq FROM ages WHERE site_id = $1
