DELETE FROM setup_tokens
