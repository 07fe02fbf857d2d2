UPDATE users SET failure_count = $2, locked_until_at_us = $3 WHERE user_id = $1
