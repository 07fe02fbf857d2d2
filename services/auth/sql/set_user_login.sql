UPDATE users SET failure_count = 0, locked_until_at_us = NULL, last_login_at_us = $2 WHERE user_id = $1
