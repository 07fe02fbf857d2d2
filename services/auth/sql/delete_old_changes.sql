DELETE FROM changes WHERE created_at_us < $1
