SELECT user_id, username, display_name, state, site_id, hierarchy_level, about, locale, time_zone, email, is_break_glass, failure_count, locked_until_at_us, last_login_at_us, created_at_us
FROM users WHERE user_id = $1 /*for update*/
