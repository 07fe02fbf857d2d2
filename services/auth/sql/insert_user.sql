INSERT INTO users (user_id, username, username_folded, display_name, state, site_id, hierarchy_level,
    about, locale, time_zone, email, is_break_glass, failure_count, created_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', '', $8, $9, 0, $10)
ON CONFLICT DO NOTHING
