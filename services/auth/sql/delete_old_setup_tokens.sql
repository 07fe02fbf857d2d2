DELETE FROM setup_tokens WHERE created_at_us < $1
