SELECT 1 FROM setup_tokens WHERE token_hash = $1
