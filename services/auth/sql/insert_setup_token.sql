INSERT INTO setup_tokens (token_hash, created_at_us) VALUES ($1, $2)
